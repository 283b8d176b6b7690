/**
 * Streams the progress of downloads as server-sent events: which mirror delivered which block. A
 * client must name all mirrors of a file to watch it.
 *
 * @module
 */

import { ServerSentEventStream } from "@std/http/server-sent-event-stream";
import type { DownloadStats, MirrorStats, TraceEvent } from "../../../mod.ts";
import { overloaded } from "../problem.ts";
import { roundMs } from "./access_log.ts";
import type { LiveBlock, LiveDownload, LiveMessage } from "./live_message.ts";
import type { BodyListener } from "./request_log.ts";

/** A running download, or one that ended recently. */
interface Watched {
  readonly id: number;
  /** Returns its statistics, the last ones after it has ended. */
  stats: () => DownloadStats;
  readonly start: number;
  readonly end: number;
  readonly size: number;
  /** Size of a cell of the block record, in bytes. */
  readonly blockSize: number;
  readonly blocks: BlockRecord;
  readonly meter: RateMeter;
  outcome: LiveDownload["outcome"];
}

export type DownloadFacts = Pick<Watched, "stats" | "start" | "end" | "size" | "blockSize">;

/** Records the progress of one download. */
export interface DownloadRecorder {
  /** Records an event of its trace. */
  readonly record: (event: TraceEvent) => void;
  /** Keeps the last statistics; call it once the response has ended. */
  readonly finish: () => void;
}

/** The options of {@linkcode LiveDownloads} and their defaults. */
const DEFAULTS = {
  /** Time between messages, in milliseconds. */
  periodMs: 250,
  /** Time without messages after which a comment is sent: proxies close idle connections. */
  keepAliveMs: 15_000,
  maxWatchers: 100,
};

type Message = { readonly event: "state"; readonly data: string } | { readonly comment: string };

/** Maximum number of downloads kept for one file, and of files kept after their downloads. */
const MAX_KEPT = 16;

/** Keeps the progress of downloads, by file, and streams it to watchers. */
export class LiveDownloads {
  readonly #options: typeof DEFAULTS;
  readonly #files = new Map<string, Watched[]>();
  #nextId = 1;
  #watchers = 0;

  constructor(options: Partial<typeof DEFAULTS> = {}) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /** Adds a download of the file on `mirrors`. */
  add(mirrors: readonly string[], facts: DownloadFacts): DownloadRecorder {
    const key = JSON.stringify(mirrors);
    const blocks = new BlockRecord(Math.ceil((facts.end - facts.start) / facts.blockSize));
    const blockSize = facts.blockSize * blocks.blocksPerCell;
    const id = this.#nextId++;
    const meter = new RateMeter();
    const watched: Watched = { ...facts, id, blockSize, blocks, meter, outcome: "running" };
    const all = this.#files.get(key) ?? [];
    this.#files.set(key, [...all, watched].slice(-MAX_KEPT));
    let ended: LiveDownload["outcome"] = "cancelled";
    const indexes = new Map(facts.stats().mirrors.map(({ url }, index) => [url, index]));
    return {
      record: (event) => {
        if (event.type === "send") blocks.request(event.block, indexes.get(event.mirror)!);
        if (event.type === "receive") {
          const used = () => watched.stats().mirrors.map(usedBytes);
          blocks.add(event.block, indexes.get(event.mirror)!, used);
        }
        // The client may still have to take its last bytes.
        if (event.type === "end") ended = event.outcome;
      },
      finish: () => {
        const last = watched.stats();
        watched.stats = () => last;
        watched.outcome = ended;
        this.#prune(key);
      },
    };
  }

  /**
   * Responds with the events of the file on `mirrors`, until the client disconnects.
   *
   * @throws {Problem} of status 503 when there are too many watchers
   */
  watch(mirrors: readonly string[], listener: BodyListener): Response {
    const { periodMs, keepAliveMs, maxWatchers } = this.#options;
    if (this.#watchers >= maxWatchers) {
      throw overloaded("too many clients are watching; try again later");
    }
    this.#watchers++;
    const key = JSON.stringify(mirrors);
    const labels = mirrors.map((url) => new URL(url).origin);
    // By id, so that a watcher keeps no download that is otherwise forgotten.
    const sentBlocks = new Map<number, number>();
    const finished = new Set<number>();
    let sentAt: number | undefined;
    let timer: ReturnType<typeof setInterval> | undefined;
    const messages = new ReadableStream<Message>({
      start: (controller) => {
        const send = () => {
          // Nothing is queued for a client that does not read.
          if ((controller.desiredSize ?? 0) <= 0) return;
          const now = performance.now();
          const known = this.#files.get(key) ?? [];
          const all = known.filter(({ id }) => !finished.has(id));
          if (all.length > 0 || sentAt === undefined) {
            const data = JSON.stringify(progress(labels, all, sentBlocks));
            controller.enqueue({ event: "state", data });
          } else if (now - sentAt >= keepAliveMs) controller.enqueue({ comment: "" });
          else return;
          sentAt = now;
          for (const { id, outcome } of all) if (outcome !== "running") finished.add(id);
          const ids = new Set(known.map(({ id }) => id));
          for (const seen of [sentBlocks, finished]) {
            for (const id of seen.keys()) if (!ids.has(id)) seen.delete(id);
          }
        };
        send();
        timer = setInterval(send, periodMs);
      },
      cancel: () => {
        clearInterval(timer);
        this.#watchers--;
        listener.ended("complete");
      },
    }, { highWaterMark: 2 });
    const counting = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        listener.sent(chunk.byteLength);
        controller.enqueue(chunk);
      },
    });
    return new Response(messages.pipeThrough(new ServerSentEventStream()).pipeThrough(counting), {
      headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
    });
  }

  /** Keeps running downloads, the last one of each file, and a limited number of idle files. */
  #prune(key: string): void {
    const all = this.#files.get(key) ?? [];
    const kept = all.filter(({ outcome }, index) =>
      outcome === "running" || index === all.length - 1
    );
    this.#files.delete(key);
    this.#files.set(key, kept);
    for (const [other, watched] of this.#files) {
      if (this.#files.size <= MAX_KEPT) break;
      if (watched.every(({ outcome }) => outcome !== "running")) this.#files.delete(other);
    }
  }
}

/** How far back the rates of mirrors are measured, in milliseconds. */
const METER_MS = 1000;
/** Minimum time between two samples, in milliseconds: there may be many watchers. */
const SAMPLE_MS = 100;

/** Measures what each mirror has sent in the last second: such rates add up. */
export class RateMeter {
  #samples: { readonly atMs: number; readonly bytes: readonly number[] }[] = [];

  /** Returns the rates in bytes per second; `bytes` is the number so far, by mirror. */
  rates(atMs: number, bytes: readonly number[]): number[] {
    const samples = this.#samples;
    // The last one that is old enough is where the measurement begins.
    while (samples.length > 1 && samples[1]!.atMs <= atMs - METER_MS) samples.shift();
    const [first] = samples;
    if (atMs - (samples.at(-1)?.atMs ?? -Infinity) >= SAMPLE_MS) samples.push({ atMs, bytes });
    const elapsedMs = atMs - (first?.atMs ?? 0);
    return bytes.map((now, index) =>
      elapsedMs > 0 ? 1000 * Math.max(0, now - (first?.bytes[index] ?? 0)) / elapsedMs : 0
    );
  }
}

function usedBytes({ bytes, wastedBytes }: MirrorStats): number {
  return bytes - wastedBytes;
}

function progress(
  mirrors: readonly string[],
  all: readonly Watched[],
  sentBlocks: Map<number, number>,
): LiveMessage {
  const blocks: LiveBlock[] = [];
  const downloads = all.map((watched) => {
    const { id, start, end, size, blockSize, outcome } = watched;
    for (const [cell, mirror] of watched.blocks.since(sentBlocks.get(id) ?? 0)) {
      blocks.push([id, cell, mirror]);
    }
    sentBlocks.set(id, watched.blocks.length);
    const stats = watched.stats();
    const rates = watched.meter.rates(stats.elapsedMs, stats.mirrors.map(({ bytes }) => bytes));
    const perMirror = stats.mirrors.map(({ state, bytes, failures }, index) => (
      { state, bytesPerSecond: rates[index]!, bytes, failures }
    ));
    return {
      ...{ id, start, end, size, blockSize, outcome, perMirror },
      elapsedMs: roundMs(stats.elapsedMs),
      bytesPerSecond: rates.reduce((sum, rate) => sum + rate, 0),
      front: start + stats.consumedBytes,
      buffered: stats.bufferedBytes,
    };
  });
  return { mirrors, downloads, blocks };
}

/** Maximum number of cells: 128 KiB for one download, and more than a page can show. */
const MAX_CELLS = 16 * 1024;

/**
 * Records which mirror delivered which block of a download, in the order of completion and in
 * bounded memory: in a large file, a cell stands for several neighbouring blocks.
 *
 * Several mirrors may deliver parts of one cell. The cell then goes to the one of them whose share
 * of the cells is furthest below its share of the bytes. The mirror of the last byte would not do:
 * the fastest one ends most blocks, and a slow one none.
 */
export class BlockRecord {
  /** The number of blocks in a cell. */
  readonly blocksPerCell: number;
  /** The number of missing blocks, by cell. */
  readonly #missing: Uint32Array;
  /** The complete cells, in the order of completion. */
  readonly #cells: Uint16Array;
  /** The mirror of each of them. */
  readonly #mirrors: Uint16Array;
  /** The mirrors from which parts of an incomplete cell were requested, by cell. */
  readonly #requested = new Map<number, Set<number>>();
  /** The number of complete cells, by mirror. */
  readonly #counts: number[] = [];
  #length = 0;

  /** Creates a record for a number of blocks. With 0, for unknown, it keeps the first blocks. */
  constructor(blocks: number) {
    this.blocksPerCell = Math.max(1, Math.ceil(blocks / MAX_CELLS));
    const count = blocks === 0 ? MAX_CELLS : Math.ceil(blocks / this.blocksPerCell);
    this.#missing = new Uint32Array(count).fill(this.blocksPerCell);
    if (blocks > 0) this.#missing[count - 1] = blocks - (count - 1) * this.blocksPerCell;
    this.#cells = new Uint16Array(count);
    this.#mirrors = new Uint16Array(count);
  }

  get length(): number {
    return this.#length;
  }

  /** Records that a block, or a part of it, was requested from the mirror with this index. */
  request(block: number, mirror: number): void {
    const cell = Math.floor(block / this.blocksPerCell);
    if (!this.#missing[cell]) return;
    const mirrors = this.#requested.get(cell) ?? new Set();
    this.#requested.set(cell, mirrors.add(mirror));
  }

  /**
   * Records a complete block.
   *
   * @param block its index
   * @param mirror the index of the mirror that delivered its last byte
   * @param used returns the bytes used of each mirror so far
   */
  add(block: number, mirror: number, used: () => readonly number[]): void {
    const cell = Math.floor(block / this.blocksPerCell);
    const missing = this.#missing[cell];
    if (missing === undefined || missing === 0) return;
    this.#missing[cell] = missing - 1;
    if (missing > 1) return;
    const owner = this.#owner([mirror, ...this.#requested.get(cell) ?? []], used());
    this.#requested.delete(cell);
    this.#counts[owner] = (this.#counts[owner] ?? 0) + 1;
    this.#cells[this.#length] = cell;
    this.#mirrors[this.#length] = owner;
    this.#length++;
  }

  /** Returns the mirror that lacks most of its share of the cells, the next one included. */
  #owner(mirrors: readonly number[], used: readonly number[]): number {
    const total = used.reduce((sum, bytes) => sum + bytes, 0);
    const lack = (mirror: number) =>
      (this.#length + 1) * (used[mirror] ?? 0) / Math.max(1, total) - (this.#counts[mirror] ?? 0);
    return mirrors.reduce((most, mirror) => lack(mirror) > lack(most) ? mirror : most);
  }

  /** Yields the complete cells after the first `from` ones, with their mirrors. */
  *since(from: number): Generator<[cell: number, mirror: number]> {
    for (let index = from; index < this.#length; index++) {
      yield [this.#cells[index]!, this.#mirrors[index]!];
    }
  }
}

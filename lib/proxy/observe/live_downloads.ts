/**
 * Downloads as they go on, for whoever watches: which mirror brings which block, as server-sent
 * events. Only who knows a file's mirrors can watch it.
 *
 * @module
 */

import { ServerSentEventStream } from "@std/http/server-sent-event-stream";
import type { DownloadStats, TraceEvent } from "../../../mod.ts";
import { overloaded } from "../problem.ts";
import type { LiveBlock, LiveDownload, LiveMessage } from "./live_message.ts";
import type { BodyListener } from "./request_log.ts";

/** One download that can be watched. */
interface Watched {
  readonly id: number;
  /** What it has done so far; of one that has ended, only that is left. */
  stats: () => DownloadStats;
  readonly start: number;
  readonly end: number;
  readonly size: number;
  /** Size of a cell of the record, in bytes. */
  readonly blockSize: number;
  readonly blocks: BlockRecord;
  outcome: LiveDownload["outcome"];
}

/** What a download is announced with. */
export type Announcement = Pick<Watched, "stats" | "start" | "end" | "size" | "blockSize">;

/** What is to be told of a download that was announced. */
export interface WatchedDownload {
  /** Something happened. */
  readonly told: (event: TraceEvent) => void;
  /** Its answer has ended: nothing more will happen. */
  readonly ended: () => void;
}

/** How {@linkcode LiveDownloads} is set up. */
export interface LiveOptions {
  /**
   * How often watchers are told, in milliseconds.
   *
   * @default {250}
   */
  periodMs?: number | undefined;
  /**
   * After how long without a word a watcher gets an empty comment, in milliseconds: what stands in
   * between would close the connection otherwise.
   *
   * @default {15_000}
   */
  quietMs?: number | undefined;
  /**
   * The most watchers at once.
   *
   * @default {100}
   */
  mostWatchers?: number | undefined;
}

/** What a watcher gets. */
type Message = { readonly event: "state"; readonly data: string } | { readonly comment: string };

/** The most downloads of one file that are kept, ended ones too. */
const MOST_WATCHED = 16;

/** The downloads of all files. */
export class LiveDownloads {
  readonly #options: { readonly [Name in keyof LiveOptions]-?: number };
  readonly #files = new Map<string, Watched[]>();
  #next = 1;
  #watchers = 0;

  constructor({ periodMs = 250, quietMs = 15_000, mostWatchers = 100 }: LiveOptions = {}) {
    this.#options = { periodMs, quietMs, mostWatchers };
  }

  /** Announces a download of the file on `mirrors`. */
  announce(mirrors: readonly string[], facts: Announcement): WatchedDownload {
    const key = JSON.stringify(mirrors);
    const blocks = new BlockRecord(Math.ceil((facts.end - facts.start) / facts.blockSize));
    const blockSize = facts.blockSize * blocks.blocksPerCell;
    const id = this.#next++;
    const watched: Watched = { ...facts, id, blockSize, blocks, outcome: "running" };
    const all = this.#files.get(key) ?? [];
    this.#files.set(key, [...all, watched].slice(-MOST_WATCHED));
    const indexes = new Map(facts.stats().mirrors.map(({ url }, index) => [url, index]));
    return {
      told: (event) => {
        if (event.type === "receive") blocks.add(event.block, indexes.get(event.mirror)!);
        if (event.type !== "end") return;
        watched.outcome = event.outcome;
        this.#prune(key);
      },
      ended: () => {
        const last = watched.stats();
        watched.stats = () => last;
      },
    };
  }

  /**
   * The events of the file on `mirrors` until the client leaves.
   *
   * @throws {Problem} of status 503 when there are too many watchers
   */
  watch(mirrors: readonly string[], listener: BodyListener): Response {
    const { periodMs, quietMs, mostWatchers } = this.#options;
    if (this.#watchers >= mostWatchers) {
      throw overloaded("as many as may watch are watching already");
    }
    this.#watchers++;
    const key = JSON.stringify(mirrors);
    const labels = mirrors.map((url) => new URL(url).origin);
    // By their ids: what has ended and is kept no more must not be kept by who watched it.
    const told = new Map<number, number>();
    const past = new Set<number>();
    let toldAt: number | undefined;
    let timer: ReturnType<typeof setInterval> | undefined;
    const messages = new ReadableStream<Message>({
      start: (controller) => {
        const tell = () => {
          // A client that does not read is not told more.
          if ((controller.desiredSize ?? 0) <= 0) return;
          const now = performance.now();
          const known = this.#files.get(key) ?? [];
          const all = known.filter(({ id }) => !past.has(id));
          if (all.length > 0 || toldAt === undefined) {
            const data = JSON.stringify(state(labels, all, told));
            controller.enqueue({ event: "state", data });
          } else if (now - toldAt >= quietMs) controller.enqueue({ comment: "" });
          else return;
          toldAt = now;
          for (const { id, outcome } of all) if (outcome !== "running") past.add(id);
          const ids = new Set(known.map(({ id }) => id));
          for (const seen of [told, past]) {
            for (const id of seen.keys()) if (!ids.has(id)) seen.delete(id);
          }
        };
        tell();
        timer = setInterval(tell, periodMs);
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

  /** Of ended downloads, only the last one of a file is kept; of files, those that are running. */
  #prune(key: string): void {
    const all = this.#files.get(key) ?? [];
    const kept = all.filter(({ outcome }, index) =>
      outcome === "running" || index === all.length - 1
    );
    this.#files.delete(key);
    this.#files.set(key, kept);
    for (const [other, watched] of this.#files) {
      if (this.#files.size <= MOST_WATCHED) break;
      if (watched.every(({ outcome }) => outcome !== "running")) this.#files.delete(other);
    }
  }
}

function state(
  mirrors: readonly string[],
  all: readonly Watched[],
  told: Map<number, number>,
): LiveMessage {
  const blocks: LiveBlock[] = [];
  const downloads = all.map((watched) => {
    const { id, start, end, size, blockSize, outcome } = watched;
    for (const [cell, mirror] of watched.blocks.since(told.get(id) ?? 0)) {
      blocks.push([id, cell, mirror]);
    }
    told.set(id, watched.blocks.length);
    const { bufferedBytes, consumedBytes, elapsedMs, bytesPerSecond, mirrors: stats } = watched
      .stats();
    return {
      ...{
        id,
        start,
        end,
        size,
        blockSize,
        outcome,
        seconds: elapsedMs / 1000,
        rate: bytesPerSecond,
      },
      front: start + consumedBytes,
      buffered: bufferedBytes,
      perMirror: stats.map(({ state, bytesPerSecond, bytes, failures }) => ({
        state,
        rate: bytesPerSecond,
        bytes,
        failures,
      })),
    };
  });
  return { mirrors, downloads, blocks };
}

/** The most cells: 128 KiB for one download, and more than a page can show. */
const MOST_CELLS = 16 * 1024;

/** The blocks of one download that are complete. */
export class BlockRecord {
  /** How many blocks are one cell. */
  readonly blocksPerCell: number;
  /** Blocks that each cell still lacks. */
  readonly #lacking: Uint32Array;
  /** Cells that lack none, the first one first, */
  readonly #cells: Uint16Array;
  /** and the mirror that brought the last block of each. */
  readonly #mirrors: Uint16Array;
  #length = 0;

  /** Makes room for so many blocks; 0 where that is not known: then the first ones are kept. */
  constructor(blocks: number) {
    this.blocksPerCell = Math.max(1, Math.ceil(blocks / MOST_CELLS));
    const count = blocks === 0 ? MOST_CELLS : Math.ceil(blocks / this.blocksPerCell);
    this.#lacking = new Uint32Array(count).fill(this.blocksPerCell);
    if (blocks > 0) this.#lacking[count - 1] = blocks - (count - 1) * this.blocksPerCell;
    this.#cells = new Uint16Array(count);
    this.#mirrors = new Uint16Array(count);
  }

  /** How many cells are complete. */
  get length(): number {
    return this.#length;
  }

  /** Notes that a mirror, by its index, completed a block. */
  add(block: number, mirror: number): void {
    const cell = Math.floor(block / this.blocksPerCell);
    const lacking = this.#lacking[cell];
    if (lacking === undefined || lacking === 0) return;
    this.#lacking[cell] = lacking - 1;
    if (lacking > 1) return;
    this.#cells[this.#length] = cell;
    this.#mirrors[this.#length] = mirror;
    this.#length++;
  }

  /** Complete cells behind the first `from` ones, with their mirrors. */
  *since(from: number): Generator<[cell: number, mirror: number]> {
    for (let index = from; index < this.#length; index++) {
      yield [this.#cells[index]!, this.#mirrors[index]!];
    }
  }
}

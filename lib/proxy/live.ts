/**
 * Downloads as they go on, for whoever watches: which mirror brings which block, as server-sent
 * events. Only who knows a file's mirrors can watch it.
 *
 * @module
 */

import { ServerSentEventStream } from "@std/http/server-sent-event-stream";
import type { Downloader, TraceEvent } from "../../mod.ts";

/** One download that can be watched. */
interface Watched {
  readonly id: number;
  readonly download: Downloader;
  readonly start: number;
  readonly end: number;
  readonly size: number;
  readonly blockSize: number;
  /** Blocks that are complete, and the mirrors that completed them. */
  readonly blocks: [block: number, mirror: number][];
  outcome: "running" | "complete" | "failed" | "cancelled";
}

/** What a download is announced with. */
export type Announcement = Pick<Watched, "download" | "start" | "end" | "size" | "blockSize">;

/** How often watchers are told, in milliseconds. */
const PERIOD_MS = 250;
/** The most downloads of one file that are kept, ended ones too. */
const MOST_WATCHED = 16;

/** The downloads of all files. */
export class LiveDownloads {
  readonly #files = new Map<string, Watched[]>();
  #next = 1;

  /** Announces a download of the file on `mirrors`; returns what is to be told of its events. */
  announce(mirrors: readonly string[], facts: Announcement): (event: TraceEvent) => void {
    const key = JSON.stringify(mirrors);
    const watched: Watched = { ...facts, id: this.#next++, blocks: [], outcome: "running" };
    const all = this.#files.get(key) ?? [];
    this.#files.set(key, [...all, watched].slice(-MOST_WATCHED));
    const urls = facts.download.stats().mirrors.map(({ url }) => url);
    return (event) => {
      if (event.type === "receive") watched.blocks.push([event.block, urls.indexOf(event.mirror)]);
      if (event.type !== "end") return;
      watched.outcome = event.outcome;
      this.#prune(key);
    };
  }

  /** The events of the file on `mirrors` until the client leaves; `ended` is told how many bytes. */
  watch(mirrors: readonly string[], ended: (bytes: number) => void = () => {}): Response {
    const key = JSON.stringify(mirrors);
    const labels = mirrors.map((url) => new URL(url).origin);
    const told = new Map<Watched, number>();
    const past = new Set<Watched>();
    let bytes = 0;
    let timer: ReturnType<typeof setInterval> | undefined;
    const states = new ReadableStream({
      start: (controller) => {
        const tell = () => {
          // A client that does not read is not told more.
          if ((controller.desiredSize ?? 0) <= 0) return;
          const all = (this.#files.get(key) ?? []).filter((one) => !past.has(one));
          if (all.length === 0 && told.size > 0) return;
          controller.enqueue({ event: "state", data: JSON.stringify(state(labels, all, told)) });
          for (const one of all) if (one.outcome !== "running") past.add(one);
        };
        tell();
        timer = setInterval(tell, PERIOD_MS);
      },
      cancel: () => {
        clearInterval(timer);
        ended(bytes);
      },
    }, { highWaterMark: 2 });
    const counting = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        bytes += chunk.byteLength;
        controller.enqueue(chunk);
      },
    });
    return new Response(states.pipeThrough(new ServerSentEventStream()).pipeThrough(counting), {
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

function state(mirrors: readonly string[], all: readonly Watched[], told: Map<Watched, number>) {
  const blocks: [id: number, block: number, mirror: number][] = [];
  const downloads = all.map((watched) => {
    const { id, download, start, end, size, blockSize, outcome } = watched;
    const from = told.get(watched) ?? 0;
    for (const [block, mirror] of watched.blocks.slice(from)) blocks.push([id, block, mirror]);
    told.set(watched, watched.blocks.length);
    const { bufferedBytes, consumedBytes, seconds, rate, mirrors: stats } = download.stats();
    return {
      ...{ id, start, end, size, blockSize, outcome, seconds, rate },
      front: start + consumedBytes,
      buffered: bufferedBytes,
      perMirror: stats.map(({ state, rate, bytes, failures }) => ({
        state,
        rate,
        bytes,
        failures,
      })),
    };
  });
  return { mirrors, downloads, blocks };
}

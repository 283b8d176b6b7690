/**
 * The measured process of the benchmarks: reads a file by plain `fetch` or by a Downloader, and prints
 * one line of JSON, a {@linkcode Drained}.
 *
 *     deno run -A tests/bench/drain.ts '{"urls": ["http://127.0.0.1:8080/file"]}'
 *
 * @module
 */

import { Downloader, type DownloaderOptions, type TraceEvent } from "../../mod.ts";
import { analyze } from "../../trace.ts";
import { ownUsage } from "./usage.ts";

/** Options of the process. */
export interface DrainSpec {
  /** All mirrors; without `options`, one plain fetch requests an equal share from each. */
  readonly urls: readonly string[];
  /** Options of the Downloader, without them plain fetch; `trace` is needed for the measures. */
  readonly options?: DownloaderOptions;
  /** Whether each part is released after reading. */
  readonly release?: boolean;
  /** A pause of the consumer. */
  readonly pause?: { readonly afterBytes: number; readonly seconds: number };
}

/** The result. */
export interface Drained {
  readonly bytes: number;
  /** Seconds since the start of the download, not of the process. */
  readonly seconds: number;
  /** User and system time of the whole process. */
  readonly cpuSeconds: number;
  /** Peak resident memory, in bytes. */
  readonly peakRssBytes: number;
  /** Seconds to the first byte. */
  readonly firstByteSeconds: number;
  /** Longest time without a byte, after the first, in seconds. */
  readonly longestStallSeconds: number;
  /** The measures of the thesis; their clock starts with the first request for a block. */
  readonly initialBufferingSeconds: number;
  readonly meanInvalidBlocks: number;
  readonly peakBufferedBytes: number;
  readonly wastedBytes: number;
  /** Resident memory at the start and the end of the pause, in bytes. */
  readonly pausedRssBytes: readonly [number, number] | undefined;
}

async function drain({ urls, options, release = false, pause }: DrainSpec): Promise<Drained> {
  const startedAt = performance.now();
  const download = options && new Downloader(urls, options);
  const parts = download ?? await plain(urls);
  let bytes = 0;
  let firstAt = 0;
  let lastAt = 0;
  let longestStall = 0;
  let pausedRssBytes: [number, number] | undefined;
  for await (const part of parts) {
    const now = performance.now();
    if (bytes === 0) firstAt = now;
    else longestStall = Math.max(longestStall, now - lastAt);
    lastAt = now;
    bytes += part.byteLength;
    if (release) download?.release(part as Uint8Array<ArrayBuffer>);
    if (pause !== undefined && bytes >= pause.afterBytes && pausedRssBytes === undefined) {
      await wait(2);
      pausedRssBytes = [ownUsage().rssBytes, 0];
      await wait(pause.seconds - 2);
      pausedRssBytes[1] = ownUsage().rssBytes;
    }
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const { cpuSeconds, peakRssBytes } = ownUsage();
  const stats = download?.stats();
  const analysis = analyze(sinceFirstSend(download?.trace() ?? []));
  return {
    bytes,
    seconds,
    cpuSeconds,
    peakRssBytes,
    firstByteSeconds: (firstAt - startedAt) / 1000,
    longestStallSeconds: longestStall / 1000,
    initialBufferingSeconds: analysis.initialBufferingMs / 1000,
    meanInvalidBlocks: analysis.invalidBlocks.mean,
    peakBufferedBytes: stats?.peakBufferedBytes ?? 0,
    wastedBytes: stats?.wastedBytes ?? 0,
    pausedRssBytes,
  };
}

/** Fetches a share from each URL; returns the bytes in order of arrival. */
async function plain(urls: readonly string[]): Promise<AsyncIterable<Uint8Array>> {
  const [url] = urls;
  if (urls.length === 1) return (await fetch(url!)).body!;
  const head = await fetch(url!, { method: "HEAD" });
  const share = Math.ceil(Number(head.headers.get("content-length")) / urls.length);
  const bodies = await Promise.all(urls.map(async (url, index) => {
    const range = `bytes=${index * share}-${(index + 1) * share - 1}`;
    return (await fetch(url, { headers: { range } })).body!;
  }));
  return merge(bodies);
}

async function* merge(bodies: readonly ReadableStream<Uint8Array>[]): AsyncGenerator<Uint8Array> {
  const readers = bodies.map((body) => body.getReader());
  const next = async (index: number) => ({ index, ...await readers[index]!.read() });
  const pending = new Map(readers.map((_, index) => [index, next(index)]));
  while (pending.size > 0) {
    const { index, done, value } = await Promise.race(pending.values());
    if (done) pending.delete(index);
    else {
      pending.set(index, next(index));
      yield value!;
    }
  }
}

/** Moves the start of the clock to the first request for a block, as in the original. */
function sinceFirstSend(events: readonly TraceEvent[]): TraceEvent[] {
  const first = events.find(({ type }) => type === "send")?.atMs ?? 0;
  return events.map((event) => ({ ...event, atMs: event.atMs - first }));
}

function wait(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

if (import.meta.main) console.log(JSON.stringify(await drain(JSON.parse(Deno.args[0]!))));

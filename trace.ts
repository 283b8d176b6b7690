/**
 * The measures by which the sphttp thesis compares algorithms, as functions of recorded events.
 *
 * @example Measure a download
 * ```ts
 * import { Downloader } from "@x/sphttp";
 * import { analyze } from "@x/sphttp/trace";
 * import { assertEquals } from "@std/assert";
 *
 * const fetch = () => globalThis.fetch("data:text/plain,one file from many mirrors");
 * const download = new Downloader(["https://one.example/file.txt"], { fetch, trace: true });
 * for await (const _part of download);
 * const { blocks, goodputBytesPerSecond } = analyze(download.trace());
 * assertEquals(blocks, 1);
 * assertEquals(goodputBytesPerSecond > 0, true);
 * ```
 *
 * @module
 */

export {
  type Analysis,
  analyze,
  arrivalIntervals,
  blockDelays,
  type Distribution,
  distribution,
  duplicateRequests,
  goodput,
  idealInterval,
  invalidBlocks,
  type Point,
  returnEvents,
} from "./lib/trace/analysis.ts";
export type { TraceEvent } from "./mod.ts";

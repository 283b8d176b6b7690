/**
 * Runs downloads for tests, from mirrors of the lab, and collects their results.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { Downloader, type DownloaderOptions } from "../../mod.ts";
import type { DownloadStats, TraceEvent } from "../../mod.ts";
import { type Content, randomContent } from "./lab/content.ts";
import { type LabMirror, type MirrorOptions, startMirror } from "./lab/mirror_lab.ts";

/** The result of a download. */
export interface Outcome {
  /** SHA-256 of the received bytes, in hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
  readonly stats: DownloadStats;
  readonly events: readonly TraceEvent[];
  /** The error that ended the iteration. */
  readonly error: unknown;
}

/**
 * Small blocks, and short delays before retries. The timeouts are long: a busy machine must not make a mirror fail.
 */
export const QUICK: DownloaderOptions = {
  splitSize: 50_000,
  connectTimeoutMs: 30_000,
  headersTimeoutMs: 30_000,
  idleTimeoutMs: 30_000,
  stallTimeoutMs: 100,
  retry: { minDelayMs: 5, maxDelayMs: 40, attempts: 4 },
};

/**
 * Short timeouts, for mirrors that fall silent. They may fire early on a busy machine, so a mirror has many attempts.
 */
export const IMPATIENT: DownloaderOptions = {
  connectTimeoutMs: 400,
  headersTimeoutMs: 400,
  idleTimeoutMs: 400,
  retry: { ...QUICK.retry, attempts: 50 },
};

/** Requests that go on one after the other, each in many pieces. */
export const PIECES: DownloaderOptions = {
  delayRequest: "diff",
  splitSize: 100_000,
  maxBlocksPerRequest: 1,
  stallTimeoutMs: 60_000,
};

/** Reads a download until it ends or fails. */
export async function download(
  urls: readonly string[],
  options: DownloaderOptions = {},
): Promise<Outcome> {
  const events: TraceEvent[] = [];
  const onEvent = (event: TraceEvent) => {
    events.push(event);
    options.onEvent?.(event);
  };
  const downloader = new Downloader(urls, { ...QUICK, ...options, onEvent });
  return { ...await readToEnd(downloader), events };
}

/** Reads a downloader until it ends or fails. */
export async function readToEnd(downloader: Downloader): Promise<Omit<Outcome, "events">> {
  const hash = createHash("sha256");
  let bytes = 0;
  let error: unknown;
  try {
    for await (const part of downloader) {
      hash.update(part);
      bytes += part.byteLength;
    }
  } catch (thrown) {
    error = thrown;
  }
  return { sha256: hash.digest("hex"), bytes, stats: downloader.stats(), error };
}

/** Number of attempts of {@linkcode inTime}. */
const ATTEMPTS = 20;

/**
 * Runs a test of something that must happen in time, such as the vote of a slower mirror, until it passes once: on a
 * busy machine the emulated delays are too long in some attempts.
 *
 * @throws {unknown} the error of the last attempt
 */
export async function inTime(run: () => Promise<void>): Promise<void> {
  for (let attempt = 1;; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

/** Returns a listener that sets mirrors to full speed at the first event of a type, or at the event number `count`. */
export function letGoAt(
  type: TraceEvent["type"],
  mirrors: readonly LabMirror[],
  count: number = 1,
): (event: TraceEvent) => void {
  let seen = 0;
  return (event) => {
    if (event.type !== type || ++seen < count) return;
    for (const mirror of mirrors) mirror.setRate(undefined);
  };
}

/** What other mirrors send, in bytes, before {@linkcode onceDropped} lets them go on. */
export const UNTIL_DROPPED: Partial<MirrorOptions> = { silentAfter: 100_000 };

/**
 * Returns a listener that lets mirrors of {@linkcode UNTIL_DROPPED} go on once `count` mirrors are dropped: they could
 * deliver the whole file before one that is to be dropped has sent anything.
 */
export function onceDropped(
  mirrors: readonly LabMirror[],
  count: number = 1,
): (event: TraceEvent) => void {
  const letGo = letGoAt("mirror", mirrors, count);
  return (event) => {
    if (event.type === "mirror" && event.state === "dropped") letGo(event);
  };
}

/** A mirror that says nothing before `letGoAt("open")`: it comes too late to decide what the file is. */
export const UNTIL_OPEN: Partial<MirrorOptions> = { bytesPerSecond: 0 };

/**
 * Mirrors of which the second one falls silent within its first block, of those of {@linkcode QUICK}, and the first one
 * before it has brought all: until the second one is asked for a block, by {@linkcode onceLate}.
 */
export const LATE_BLOCK: readonly Partial<MirrorOptions>[] = [
  { silentAfter: 300_000 },
  { silentAfter: 30_000 },
];

/** Returns a listener that lets the first mirror of {@linkcode LATE_BLOCK} go on once the second one is asked. */
export function onceLate(
  [, late]: readonly string[],
  [first]: readonly LabMirror[],
): (event: TraceEvent) => void {
  const letGo = letGoAt("send", [first!]);
  return (event) => {
    if (event.type === "send" && event.mirror === late) letGo(event);
  };
}

/** The file of the wire tests: 20 blocks and a shorter last one. */
export const FILE: Content = randomContent(1_012_345, 7);

/** Runs a function with one mirror for each of `options`; they serve {@linkcode FILE} by default. */
export async function withMirrors(
  options: readonly Partial<MirrorOptions>[],
  run: (urls: string[], mirrors: LabMirror[]) => Promise<void>,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const mirrors: LabMirror[] = [];
  for (const one of options) {
    mirrors.push(stack.use(await startMirror({ content: FILE, ...one })));
  }
  await run(mirrors.map(({ url }) => url), mirrors);
}

/**
 * As {@linkcode withMirrors}, but none sends anything before each was asked: a mirror that is asked later, as on a
 * busy machine, has a say all the same.
 */
export async function withMirrorsAtOnce(
  options: readonly Partial<MirrorOptions>[],
  run: (urls: string[], mirrors: LabMirror[]) => Promise<void>,
): Promise<void> {
  let unasked = options.length;
  const started: LabMirror[] = [];
  const silent = options.map((one) => ({
    ...one,
    bytesPerSecond: 0,
    onFirstRequest: () => {
      if (--unasked > 0) return;
      started.forEach((mirror, index) => {
        const { bytesPerSecond, silentAfter } = options[index]!;
        mirror.setRate(bytesPerSecond, silentAfter);
      });
    },
  }));
  await withMirrors(silent, async (urls, mirrors) => {
    started.push(...mirrors);
    await run(urls, mirrors);
  });
}

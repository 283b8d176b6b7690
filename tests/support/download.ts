/**
 * Runs downloads for tests, from mirrors of the lab, and collects their results.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { Downloader, type DownloaderOptions } from "../../mod.ts";
import type { DownloadStats, TraceEvent } from "../../mod.ts";
import { type Content, randomContent } from "./lab/content.ts";
import { meetingOf } from "./lab/meeting.ts";
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
  const arrive = meetingOf(options.length);
  const started: LabMirror[] = [];
  const silent = options.map((one, index) => ({
    ...one,
    bytesPerSecond: 0,
    onFirstRequest: async () => {
      await arrive[index]!();
      started[index]!.setRate(one.bytesPerSecond, one.silentAfter);
    },
  }));
  await withMirrors(silent, async (urls, mirrors) => {
    started.push(...mirrors);
    await run(urls, mirrors);
  });
}

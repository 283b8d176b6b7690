/**
 * Finds the fastest of many mirrors by a short race: each is asked for the first bytes of the file, a bounded
 * number of them at a time, and no longer than a few seconds in all. Their connections are closed at once,
 * so that a list of hundreds takes no more descriptors than that.
 *
 * @module
 */

import {
  Downloader,
  type DownloaderOptions,
  NoMirrorLeftError,
  SphttpError,
} from "../../../mod.ts";
import { redactUrl } from "../../http/address/redact.ts";
import { afterRunning } from "../../after_running.ts";
import { concurrently } from "../process/concurrently.ts";

/** What came of the race. */
export interface RaceResult {
  /** URLs of mirrors that have the file, the fastest first. */
  readonly ranked: readonly string[];
  /** Lines that say what each mirror did. */
  readonly details: readonly string[];
  /** Number of mirrors that have answered. */
  readonly answered: number;
}

/** The settings of a race. */
export interface RaceSettings {
  readonly options: DownloaderOptions;
  readonly signal: AbortSignal;
  /** The usual time for all, in milliseconds. @default {2000} */
  readonly timeMs?: number | undefined;
  /** Number of mirrors that are needed: while fewer have answered, three times as long. @default {1} */
  readonly enough?: number | undefined;
}

/** An answer of a mirror. */
interface Answer {
  readonly url: string;
  readonly size: number | undefined;
  readonly ms: number;
}

/** How long the race takes if enough mirrors answer, in milliseconds. */
const RACE_MS = 2000;
/** It takes so many times as long where they do not: machines and links may be busy. */
const PATIENCE = 3;
/** The most mirrors that are asked at once. */
const AT_ONCE = 64;
/** What each is asked for: as much as comes with the headers. */
const SAMPLE = { start: 0, end: 12 * 1024 };

/**
 * Races mirrors, given by URLs that may have credentials. Those whose file has another size than most have lose.
 * Rejects with the reason of the signal only.
 */
export async function race(
  urls: readonly string[],
  { options, signal, timeMs = RACE_MS, enough = 1 }: RaceSettings,
): Promise<RaceResult> {
  const answers: Answer[] = [];
  const details: string[] = [];
  const time = new AbortController();
  const over = AbortSignal.any([signal, time.signal]);
  let isLate = false;
  const look = () => {
    if (isLate && answers.length >= enough) time.abort();
  };
  const stops = [
    afterRunning(timeMs, () => {
      isLate = true;
      look();
    }),
    afterRunning(PATIENCE * timeMs, () => time.abort()),
  ];
  const headers = new Headers(options.headers);
  headers.set("connection", "close");
  const http = options.http ?? "http1";
  await concurrently(Math.min(AT_ONCE, urls.length), urls, async (url) => {
    if (over.aborted) return;
    const startedAt = performance.now();
    try {
      const size = await sizeAt(url, { ...options, headers, http, signal: over });
      answers.push({ url, size, ms: performance.now() - startedAt });
      look();
    } catch (error) {
      if (over.aborted) return;
      if (!(error instanceof SphttpError)) throw error;
      const why = error instanceof NoMirrorLeftError ? error.cause[0]?.problem : error.message;
      details.push(`${redactUrl(url)} is left out: ${why}`);
    }
  }).finally(() => stops.forEach((stop) => stop()));
  signal.throwIfAborted();
  const size = mostFrequent(answers.map((one) => one.size));
  answers.sort((one, other) => one.ms - other.ms);
  const ranked: string[] = [];
  for (const { url, size: own, ms } of answers) {
    const isSame = own === undefined || size === undefined || own === size;
    if (isSame) ranked.push(url);
    const what = isSame
      ? `answered in ${Math.round(ms)} ms`
      : `is left out: has ${own} bytes, not ${size}`;
    details.push(`${redactUrl(url)} ${what}`);
  }
  return { ranked, details, answered: answers.length };
}

/** Reads the first bytes of the file; returns its size, `undefined` if the mirror does not give it. */
async function sizeAt(url: string, options: DownloaderOptions): Promise<number | undefined> {
  await using download = new Downloader([url], {
    ...{ ...options, range: SAMPLE, retry: { attempts: 1 }, trace: false },
    // Only what it does itself counts.
    ...{ expectedSize: undefined, eachAddress: false, maxRate: undefined },
    // A few bytes prove nothing yet.
    requireProof: undefined,
  });
  const { size } = await download.open();
  return size;
}

function mostFrequent(values: readonly (number | undefined)[]): number | undefined {
  const counts = new Map<number, number>();
  for (const value of values) {
    if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0];
}

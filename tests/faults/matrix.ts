/**
 * The fault matrix: every fault, at the first, a middle and the last range, of one mirror, of all but one and of
 * all, through the library and through the proxy. What comes is the right bytes, or the right error, in time.
 *
 * @module
 */

import {
  Downloader,
  type DownloaderOptions,
  type FailureReason,
  MirrorError,
  NoMirrorLeftError,
} from "../../mod.ts";
import { createHandler } from "../../server.ts";
import { readToEnd } from "../support/download.ts";
import { testCertificates } from "../support/lab/certificates.ts";
import { type Content, randomContent } from "../support/lab/content.ts";
import { type Fault, type Places, type Position, POSITIONS, type Share, SIZE } from "./fault.ts";
import { startFaultyMirror, startGoodMirror, startPlaces } from "./faulty_mirror.ts";

/** Mirrors of each share: those with the fault, and the others. */
export const SHARES: Readonly<Record<Share, readonly [faulty: number, good: number]>> = {
  alone: [1, 0],
  one: [1, 2],
  "all but one": [2, 1],
  all: [3, 0],
};
export const SHARE_NAMES = Object.keys(SHARES) as readonly Share[];
export type Way = "library" | "proxy";

/** One case. */
export interface Cell {
  readonly fault: Fault;
  readonly position: Position;
  readonly share: Share;
  readonly by: Way;
}

/**
 * What came: the right bytes; the reasons that the mirrors were given up for; the status of the proxy; or a body of
 * the proxy that breaks off. Everything else is wrong.
 */
export type Outcome =
  | "file"
  | "cut"
  | { readonly reasons: readonly FailureReason[] }
  | { readonly status: number }
  | { readonly wrong: string };

/** What came of a case. */
export interface Result {
  readonly cell: Cell;
  readonly outcome: Outcome;
  readonly ms: number;
  /** The timeout with which it came, in milliseconds. */
  readonly timeoutMs: number;
  /** How often the fault was met. */
  readonly strikes: number;
}

/** Status of the proxy where the mirrors have nothing in common that has a status of its own. */
const BAD_GATEWAY = 502;

/**
 * Returns the number of timeouts within which the outcome of a case comes. Where the proxy has sent bytes, it
 * goes on for one timeout though all mirrors failed, with a last download that begins before that is over.
 */
export function limitOf({ fault: { limit = LIMIT }, by, share }: Cell): number {
  return by === "proxy" && SHARES[share][1] === 0 ? 2 * limit + RETRY_TIMEOUTS : limit;
}

/** Reports whether a result is as expected, in time. */
export function isExpected({ cell, outcome, ms, timeoutMs }: Result): boolean {
  if (ms > limitOf(cell) * timeoutMs) return false;
  const expected = expectedOf(cell);
  if (expected === "file" || typeof outcome === "string") return outcome === expected;
  if ("wrong" in outcome) return false;
  // Where a body may break off, a problem in its place is as good.
  return "status" in outcome
    ? outcome.status === (cell.fault.status ?? BAD_GATEWAY)
    : outcome.reasons.every((reason) => cell.fault.reasons!.includes(reason));
}

/** What comes of a case: the file, an error that says what is wrong, or a body of the proxy that breaks off. */
export function expectedOf({ fault, position, share, by }: Cell): "file" | "error" | "cut" {
  const gets = fault.gets?.(position, share) ??
    (SHARES[share][1] > 0 || fault.reasons === undefined);
  if (gets) return "file";
  return by === "proxy" && (position !== "first" || fault.late) ? "cut" : "error";
}

/**
 * Timeouts of a mirror, in milliseconds. On a busy machine they may end good mirrors: a result that is not as
 * expected is tried again with the next, but for wrong bytes, which nothing excuses.
 */
export const TIMEOUTS_MS = [1500, 5000, 15_000, 45_000] as const;
/** A download that has to wait for nothing ends within so many timeouts. */
export const LIMIT = 2;
/** So many timeouts after its start, a download tries nothing again. */
export const LAST_RETRY = 2;
/** For so many timeouts the proxy starts further downloads, where it has sent bytes. */
export const RETRY_TIMEOUTS = 1;

/** Returns the options of downloads with a timeout. */
function optionsFor(timeoutMs: number): DownloaderOptions {
  return {
    maxIdleMs: timeoutMs,
    connectTimeoutMs: timeoutMs,
    headersTimeoutMs: timeoutMs,
    idleTimeoutMs: timeoutMs,
    stallTimeoutMs: 300,
    retry: { attempts: 3, minDelayMs: 20, maxDelayMs: 100, maxTimeMs: LAST_RETRY * timeoutMs },
  };
}

const WRONG = "other bytes than the file's";

/** Returns how a result differs from what is expected, for a message; `undefined` if it does not. */
export function problemOf(result: Result): string | undefined {
  if (isExpected(result)) return undefined;
  const { cell: { fault, position, share, by }, outcome, ms, timeoutMs } = result;
  return `${fault.name}, ${position} range, ${share}, by the ${by}: ${JSON.stringify(outcome)} ` +
    `instead of ${expectedOf(result.cell)} after ${ms.toFixed()} ms (timeouts of ${timeoutMs} ms)`;
}

/** Returns all cases of some faults. */
export function cellsOf(faults: readonly Fault[]): Cell[] {
  return faults.flatMap((fault) =>
    POSITIONS.flatMap((position) =>
      SHARE_NAMES.flatMap((share) =>
        (["library", "proxy"] as const).map((by) => ({ fault, position, share, by }))
      )
    )
  );
}

/** Runs cases, some at a time. */
export async function runMatrix(cells: readonly Cell[], atOnce: number): Promise<Result[]> {
  await using places = await startPlaces();
  using clock = new TurnClock();
  const content = randomContent(SIZE, 15);
  const left = cells.entries();
  const results: Result[] = [];
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (const [index, cell] of left) {
      for (const timeoutMs of TIMEOUTS_MS) {
        const result = await runCell(cell, content, { places, clock, timeoutMs });
        results[index] = result;
        if (isExpected(result) || isWrong(result)) break;
      }
    }
  }));
  return results;
}

function isWrong({ outcome }: Result): boolean {
  return typeof outcome === "object" && "wrong" in outcome && outcome.wrong.startsWith(WRONG);
}

/** Time between two ticks, in milliseconds. */
const TICK_MS = 10;

/** A clock that stands still while the process does not get the processor: a late result is late by its own fault. */
class TurnClock implements Disposable {
  #ticks = 0;
  readonly #timer = setInterval(() => this.#ticks++, TICK_MS);

  /** The time, in milliseconds. */
  get now(): number {
    return this.#ticks * TICK_MS;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

async function runCell(
  cell: Cell,
  content: Content,
  { places, clock, timeoutMs }: { places: Places; clock: TurnClock; timeoutMs: number },
): Promise<Result> {
  await using stack = new AsyncDisposableStack();
  const [faulty, good] = SHARES[cell.share];
  const mirrors = [];
  for (let i = 0; i < faulty; i++) {
    const { fault: { behaviour }, position } = cell;
    mirrors.push(stack.use(await startFaultyMirror(behaviour, position, content, places)));
  }
  const urls = mirrors.map(({ url }) => url);
  for (let i = 0; i < good; i++) urls.push(stack.use(await startGoodMirror(content)).url);
  const { caPem } = await testCertificates();
  const { lowestRate: bytesPerSecond } = cell.fault;
  const lowestRate = bytesPerSecond === undefined
    ? undefined
    : { bytesPerSecond, periodMs: timeoutMs };
  const options = { ...optionsFor(timeoutMs), caCerts: [caPem], lowestRate };
  const startedAt = clock.now;
  const outcome = cell.by === "library"
    ? await byLibrary(urls, content, options)
    : await byProxy(urls, content, options, RETRY_TIMEOUTS * timeoutMs);
  const ms = clock.now - startedAt;
  return {
    cell,
    outcome,
    ms,
    timeoutMs,
    strikes: mirrors.reduce((sum, { strikes }) => sum + strikes, 0),
  };
}

async function byLibrary(
  urls: readonly string[],
  content: Content,
  options: DownloaderOptions,
): Promise<Outcome> {
  await using downloader = new Downloader(urls, options);
  const { sha256, error } = await readToEnd(downloader);
  if (error === undefined) {
    return sha256 === content.sha256() ? "file" : { wrong: WRONG };
  }
  const failures = error instanceof NoMirrorLeftError ? error.cause : [error];
  if (!failures.every((one) => one instanceof MirrorError)) return { wrong: String(error) };
  return { reasons: [...new Set(failures.map(({ reason }) => reason))] };
}

async function byProxy(
  urls: readonly string[],
  content: Content,
  download: DownloaderOptions,
  retryMaxMs: number,
): Promise<Outcome> {
  await using handler = createHandler({ allowPrivate: true, download, retryMaxMs });
  const onError = () => new Response(null, { status: 500 });
  const listen = { port: 0, hostname: "127.0.0.1", onListen() {}, onError };
  await using server = Deno.serve(listen, handler);
  using client = Deno.createHttpClient({});
  const query = urls.map((url) => `url=${encodeURIComponent(url)}`).join("&");
  const address = `http://127.0.0.1:${server.addr.port}/proxy?${query}`;
  const response = await fetch(address, { client });
  if (!response.ok) {
    const text = await response.text();
    const isProblem = response.headers.get("content-type") === "application/problem+json";
    return isProblem ? { status: response.status } : { wrong: `${response.status}: ${text}` };
  }
  const whole = content.read(0, content.size);
  let at = 0;
  try {
    for await (const part of response.body!) {
      if (!part.every((byte, index) => byte === whole[at + index])) {
        return { wrong: WRONG };
      }
      at += part.length;
    }
  } catch {
    return "cut";
  }
  return at === content.size ? "file" : { wrong: `${WRONG}: a body of ${at} that seems whole` };
}

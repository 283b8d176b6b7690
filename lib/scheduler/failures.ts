/**
 * What a failure means for its mirror: it waits, is asked for less at once, or is given up. Pure.
 *
 * @module
 */

import { type FailureReason, MirrorError } from "../errors.ts";
import type { DownloadState } from "./state.ts";
import type { Mirror } from "./mirror.ts";

/** How failures are met. */
export interface FailureOptions {
  /** When a mirror is asked again, and when it is given up. */
  readonly retry: ResolvedRetry;
  /** A number from 0 up to, but without, 1, anew at each call. */
  readonly random: () => number;
}

/** Statuses by which a server says that it has too much to do: RFC 6585 section 4, RFC 9110. */
const OVERLOADED: readonly (number | undefined)[] = [429, 503];

/** Who that breaks off has brought so much is asked again at once, in bytes. */
const GOOD_BYTES = 64 * 1024;

/** How connections break off; a silence is another thing: it may last. */
const BROKEN_OFF: readonly FailureReason[] = ["network", "truncated"];

/** A failure of a mirror. */
export interface Failed {
  readonly mirror: Mirror;
  readonly failure: MirrorError;
  /** Bytes that the request which failed had brought, and nobody else before it. */
  readonly useful: number;
}

/** Draws the consequences of a failure of a mirror whose request has been closed. */
export function penalize(
  { mirror, failure, useful }: Failed,
  download: DownloadState,
  { retry, random }: FailureOptions,
  now: number,
): void {
  mirror.totalFailures++;
  if (OVERLOADED.includes(failure.status) && mirror.live.length > 0) {
    // It refuses one request more while it serves others: these go on, and no more come to them.
    mirror.limitConnections(mirror.live.length);
    const { retryAfterMs = 0 } = failure;
    const restMs = retryAfterMs <= retry.maxRetryAfterMs ? retryAfterMs : 0;
    if (restMs > 0) rest(mirror, failure, now + restMs);
    return report(mirror, failure, restMs, download, now);
  }
  // Others of its requests may have failed before this one did, without a byte.
  mirror.failures = useful > 0 ? 1 : mirror.failures + 1;
  const { retryable, retryAfterMs } = failure;
  const cause = { retryable, retryAfterMs, runMs: now - download.commands.startedAt };
  const delayMs = retryDelay(cause, mirror.failures, retry, random());
  if (delayMs === undefined) {
    report(mirror, failure, undefined, download, now);
    return drop(mirror, failure, download, now);
  }
  if (useful >= GOOD_BYTES && BROKEN_OFF.includes(failure.reason)) {
    // It goes on, piece by piece, and is as fast as it was; but its connections are gone.
    mirror.failures = 0;
    mirror.link.idleConnections = 0;
    return report(mirror, failure, 0, download, now);
  }
  mirror.link.reset();
  report(mirror, failure, delayMs, download, now);
  rest(mirror, failure, now + delayMs);
}

/** Leaves a mirror alone until `until`; what another failure asked for before holds, too. */
function rest(mirror: Mirror, failure: MirrorError, until: number): void {
  const before = mirror.state.type === "waiting" ? mirror.state.until : 0;
  mirror.state = { type: "waiting", until: Math.max(until, before), failure };
}

/** Gives a mirror up for good. */
export function drop(
  mirror: Mirror,
  failure: MirrorError,
  download: DownloadState,
  now: number,
): void {
  mirror.state = { type: "dropped", failure };
  for (const request of [...mirror.live]) download.cancel(request, "dropped", now);
  const { url } = mirror;
  const { message } = failure;
  download.commands.report({ type: "mirror", mirror: url, state: "dropped", message }, now);
}

/** The failure of a mirror whose answer is of no use. */
export function useless({ url }: Mirror, reason: FailureReason, message: string): MirrorError {
  const phase = reason === "truncated" ? "body" : "headers";
  const facts = { mirror: url, phase, reason, retryable: true } as const;
  return new MirrorError(message, facts);
}

function report(
  { url }: Mirror,
  { message }: MirrorError,
  retryInMs: number | undefined,
  { commands }: DownloadState,
  now: number,
): void {
  commands.report({ type: "failure", mirror: url, message, retryInMs }, now);
}

/** How failures of a mirror are met. */
export interface RetryOptions {
  /**
   * Failures in a row, without a byte between them, after which a mirror is given up. A mirror that
   * broke off after 64 KiB or more is asked again at once.
   *
   * @default {5}
   */
  attempts?: number | undefined;
  /**
   * Wait before the first retry, in milliseconds; it doubles with each further failure.
   *
   * @default {250}
   */
  minDelayMs?: number | undefined;
  /**
   * The longest wait that doubling leads to, in milliseconds.
   *
   * @default {10000}
   */
  maxDelayMs?: number | undefined;
  /**
   * How much of a wait is left to chance, from 0 (nothing) to 1 (all).
   *
   * @default {0.5}
   */
  jitter?: number | undefined;
  /**
   * The longest `Retry-After` that is waited for, in milliseconds; a mirror that asks for more is
   * given up.
   *
   * @default {120000}
   */
  maxRetryAfterMs?: number | undefined;
  /**
   * Once the download has run for so many milliseconds, no failure is retried any more: a mirror that
   * would have to be asked again later than that is given up.
   *
   * @default {Infinity}
   */
  maxTimeMs?: number | undefined;
}

/** Retry options with every default filled in. */
export type ResolvedRetry = { readonly [Key in keyof RetryOptions]-?: number };

/** A failure, as far as the wait depends on it. */
export interface RetryCause {
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** What the server's `Retry-After` asked for, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** How long the download has run, in milliseconds. */
  readonly runMs: number;
}

/**
 * Milliseconds until the mirror is asked again after its `failures`th failure in a row, or
 * `undefined` when it is given up. `random` is a number from 0 up to, but without, 1.
 */
export function retryDelay(
  cause: RetryCause,
  failures: number,
  options: ResolvedRetry,
  random: number,
): number | undefined {
  if (!cause.retryable || failures >= options.attempts) return undefined;
  const retryAfter = cause.retryAfterMs ?? 0;
  if (retryAfter > options.maxRetryAfterMs) return undefined;
  const backoff = Math.min(
    options.maxDelayMs,
    options.minDelayMs * 2 ** Math.min(failures - 1, 50),
  );
  const delay = Math.max(retryAfter, backoff * (1 - options.jitter * random));
  return cause.runMs + delay < options.maxTimeMs ? delay : undefined;
}

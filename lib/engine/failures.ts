/**
 * What a failure means for its mirror: it waits, is asked for less at once, or is given up. Pure.
 *
 * @module
 */

import { type FailureReason, MirrorError } from "../errors.ts";
import type { Download } from "./download.ts";
import type { Mirror } from "./mirror.ts";
import { retryDelay, type RetryOptions } from "./retry.ts";

/** How failures are met. */
export interface FailureOptions {
  /** When a mirror is asked again, and when it is given up. */
  readonly retry: Required<RetryOptions>;
  /** A number from 0 up to, but without, 1, anew at each call. */
  readonly random: () => number;
}

/** Statuses by which a server says that it has too much to do: RFC 6585 section 4, RFC 9110. */
const OVERLOADED: readonly (number | undefined)[] = [429, 503];

/** Draws the consequences of a failure of a mirror whose request has been closed. */
export function penalize(
  mirror: Mirror,
  failure: MirrorError,
  download: Download,
  { retry, random }: FailureOptions,
  now: number,
): void {
  mirror.totalFailures++;
  if (OVERLOADED.includes(failure.status) && mirror.live.length > 0) {
    // It refuses one request more while it serves others: these go on, and no more come to them.
    mirror.limitConnections(mirror.live.length);
    const { retryAfterMs = 0 } = failure;
    const restMs = retryAfterMs <= retry.maxRetryAfterMs ? retryAfterMs : 0;
    if (restMs > 0) mirror.state = { type: "waiting", until: now + restMs, failure };
    return report(mirror, failure, restMs, download, now);
  }
  mirror.failures++;
  mirror.link.reset();
  const delayMs = retryDelay(failure, mirror.failures, retry, random());
  report(mirror, failure, delayMs, download, now);
  if (delayMs === undefined) drop(mirror, failure, download, now);
  else mirror.state = { type: "waiting", until: now + delayMs, failure };
}

/** Gives a mirror up for good. */
export function drop(mirror: Mirror, failure: MirrorError, download: Download, now: number): void {
  mirror.state = { type: "dropped", failure };
  for (const request of [...mirror.live]) download.cancel(request, now);
  const { url } = mirror;
  const { message } = failure;
  download.outbox.report({ type: "mirror", mirror: url, state: "dropped", message }, now);
}

/** The failure of a mirror whose answer is of no use. */
export function useless({ url }: Mirror, reason: FailureReason, message: string): MirrorError {
  const phase = reason === "truncated" ? "body" : "headers";
  const facts = { mirror: url, phase, reason, retryable: true } as const;
  return new MirrorError(`${url}: ${message}`, facts);
}

function report(
  { url }: Mirror,
  { message }: MirrorError,
  retryInMs: number | undefined,
  { outbox }: Download,
  now: number,
): void {
  outbox.report({ type: "failure", mirror: url, message, retryInMs }, now);
}

/**
 * Tells refusals of long ranges from others: gateways and functions in front of a file limit the length of
 * their responses, and say so by one status or another, or close the connection. A mirror that has served as
 * much, or as many requests at once, has another reason. Pure, but for what the mirror learns: times are in
 * milliseconds, and passed in.
 *
 * @module
 */

import type { MirrorError } from "../../errors.ts";
import type { FailureCause } from "./refusals.ts";

/** Says that the content is too large (RFC 9110 section 15.5.14). */
const TOO_LARGE = 413;
/** How else servers refuse to send as much. */
const PERHAPS: readonly (number | undefined)[] = [TOO_LARGE, 400, 403, 416, 500, 501, 502, 504];
/** More often this is said of the number of requests, or of their pace. */
const SELDOM = 503;
/** How connections are closed instead: now and then all are, after a pause. */
const CLOSED: readonly (MirrorError["fault"])[] = ["reset", "empty"];

/**
 * Reports whether a request may have been refused because it is for too many bytes: fewer are requested
 * from then on.
 */
export function isTooLong({ mirror, failure, request }: FailureCause, now: number): boolean {
  const { status, phase, retryable, retryAfterMs } = failure;
  if (request === undefined || request.kind === "whole") return false;
  if (phase === "body" || retryAfterMs !== undefined) return false;
  const first = firstSign(failure);
  if (first === undefined) return false;
  const { start, bodyEnd, form, ticket: { crowd } } = request;
  const { seat, bytes, failures } = mirror;
  if (status !== TOO_LARGE) {
    // It may be one request too many.
    if (seat.occupied(now) > 0 && crowd > seat.accepted(now)) return false;
    // A server that is in trouble may recover; and another form of asking is a shorter one.
    if (bytes === 0 && (retryable ? failures === 0 : form !== "bounded")) return false;
  }
  if (!mirror.lengths.refused(bodyEnd - start, first)) return false;
  seat.unlearn(now);
  return true;
}

/** Returns which refusal of this manner in a row is the first that says something of the length, if any does. */
function firstSign({ reason, status, fault }: MirrorError): number | undefined {
  if (PERHAPS.includes(status)) return 1;
  if (reason === "network" && CLOSED.includes(fault)) return 2;
  return status === SELDOM ? 3 : undefined;
}

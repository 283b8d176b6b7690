/**
 * Tells refusals of long ranges from others: gateways and functions in front of a file limit the length of
 * their responses, and say so by one status or another. A mirror that has served as much, or as many
 * requests at once, has another reason. Pure, but for what the mirror learns: times are in milliseconds,
 * and passed in.
 *
 * @module
 */

import type { FailureCause } from "./refusals.ts";

/** Says that the content is too large (RFC 9110 section 15.5.14). */
const TOO_LARGE = 413;

/** How else servers refuse to send as much. */
const PERHAPS: readonly (number | undefined)[] = [400, 403, 416, 500, 501, 502, 504];

/**
 * Reports whether a request may have been refused because it is for too many bytes: fewer are requested
 * from then on.
 */
export function isTooLong({ mirror, failure, request }: FailureCause, now: number): boolean {
  const { status, phase, retryable, retryAfterMs } = failure;
  if (request === undefined || request.kind === "whole") return false;
  if (phase === "body" || retryAfterMs !== undefined) return false;
  const { start, bodyEnd, form, ticket: { crowd } } = request;
  if (status !== TOO_LARGE) {
    if (!PERHAPS.includes(status)) return false;
    const { seat, bytes, failures } = mirror;
    // It may be one request too many.
    if (seat.occupied(now) > 0 && crowd > seat.accepted(now)) return false;
    // A server that is in trouble may recover; and another form of asking is a shorter one.
    if (bytes === 0 && (retryable ? failures === 0 : form !== "bounded")) return false;
  }
  if (!mirror.lengths.refused(bodyEnd - start)) return false;
  mirror.seat.unlearn(now);
  return true;
}

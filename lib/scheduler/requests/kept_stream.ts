/**
 * Which stream is kept for the case that everything else is refused. Some servers allow one request, or a few; and
 * only a response that has begun is certain. What is done with it is for the policy. Pure.
 *
 * @module
 */

import type { Ledger } from "../bytes/ledger.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { LiveRequest } from "./live_request.ts";

/** Keeps the stream that has come farthest of those that could deliver all that is missing, while one is needed. */
export function keepOneStream(
  requests: Iterable<LiveRequest>,
  mirrors: readonly Mirror[],
  ledger: Ledger,
): void {
  const isAlone = mirrors.length === 1;
  // Of several mirrors, one that serves ranges is enough.
  const isProven = mirrors.some(({ state, trackRecord: { isProven, hasAnsweredAgain } }) =>
    state.type !== "dropped" && (isAlone ? isProven : hasAnsweredAgain)
  );
  let kept: LiveRequest | undefined;
  for (const request of requests) {
    request.keep(false, ledger);
    if (isProven || request.held || !request.covers(ledger)) continue;
    if (kept === undefined || request.position > kept.position) kept = request;
  }
  kept?.keep(true, ledger);
}

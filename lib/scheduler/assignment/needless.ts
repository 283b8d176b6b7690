/**
 * Requests that are of no further use, since others have delivered what they would, or own what is left of
 * it. Pure: times are in milliseconds, and passed in.
 *
 * @module
 */

import type { CancelReason } from "../../trace/events.ts";
import type { LiveRequest } from "../requests/live_request.ts";
import type { DownloadState } from "../state.ts";

/** A request to cancel, and why. */
export type Needless = readonly [request: LiveRequest, reason: CancelReason];

/**
 * Yields the requests that are needless now that `request` has delivered bytes, by which `completed` blocks
 * became complete: first others that have nothing left to deliver, then it itself. Those that it yielded
 * before may be cancelled meanwhile.
 */
export function* needless(
  request: LiveRequest,
  completed: number,
  { ledger, requests }: DownloadState,
  now: number,
): Generator<Needless> {
  if (completed > 0) {
    const lost = [...requests].filter((one) =>
      !one.isKept && one.isLost(ledger) && one.isWorthCancelling(now)
    );
    for (const one of lost) yield [one, "lost"];
  }
  const isLive = requests.get(request.id) !== undefined && !request.isKept;
  if (isLive && request.isRemnant(ledger) && request.isWorthCancelling(now)) {
    yield [request, "stolen"];
  }
}

/**
 * Gives back what is held and requested over a window that has become smaller: from the far end, since
 * what lies at the front is needed first. It is requested again when there is room. Mutates the state it is
 * given.
 *
 * @module
 */

import { IntervalSet } from "../bytes/ledger.ts";
import type { LiveRequest } from "../requests/live_request.ts";
import type { DownloadState } from "../state.ts";

/** The part of the window that is left free, so that what is missing at the front can be requested. */
const FRONT_SHARE = 1 / 8;

/**
 * Gives back what is over the window. Responses that reach over it are read no further where `canWait`:
 * where the policy reads them on later.
 */
export function giveBackExcess(state: DownloadState, canWait: boolean, now: number): void {
  const { requests, ledger, window } = state;
  // The whole file comes in one response: nothing of it can be requested again.
  if (requests.whole !== undefined) return;
  window.hasShrunk = false;
  const end = wholePiece(endOfKept(state), state);
  if (end === Infinity) return;
  for (const request of [...requests]) {
    if (request.kind !== "range" || request.end <= end) continue;
    const waits = request.isKept || (canWait && !request.held && request.position < end);
    if (waits) curtail(request, end, state, now);
    else state.cancel(request, "shrunk", now);
  }
  ledger.forget(end, requests.claims);
  state.proofs?.forget(end, now);
  state.commands.push({ type: "forget", from: end });
}

/** Returns where the piece ends in which a byte lies: what is left of one could not be proved. */
function wholePiece(byte: number, { proofs }: DownloadState): number {
  return proofs === undefined ? byte : Math.ceil(byte / proofs.pieceLength) * proofs.pieceLength;
}

/** Lets no more of a response be read, and owned, than up to `end`. */
function curtail(request: LiveRequest, end: number, state: DownloadState, now: number): void {
  state.cut(request, end, "shrunk", now);
  request.curtail(end);
  state.limit.giveBack(request.unpay(request.paid - (request.end - request.position)));
  state.commands.push({ type: "read", request: request.id, to: request.end });
}

/** Returns where what the window has no room for begins; `Infinity` if it has room for everything. */
function endOfKept({ ledger, requests, windowSize, heldBytes }: DownloadState): number {
  const taken = ledger.start + ledger.receivedBytes - heldBytes;
  const kept = new IntervalSet();
  for (const { start, end } of ledger.received) kept.add(Math.max(start, taken), end);
  for (const { kind, position, end } of requests) if (kind === "range") kept.add(position, end);
  const all = kept.intervals.reduce((sum, { start, end }) => sum + end - start, 0);
  if (all <= windowSize) return Infinity;
  let left = Math.floor(windowSize * (1 - FRONT_SHARE));
  for (const { start, end } of kept.intervals) {
    if (end - start > left) return start + left;
    left -= end - start;
  }
  return Infinity;
}

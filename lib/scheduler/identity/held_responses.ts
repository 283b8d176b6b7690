/**
 * Responses that are held back while their mirror is questioned: they go on, make room for its checks, or
 * are given up. Pure, but for the state that it changes: times are in milliseconds, and passed in.
 *
 * @module
 */

import type { Mirror } from "../mirror/mirror.ts";
import type { LiveRequest } from "../requests/live_request.ts";
import type { DownloadState } from "../state.ts";

/**
 * Reports whether a check may be sent to a mirror. Makes room for it: bodies that wait for it give up
 * their connections.
 */
export function hasRoomFor(mirror: Mirror, state: DownloadState, now: number): boolean {
  const { live, seat } = mirror;
  const hasRoom = seat.room(now) > 0;
  // The body of a probe is held back until more is known: this is how. But its host may take no more.
  const isFull = !hasRoom && seat.liveRequests(now) >= seat.limit(now);
  const busy = live.filter(({ kind, held }) => isFull || kind === "range" || !held);
  if (hasRoom && busy.length < mirror.maxConnections) return true;
  const last = busy.at(-1);
  if (last === undefined || !busy.every(({ held }) => held)) return false;
  state.cancel(state.requests.get(last.id)!, "questioned", now);
  state.look(now);
  return seat.room(now) > 0;
}

/** Reads on what waited for the doubt about a mirror to be settled. */
export function resume(mirror: Mirror, state: DownloadState, now: number): void {
  for (const request of heldOf(mirror, state)) {
    const { activeAt } = request;
    request.resume(now);
    mirror.resumed(now - activeAt, now);
    state.commands.push({ type: "resume", request: request.id });
  }
}

/** Frees what a mirror owns once nothing else is under way: the others may have no room for more. */
export function letGo(mirror: Mirror, state: DownloadState, now: number): void {
  if ([...state.requests].some(({ held }) => !held)) return;
  for (const request of heldOf(mirror, state)) state.cancel(request, "questioned", now);
}

function heldOf(mirror: Mirror, { requests }: DownloadState): LiveRequest[] {
  return requests.of(mirror).filter(({ held, kind }) => held && kind === "range");
}

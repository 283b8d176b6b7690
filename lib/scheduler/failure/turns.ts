/**
 * Mirrors that wait for their turn: their hosts take no more requests now, by what they refused. Pure: times
 * are in milliseconds, and passed in.
 *
 * @module
 */

import { MirrorError } from "../../errors.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { DownloadState } from "../state.ts";
import type { ResolvedRetry } from "./retries.ts";

type Patience = Pick<ResolvedRetry, "maxTimeMs">;

/** Lets a mirror wait until its host takes another request. */
export function awaitTurn(mirror: Mirror, now: number, failure?: MirrorError): void {
  const { seat } = mirror;
  seat.wait(now);
  mirror.waitForTurn(seat.turnAt(now), failure ?? turnOf(mirror, seat.limit(now)));
}

function turnOf({ url, seat: { host } }: Mirror, limit: number): MirrorError {
  const message = Number.isFinite(limit)
    ? `waits for one of the ${limit} requests that ${host} serves at once`
    : `waits until ${host} takes requests again`;
  return new MirrorError(message, {
    mirror: url,
    phase: "connect",
    reason: "status",
    retryable: true,
  });
}

/**
 * Returns when the mirrors that were refused, and wait for their turn, are given up; `Infinity` for never.
 * They are not as long as anything is under way, or there is room for nothing.
 */
export function giveUpAt(state: DownloadState, { maxTimeMs }: Patience): number {
  if (maxTimeMs === Infinity || state.windowIsFull || state.requests.size > 0) return Infinity;
  return state.mirrors.some(waitsInVain) ? state.commands.startedAt + maxTimeMs : Infinity;
}

/** Returns the mirrors that are given up at `now`, and their failures. */
export function waitedInVain(
  state: DownloadState,
  patience: Patience,
  now: number,
): readonly (readonly [Mirror, MirrorError])[] {
  if (now < giveUpAt(state, patience)) return [];
  const runMs = now - state.commands.startedAt;
  return state.mirrors.filter(waitsInVain).map((mirror) =>
    [mirror, inVain(mirror, runMs, now)] as const
  );
}

/** Reports whether a mirror was refused, has not answered since, and may not be asked now. */
function waitsInVain({ state, trackRecord, mayAsk }: Mirror): boolean {
  if (!trackRecord.isRefused) return false;
  return state.type === "waiting" ? state.turn : state.type === "ready" && !mayAsk;
}

function inVain(mirror: Mirror, runMs: number, now: number): MirrorError {
  const { state, seat } = mirror;
  const failure = state.type === "waiting" ? state.failure : turnOf(mirror, seat.limit(now));
  const { mirror: url, phase, reason, status, fault, problem, retryAfterMs } = failure;
  return new MirrorError(`${problem} (given up after ${Math.round(runMs / 1000)} s)`, {
    ...{ mirror: url, phase, reason, status, fault, retryAfterMs },
    retryable: true,
    cause: failure,
  });
}

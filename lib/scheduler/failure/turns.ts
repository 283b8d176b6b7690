/**
 * Mirrors that wait for their turn: their hosts take no more requests now, by what they refused. Pure, but for
 * the mirrors that it lets wait: times are in milliseconds, and passed in.
 *
 * @module
 */

import { MirrorError } from "../../errors.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { DownloadState } from "../state.ts";
import type { ResolvedRetry } from "./retries.ts";

type Patience = Pick<ResolvedRetry, "maxTimeMs" | "maxQuietMs">;

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
 * Returns when mirrors that wait are given up; `Infinity` for never. They are not as long as anything is under
 * way, or there is room for nothing.
 */
export function giveUpAt(state: DownloadState, patience: Patience): number {
  if (state.windowIsFull || state.requests.size > 0) return Infinity;
  return Math.min(lateAt(state, patience), quietUntil(state, patience));
}

/** Returns when the time for retries is over, for mirrors that were refused; `Infinity` for never. */
function lateAt({ mirrors, commands }: DownloadState, { maxTimeMs }: Patience): number {
  return mirrors.some(waitsInVain) ? commands.startedAt + maxTimeMs : Infinity;
}

/** Returns until when a download waits of which all mirrors do; `Infinity` for ever. */
function quietUntil({ mirrors }: DownloadState, { maxQuietMs }: Patience): number {
  const alive = mirrors.filter((mirror) => mirror.alive);
  if (maxQuietMs === Infinity || alive.length === 0 || !alive.every(waits)) return Infinity;
  // Before the first of them was refused, nothing may have been requested.
  const refusedSince = Math.min(...alive.map(({ trackRecord }) => trackRecord.turnedAwaySince));
  // Other downloads may have waited for all of them before.
  const shutSince = Math.max(...alive.map(({ shut }) => shut?.since ?? Infinity));
  const deliveredAt = Math.max(...alive.map(({ deliveredAt }) => deliveredAt));
  const since = Math.max(Math.min(refusedSince, shutSince), deliveredAt);
  const end = since + maxQuietMs;
  const isInVain = alive.every(({ state, shut }) =>
    (state.type === "waiting" ? state.until : shut?.until ?? 0) >= end
  );
  return isInVain ? since : end;
}

/** Returns the mirrors that are given up at `now`, and their failures. */
export function waitedInVain(
  state: DownloadState,
  patience: Patience,
  now: number,
): readonly (readonly [Mirror, MirrorError])[] {
  if (now < giveUpAt(state, patience)) return [];
  const runMs = now - state.commands.startedAt;
  const isQuiet = now >= quietUntil(state, patience);
  return state.mirrors.filter(isQuiet ? waits : waitsInVain).map((mirror) =>
    [mirror, inVain(mirror, runMs, now)] as const
  );
}

/** Reports whether a mirror may not be asked now, by what its server has said. */
function waits({ state, mayAsk }: Mirror): boolean {
  if (state.type !== "waiting") return state.type === "ready" && !mayAsk;
  return state.turn || state.failure.retryAfterMs !== undefined;
}

/** Reports whether a mirror was refused, has not answered since, and may not be asked now. */
function waitsInVain({ state, trackRecord, mayAsk }: Mirror): boolean {
  if (!trackRecord.isRefused) return false;
  return state.type === "waiting" ? state.turn : state.type === "ready" && !mayAsk;
}

function inVain(mirror: Mirror, runMs: number, now: number): MirrorError {
  const { state, seat } = mirror;
  const failure = state.type === "waiting" ? state.failure : turnOf(mirror, seat.limit(now));
  const { mirror: url, phase, reason, status, fault, problem } = failure;
  const leftMs = (mirror.shut?.until ?? now) - now;
  const retryAfterMs = failure.retryAfterMs ?? (leftMs > 0 ? leftMs : undefined);
  return new MirrorError(`${problem} (given up after ${Math.round(runMs / 1000)} s)`, {
    ...{ mirror: url, phase, reason, status, fault, retryAfterMs },
    retryable: true,
    cause: failure,
  });
}

/**
 * How algorithms keep to a limit on the rate of the whole download. A link cannot be slowed down: what
 * it is asked for comes as fast as it can, and what is read too slowly fills the kernel's buffers all
 * the same. So the limit is kept by asking: for little at a time, and for no more while there is debt.
 *
 * @module
 */

import type { LimitView } from "../scheduler/view.ts";

/** No limit. */
export const UNLIMITED: LimitView = { rate: Infinity, openAt: -Infinity };

/** A request asks for what may come in so many milliseconds: the limit is to look smooth. */
const PIECE_MS = 100;

/** Fewer bytes than this are not worth a request. */
const SHORTEST_PIECE = 1024;

/**
 * For so many round trips' worth is asked where that takes longer, so that a distant mirror can keep
 * up with the limit: with one request at a time, and with more.
 */
const LONE_ROUND_TRIPS = 2;
const ROUND_TRIPS = 1;

/** What holds up the front may be asked for in a debt of so many milliseconds, but of no more. */
const MOST_DEBT_MS = 300;

/** A link, as far as the size of a piece depends on it. */
export interface LimitedSource {
  /** Milliseconds from a request to its answer. */
  readonly latencyMs: number;
  /** The most requests that it may have under way at once. */
  readonly maxConnections: number;
}

/** What may come in a moment: the most bytes that are asked for at once. */
export function pieceOf({ rate }: LimitView, source?: LimitedSource): number {
  if (source === undefined) return Math.max(SHORTEST_PIECE, rate * PIECE_MS);
  const { latencyMs, maxConnections } = source;
  const roundTrips = maxConnections === 1 ? LONE_ROUND_TRIPS : ROUND_TRIPS;
  return Math.floor(Math.max(SHORTEST_PIECE, rate * Math.max(PIECE_MS, roundTrips * latencyMs)));
}

/** Whether what holds up the front may be asked for, though there may be debt. */
export function mayHurry({ openAt }: LimitView, now: number): boolean {
  return openAt <= now + MOST_DEBT_MS;
}

/** The most bytes that may come from `from` to `to` (milliseconds). */
export function mostBytes({ rate }: LimitView, from: number, to: number): number {
  return rate === Infinity ? Infinity : rate * Math.max(0, to - from);
}

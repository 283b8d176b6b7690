/**
 * What it means that the process stood still: its event loop was busy, it was stopped, or the machine was
 * asleep. Nothing could be noticed meanwhile, so silences of that time count against no mirror; and after a
 * long sleep, connections may be dead. Pure, but for the state that it changes: times are in milliseconds,
 * and passed in.
 *
 * @module
 */

import { reconnect } from "../mirror/idle_connections.ts";
import type { DownloadState } from "../state.ts";

/** After a longer standstill, connections may be dead. */
const ASLEEP_MS = 5000;
/** What arrives so soon afterwards may have waited in buffers. */
const BUFFERED_MS = 100;

/** What mirrors are waited for. */
export interface Patience {
  /** Waits longer: nothing could be noticed for `ms` until `now`, in milliseconds. */
  excuse(ms: number, now: number): void;
}

/** Updates what is known of requests and links: the process stood still for `ms` until `now`. */
export function standStill(
  state: DownloadState,
  patience: Patience,
  ms: number,
  now: number,
): void {
  const { mirrors, requests } = state;
  patience.excuse(ms, now);
  for (const request of requests) request.excuse(ms, now);
  const asleep = ms >= ASLEEP_MS;
  for (const { link, rate, seat, tuner, trackRecord } of mirrors) {
    tuner?.interrupt();
    // Where the process stands still again and again, what it notices is all that there is to measure.
    if (link.isMeasured) link.rate.skip(ms, now, Math.min(ms, BUFFERED_MS));
    trackRecord.excuse(ms, now);
    seat.excuse(ms, now);
    if (!asleep) continue;
    rate.skip(ms, now);
    trackRecord.woke(now);
  }
  if (asleep) {
    for (const request of requests) request.doubt(now);
    reconnect(state);
  }
  state.look(now);
}

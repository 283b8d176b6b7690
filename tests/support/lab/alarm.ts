/**
 * Timers with a precision of a tenth of a millisecond. `setTimeout` counts whole milliseconds and fires 0.1 to 1.3 ms
 * late, up to 10 % of an emulated round trip of 10 ms. An alarm waits in `setTimeout` until shortly before its time,
 * then in short sleeps between which the event loop runs.
 *
 * @module
 */

import { clearImmediate, setImmediate } from "node:timers";

/** A timer that fires once, unless it is cancelled. */
export interface Alarm {
  cancel(): void;
}

/** An alarm leaves `setTimeout` this long before its time, in milliseconds: the most it is late. */
const NEAR_MS = 1.3;
/** Maximum sleep, in milliseconds: the delay of other events while an alarm is near. */
const NAP_MS = 0.15;
/** A sleep takes about this much longer, in milliseconds. */
const NAP_LATE_MS = 0.06;

const cell = new Int32Array(new SharedArrayBuffer(4));
const near = new Set<PreciseAlarm>();
let turn: ReturnType<typeof setImmediate> | undefined;

class PreciseAlarm implements Alarm {
  readonly atMs: number;
  readonly ring: () => void;
  #timeout: ReturnType<typeof setTimeout> | undefined;

  constructor(atMs: number, ring: () => void) {
    this.atMs = atMs;
    this.ring = ring;
    this.#approach();
  }

  #approach(): void {
    const coarse = Math.floor(this.atMs - performance.now() - NEAR_MS);
    if (coarse >= 1) {
      this.#timeout = setTimeout(() => this.#approach(), Math.min(coarse, 0x7fffffff));
    } else {
      this.#timeout = undefined;
      near.add(this);
      turn ??= setImmediate(takeTurn);
    }
  }

  cancel(): void {
    clearTimeout(this.#timeout);
    near.delete(this);
    if (near.size === 0 && turn !== undefined) {
      clearImmediate(turn);
      turn = undefined;
    }
  }
}

/** Fires due alarms, sleeps towards the next one, and continues in the next turn of the event loop. */
function takeTurn(): void {
  turn = undefined;
  let next = Infinity;
  for (const alarm of [...near].sort((a, b) => a.atMs - b.atMs)) {
    if (!near.has(alarm)) continue;
    if (alarm.atMs <= performance.now()) {
      near.delete(alarm);
      alarm.ring();
    } else {
      next = Math.min(next, alarm.atMs);
    }
  }
  if (near.size === 0) return;
  const nap = Math.min(NAP_MS, next - performance.now() - NAP_LATE_MS);
  if (nap > 0.01) Atomics.wait(cell, 0, 0, nap);
  turn ??= setImmediate(takeTurn);
}

/**
 * Calls `ring` once at `atMs` on the clock of `performance.now()`, never earlier and never before this call has
 * returned.
 */
export function alarmAt(atMs: number, ring: () => void): Alarm {
  return new PreciseAlarm(atMs, ring);
}

/**
 * A timer that is set again all the time: it keeps the running one as long as that is due early enough,
 * since most deadlines move with every chunk and are never met.
 *
 * @module
 */

import { holdProcess, type Timer } from "../../runtime.ts";
import { clock } from "./clock.ts";

/** The alarm may ring earlier by this time, in milliseconds. */
const SLACK_MS = 5;

/** An alarm later than this was held up: the process stood still, in milliseconds. */
const LATE_MS = 50;

/** The time need not be found out anew for so long, in milliseconds. */
const SOON_MS = 20;

/** Maximum time between two looks at the clock while the process is busy, in milliseconds. */
const LOOK_MS = 250;

/** The longest delay that `setTimeout` takes, in milliseconds. */
export const LONGEST_MS = 2 ** 31 - 1;

/** Rings once at each time that it is set to, or a little earlier. */
export class Alarm {
  readonly #ring: () => void;
  readonly #now: () => number;
  #timer: Timer | undefined;
  #at = Infinity;
  /** When its time was last found out anew. */
  #lookedAt = -Infinity;
  /** When it should ring, but not before it was set; when it should have, until that is asked about. */
  #dueAt = Infinity;

  #holdsProcess = true;

  /** Calls `ring`; `now` returns the time in milliseconds. */
  constructor(ring: () => void, now: () => number = () => clock.now()) {
    this.#ring = ring;
    this.#now = now;
  }

  /**
   * Returns for how long the process stood still until `now`, as the alarm should have rung by then, in
   * milliseconds; 0 if it did not, or that was returned before.
   */
  lateMs(now: number): number {
    if (!this.#isLate(now)) return 0;
    const lateMs = now - this.#dueAt;
    this.#dueAt = now;
    return lateMs;
  }

  /** Reports whether it is time for what is due at `at`, or the process stood still until `now`. */
  isDue(at: number, now: number): boolean {
    return at <= now + SLACK_MS || this.#isLate(now);
  }

  /**
   * Sets the time, in milliseconds of the {@linkcode clock}; `Infinity` for never. Where the process
   * `isBusy`, it rings soon in any case, so that a standstill is noticed.
   */
  set(at: number, isBusy = false): void {
    if (isBusy) at = Math.min(at, this.#now() + LOOK_MS);
    if (this.#at <= at + SLACK_MS) return;
    clearTimeout(this.#timer);
    this.#at = at;
    const now = this.#now();
    // The process may have stood still since the caller asked last, as in the middle of what it does.
    if (!this.#isLate(now)) this.#dueAt = Math.max(at, now);
    const delayMs = Math.max(0, Math.ceil(at - now));
    const ring = () => {
      this.#at = Infinity;
      // The callback may ask how late it is.
      this.#ring();
      if (this.#at === Infinity) this.#dueAt = Infinity;
    };
    this.#timer = this.#wait(() => {
      // Timers come before sockets: after the event loop was busy for long, what has arrived meanwhile
      // is to be read first.
      if (this.#now() - at > LATE_MS) this.#timer = this.#wait(ring, 1);
      else ring();
    }, Math.min(LONGEST_MS, delayMs));
  }

  /**
   * Sets it to ring soon, so that the time need not be found out anew now. Reports whether it did: it does
   * not where that has been put off for long enough.
   */
  setSoon(now: number): boolean {
    const isSoon = now < this.#lookedAt + SOON_MS;
    if (isSoon) this.set(this.#lookedAt + SOON_MS);
    else this.#lookedAt = now;
    return isSoon;
  }

  /** Whether the process goes on for it. */
  set holdsProcess(holds: boolean) {
    this.#holdsProcess = holds;
    if (this.#timer !== undefined) holdProcess(this.#timer, holds);
  }

  #wait(ring: () => void, ms: number): Timer {
    const timer = setTimeout(ring, ms);
    if (!this.#holdsProcess) holdProcess(timer, false);
    return timer;
  }

  #isLate(now: number): boolean {
    return now - this.#dueAt > LATE_MS;
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#at = this.#dueAt = Infinity;
  }
}

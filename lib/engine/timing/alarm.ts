/**
 * A timer that is set again all the time: it keeps the running one as long as that is due early enough,
 * since most deadlines move with every chunk and are never met.
 *
 * @module
 */

/** The alarm may ring earlier by this time, in milliseconds. */
const SLACK_MS = 5;

/** An alarm later than this was held up by the event loop, in milliseconds. */
const LATE_MS = 50;

/** The longest delay that `setTimeout` takes, in milliseconds. */
export const LONGEST_MS = 2 ** 31 - 1;

/** Rings once at each time that it is set to, or a little earlier. */
export class Alarm {
  readonly #ring: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #at = Infinity;

  constructor(ring: () => void) {
    this.#ring = ring;
    // Deno 2.9 loads its timers at their first use, and runs microtasks meanwhile: better now than in
    // set(), where these could call set() again.
    clearTimeout(undefined);
  }

  /** Sets the time, in milliseconds of `performance.now()`; `Infinity` for never. */
  set(at: number): void {
    if (this.#at <= at + SLACK_MS) return;
    clearTimeout(this.#timer);
    this.#at = at;
    const delayMs = Math.max(0, Math.ceil(at - performance.now()));
    const ring = () => {
      this.#at = Infinity;
      this.#ring();
    };
    this.#timer = setTimeout(() => {
      // Timers come before sockets: after the event loop was busy for long, what has arrived meanwhile
      // is to be read first.
      if (performance.now() - at > LATE_MS) this.#timer = setTimeout(ring, 1);
      else ring();
    }, Math.min(LONGEST_MS, delayMs));
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#at = Infinity;
  }
}

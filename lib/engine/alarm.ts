/**
 * A timer that is set anew all the time: it keeps the one it has as long as that is due early
 * enough, since most deadlines move with every chunk and are never met.
 *
 * @module
 */

/** A wake-up this much earlier than needed is as good, in milliseconds. */
const SLACK_MS = 5;

/** An alarm that rings later than this has been held up, in milliseconds. */
const LATE_MS = 50;

/** The longest delay that `setTimeout` takes, in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

/** Rings once for each time that it is set to, or a little earlier. */
export class Alarm {
  readonly #ring: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #at = Infinity;

  /** Calls `ring` when the time has come. */
  constructor(ring: () => void) {
    this.#ring = ring;
    // Deno 2.9 loads its timers with their first use, and runs microtasks while it does: better now
    // than in the middle of set(), where these could call set() once more.
    clearTimeout(undefined);
  }

  /** Sets it to `at`, in milliseconds of `performance.now()`; `Infinity` for never. */
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
      // Timers come before sockets: after a long stay of the event loop elsewhere, what has arrived
      // meanwhile is to be read first.
      if (performance.now() - at > LATE_MS) this.#timer = setTimeout(ring, 1);
      else ring();
    }, Math.min(LONGEST_MS, delayMs));
  }

  /** Sets it to never. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#at = Infinity;
  }
}

/**
 * How the bytes of a mirror flow: steadily, or with pauses in the middle of responses. A transport that
 * recovers from losses, or whose window is too small for the link, pauses for about a round trip, again
 * and again: such a link is filled by several connections only. Pure: times are in milliseconds, and
 * passed in.
 *
 * @module
 */

/**
 * `unknown` until enough has arrived; `halting` with pauses that are longer than any recovery from a
 * loss: the server limits its connections.
 */
export type Flow = "unknown" | "steady" | "bursty" | "halting";

/** Links and connections pause at their start, too: so many round trips do not count. */
export const WARM_UP_ROUND_TRIPS = 8;
/** A pause takes at least this part of a round trip. */
const PAUSE_ROUND_TRIPS = 0.5;
/** A pause takes at least this time, in milliseconds: a busy machine hands over bytes no sooner. */
const LEAST_PAUSE_MS = 4;
/** So many pauses within a period make a bursty link. */
const PAUSES = 4;
/** A pause so long is no recovery. */
const HALT_ROUND_TRIPS = 5;
const HALT_MS = 200;
const PERIOD_ROUND_TRIPS = 8;
const PERIOD_MS = 100;
/**
 * Of a mirror that is alone, so many periods in a row of at least this time: its one connection takes as
 * long as that to recover from many losses at once, and is disturbed by each trial of more.
 */
const PERIODS_ALONE = 2;
const PERIOD_ALONE_MS = 300;

export class FlowMeter {
  #flow: Flow = "unknown";
  /** When the warm-up or the present period began. */
  #since: number | undefined;
  #isWarm = false;
  #pauses = 0;
  readonly #periods: number;
  readonly #periodMs: number;
  /** How many of the last periods were bursty. */
  #burstyPeriods = 0;

  constructor(isAlone = false) {
    this.#periods = isAlone ? PERIODS_ALONE : 1;
    this.#periodMs = isAlone ? PERIOD_ALONE_MS : PERIOD_MS;
  }

  get flow(): Flow {
    return this.#flow;
  }

  /** Forgets the present period: other requests disturb what is measured. */
  interrupt(): void {
    this.#since = undefined;
    this.#isWarm = false;
    this.#pauses = this.#burstyPeriods = 0;
  }

  /** Takes in that bytes of a response have arrived, `pauseMs` after those before them. */
  received(pauseMs: number, roundTripMs: number, now: number): void {
    if (this.#flow === "halting") return;
    if (pauseMs > Math.max(HALT_MS, HALT_ROUND_TRIPS * roundTripMs)) {
      this.#flow = "halting";
      return;
    }
    if (this.#flow === "bursty") return;
    this.#since ??= now;
    const elapsedMs = now - this.#since;
    if (!this.#isWarm) {
      if (elapsedMs < WARM_UP_ROUND_TRIPS * roundTripMs) return;
      this.#isWarm = true;
      this.#since = now;
      return;
    }
    if (pauseMs > Math.max(LEAST_PAUSE_MS, PAUSE_ROUND_TRIPS * roundTripMs)) this.#pauses++;
    const isBursty = this.#pauses >= PAUSES;
    const isOver = elapsedMs >= Math.max(this.#periodMs, PERIOD_ROUND_TRIPS * roundTripMs);
    if (!isOver && (!isBursty || this.#periods > 1)) return;
    this.#burstyPeriods = isBursty ? this.#burstyPeriods + 1 : 0;
    if (this.#burstyPeriods >= this.#periods) this.#flow = "bursty";
    else if (!isBursty) this.#flow = "steady";
    this.#since = now;
    this.#pauses = 0;
  }
}

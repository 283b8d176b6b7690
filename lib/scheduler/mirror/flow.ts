/**
 * How the bytes of a mirror flow: steadily, or with pauses in the middle of responses. A transport that
 * recovers from losses, or whose window is too small for the link, pauses for about a round trip, again
 * and again: such a link is filled by several connections only. Pure: times are in milliseconds, and
 * passed in.
 *
 * @module
 */

/** `unknown` until enough has arrived. */
export type Flow = "unknown" | "steady" | "bursty";

/** Links and connections pause at their start, too: so many round trips do not count. */
export const WARM_UP_ROUND_TRIPS = 8;
/** A pause takes this part of a round trip, */
const PAUSE_ROUND_TRIPS = 0.5;
/** and at least this time: a busy machine hands over bytes no sooner. */
const LEAST_PAUSE_MS = 4;
/** So many pauses within a period make a bursty link. */
const PAUSES = 4;
const PERIOD_ROUND_TRIPS = 8;
const PERIOD_MS = 100;

export class FlowMeter {
  #flow: Flow = "unknown";
  /** When the warm-up or the present period began. */
  #since: number | undefined;
  #isWarm = false;
  #pauses = 0;

  get flow(): Flow {
    return this.#flow;
  }

  /** Takes in that bytes of a response have arrived, `pauseMs` after those before them. */
  received(pauseMs: number, roundTripMs: number, now: number): void {
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
    if (this.#pauses >= PAUSES) this.#flow = "bursty";
    else if (elapsedMs >= Math.max(PERIOD_MS, PERIOD_ROUND_TRIPS * roundTripMs)) {
      this.#flow = "steady";
      this.#since = now;
      this.#pauses = 0;
    }
  }
}

/**
 * How many requests keep a mirror busy, and how many more are kept ready to take over: a fixed number, or
 * as many as turn out to be of use. Pure: times are in milliseconds, and passed in.
 *
 * @module
 */

import { ConnectionTuner } from "./connection_tuner.ts";

/** The most connections to one server; more are considered impolite. */
export const MOST_CONNECTIONS = 16;

/** So few connections are all used from the start; where more are allowed, the number is found. */
const FIXED_CONNECTIONS = 2;
/** For this many lanes, one more request is kept ready to take over. */
const LANES_PER_SPARE = 4;
/** While little is known of a mirror, it has so many lanes, */
const FIRST_LANES = 4;
/** or one for so many bytes under way on its link. */
const BYTES_PER_LANE = 16_000;

export class Lanes {
  /** Finds the number of lanes, where it is not fixed. */
  readonly tuner: ConnectionTuner | undefined;
  readonly #most: number;

  /**
   * Takes the most requests that may be under way at once; `auto` for the most that are polite. A mirror
   * that is alone answers one request for everything first.
   */
  constructor(maxConnections: number | "auto", isAlone = false) {
    this.#most = maxConnections === "auto" ? MOST_CONNECTIONS : maxConnections;
    if (this.#most <= FIXED_CONNECTIONS) return;
    this.tuner = new ConnectionTuner(lanesOf(this.#most), isAlone);
  }

  /** Returns the number of requests to keep busy, with so many bytes under way on the link. */
  count(window = Infinity): number {
    if (this.tuner === undefined) return lanesOf(this.#most);
    return Math.min(this.tuner.lanes, Math.max(FIRST_LANES, Math.floor(window / BYTES_PER_LANE)));
  }

  /** Returns the most requests that may be under way at once. */
  maxConnections(window = Infinity): number {
    if (this.tuner === undefined) return this.#most;
    const lanes = this.count(window);
    return Math.min(this.#most, lanes + Math.ceil(lanes / LANES_PER_SPARE));
  }
}

/** Returns how many of so many connections can be kept busy without a pause. */
function lanesOf(connections: number): number {
  return Math.max(1, connections - Math.ceil(connections / (LANES_PER_SPARE + 1)));
}

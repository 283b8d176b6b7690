/**
 * How many requests keep a mirror busy, and how many more are kept ready to take over: a fixed number, or
 * as many as turn out to be of use. Pure: times are in milliseconds, and passed in.
 *
 * @module
 */

import { ConnectionTuner } from "./connection_tuner.ts";

/** The most connections to one server; more are considered impolite. */
export const MOST_CONNECTIONS = 16;

/** For this many lanes, one more request is kept ready to take over. */
const LANES_PER_SPARE = 4;

export class Lanes {
  /** Finds the number of lanes, where it is not fixed. */
  readonly tuner: ConnectionTuner | undefined;
  readonly #most: number;

  /** Takes the most requests that may be under way at once; `auto` for as many as are of use. */
  constructor(maxConnections: number | "auto") {
    this.#most = maxConnections === "auto" ? MOST_CONNECTIONS : maxConnections;
    if (maxConnections === "auto") this.tuner = new ConnectionTuner(lanesOf(this.#most));
  }

  /** Number of requests to keep busy. */
  get count(): number {
    return this.tuner?.lanes ?? lanesOf(this.#most);
  }

  /** The most requests that may be under way at once. */
  get maxConnections(): number {
    if (this.tuner === undefined) return this.#most;
    return Math.min(this.#most, this.count + Math.ceil(this.count / LANES_PER_SPARE));
  }
}

/** Returns how many of so many connections can be kept busy without a pause. */
function lanesOf(connections: number): number {
  return Math.max(1, connections - Math.ceil(connections / (LANES_PER_SPARE + 1)));
}

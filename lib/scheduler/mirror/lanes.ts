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
/** While little is known of the mirrors, they share so many lanes: new connections speed up side by side. */
const SHARED_LANES = 24;
/** Each has at least so many then, and at most so many. */
const FIRST_LANES = 4;
const MOST_FIRST_LANES = 8;
/** And no more than the least, where the link is not worth so many. */
const SLOW_LANES = 2;
/**
 * A lane for so many bytes under way: with fewer packets, a connection does not notice the loss of one
 * until a timeout, and several only wait for one another.
 */
const BYTES_PER_LANE = 16_000;

export class Lanes {
  /** Finds the number of lanes, where it is not fixed. */
  readonly tuner: ConnectionTuner | undefined;
  readonly #most: number;
  readonly #first: number;

  /**
   * Takes the most requests that may be under way at once, `auto` for the most that are polite, and the
   * number of mirrors. One that is alone answers one request for everything first.
   */
  constructor(maxConnections: number | "auto", mirrors = 2) {
    const share = Math.min(MOST_FIRST_LANES, Math.floor(SHARED_LANES / mirrors));
    this.#first = Math.max(FIRST_LANES, share);
    this.#most = maxConnections === "auto" ? MOST_CONNECTIONS : maxConnections;
    if (this.#most <= FIXED_CONNECTIONS) return;
    this.tuner = new ConnectionTuner(lanesOf(this.#most), this.#first, mirrors === 1);
  }

  /** Returns how many lanes the link is worth with so many bytes under way on it; `isKnown`: how bytes flow. */
  worth(bytes: number, isKnown: boolean): number {
    const lanes = Math.floor(bytes / BYTES_PER_LANE);
    const isSlow = bytes > 0 && lanes < SLOW_LANES;
    return Math.max(isKnown ? 1 : isSlow ? FIRST_LANES : this.#first, lanes);
  }

  /** The number of requests to keep busy. */
  get count(): number {
    return this.tuner?.lanes ?? lanesOf(this.#most);
  }

  /** The most requests that may be under way at once. */
  get maxConnections(): number {
    if (this.tuner === undefined) return this.#most;
    return Math.min(this.#most, this.count + Math.ceil(this.count / LANES_PER_SPARE));
  }
}

/** Returns how many of so many connections are kept busy at most: one is ready to take over. */
function lanesOf(connections: number): number {
  return Math.max(1, connections - 1);
}

/**
 * A delay that wanders between 0 and its maximum: a random value in each of its periods, straight lines
 * in between. Packets keep their order, are spread while it grows, and arrive in a burst while it falls,
 * as behind a radio link that is busy for a moment. Times are in milliseconds.
 *
 * @module
 */

export class Jitter {
  readonly #most: number;
  readonly #random: () => number;
  #knot = -Infinity;
  #from = 0;
  #to = 0;

  /** `most` is the maximum delay, and the length of a period. */
  constructor(most: number, random: () => number) {
    this.#most = most;
    this.#random = random;
  }

  /** Returns the delay of a packet at `now`. */
  delayAt(now: number): number {
    const most = this.#most;
    if (most === 0) return 0;
    if (now - this.#knot >= most) {
      const follows = now - this.#knot < 2 * most;
      this.#from = follows ? this.#to : this.#random();
      this.#to = this.#random();
      this.#knot = follows ? this.#knot + most : now;
    }
    return this.#from * most + (this.#to - this.#from) * (now - this.#knot);
  }
}

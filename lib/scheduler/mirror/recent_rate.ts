/**
 * The rate that statistics show: what was received in the last second, neither smoothed nor predicted.
 * Rates of several mirrors over the same time add up to the rate of all. Pure: times are in
 * milliseconds, and passed in.
 *
 * @module
 */

/** The time over which bytes are counted, in milliseconds. */
const WINDOW_MS = 1000;
/** Bytes that arrive within this time are counted together. */
const SLOT_MS = 10;
/** One slot more than the window has, because the oldest one counts in part. */
const SLOTS = WINDOW_MS / SLOT_MS + 1;
/** The beginning of a download counts as this long, at least: a first burst is not a rate. */
const LEAST_MS = 200;

/** Counts the bytes of the last second. */
export class RecentRate {
  readonly #slots = new Float64Array(SLOTS);
  /** The number of the newest slot, counted from time 0. */
  #newest = -Infinity;

  /** Counts bytes that arrived at `now`. */
  add(bytes: number, now: number): void {
    this.#advance(now);
    this.#slots[this.#newest % SLOTS]! += bytes;
  }

  /**
   * Returns the bytes per second of the last second at `now`; before a second has passed since `since`,
   * those of the time since then.
   */
  at(now: number, since: number): number {
    const newest = Math.floor(now / SLOT_MS);
    const oldest = newest - SLOTS + 1;
    let bytes = 0;
    for (let slot = Math.max(oldest, this.#newest - SLOTS + 1, 0); slot <= this.#newest; slot++) {
      // Of the oldest slot, only the end is within the window.
      const share = slot === oldest ? 1 - (now % SLOT_MS) / SLOT_MS : 1;
      bytes += share * this.#slots[slot % SLOTS]!;
    }
    return bytes * 1000 / Math.min(WINDOW_MS, Math.max(LEAST_MS, now - since));
  }

  /** Empties the slots between the newest and the one of `now`. */
  #advance(now: number): void {
    const slot = Math.floor(now / SLOT_MS);
    if (slot <= this.#newest) return;
    const first = Math.max(this.#newest + 1, slot - SLOTS + 1);
    for (let passed = first; passed <= slot; passed++) this.#slots[passed % SLOTS] = 0;
    this.#newest = slot;
  }
}

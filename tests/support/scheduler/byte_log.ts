/**
 * Records how many bytes had arrived at which time, and measures rates.
 *
 * @module
 */

/** A record of arrivals. Times are in milliseconds. */
export class ByteLog {
  readonly #points: (readonly [atMs: number, total: number])[] = [];

  /** Records that `total` bytes have arrived at `atMs`. */
  add(atMs: number, total: number): void {
    if (total > (this.#points.at(-1)?.[1] ?? 0)) this.#points.push([atMs, total]);
  }

  /** Time of the first bytes. */
  get firstMs(): number {
    return this.#points[0]![0];
  }

  /** Time of the last bytes. */
  get lastMs(): number {
    return this.#points.at(-1)![0];
  }

  /** Returns how many bytes had arrived at a time. */
  totalAt(ms: number): number {
    let low = 0;
    let high = this.#points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#points[middle]![0] <= ms) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : this.#points[low - 1]![1];
  }

  /** Returns the lowest and the highest rate over any `windowMs` between the first and the last bytes. */
  rates(windowMs: number, fromMs: number = this.firstMs): { least: number; most: number } {
    let [least, most] = [Infinity, 0];
    for (let ms = fromMs; ms + windowMs <= this.lastMs; ms += windowMs / 200) {
      const rate = (this.totalAt(ms + windowMs) - this.totalAt(ms)) * 1000 / windowMs;
      least = Math.min(least, rate);
      most = Math.max(most, rate);
    }
    return { least, most };
  }
}

/**
 * How many bytes had come by when, and how evenly they came.
 *
 * @module
 */

/** When how many bytes came. Times are in milliseconds. */
export class ByteLog {
  readonly #points: (readonly [atMs: number, total: number])[] = [];

  /** `total` bytes have come by `atMs`. */
  add(atMs: number, total: number): void {
    if (total > (this.#points.at(-1)?.[1] ?? 0)) this.#points.push([atMs, total]);
  }

  /** When the first bytes came. */
  get firstMs(): number {
    return this.#points[0]![0];
  }

  /** When the last ones came. */
  get lastMs(): number {
    return this.#points.at(-1)![0];
  }

  /** How many bytes had come by a time. */
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

  /** The lowest and the highest rate over any `windowMs` from the first bytes to the last. */
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

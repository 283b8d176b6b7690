/**
 * A set of bytes as disjoint half-open ranges, lowest first. It holds few ranges (a hole for each
 * request that runs ahead), so it is one sorted array with a binary search. Pure.
 *
 * @module
 */

import type { ByteRange } from "../http/byte_range.ts";

/** A set of integers, kept as disjoint half-open intervals that do not touch. */
export class IntervalSet {
  #intervals: ByteRange[] = [];

  constructor(...intervals: ByteRange[]) {
    for (const { start, end } of intervals) this.add(start, end);
  }

  /** The intervals, lowest first. */
  get intervals(): readonly ByteRange[] {
    return this.#intervals;
  }

  /** Returns the first interval that ends after `value`. */
  after(value: number): ByteRange | undefined {
    return this.#intervals[this.#search(value + 1)];
  }

  /** Reports whether `value` is in the set. */
  has(value: number): boolean {
    const interval = this.after(value);
    return interval !== undefined && interval.start <= value;
  }

  /** Reports whether all of `start` to `end` is in the set. */
  covers(start: number, end: number): boolean {
    if (start >= end) return true;
    const interval = this.after(start);
    return interval !== undefined && interval.start <= start && interval.end >= end;
  }

  /** Reports whether any of `start` to `end` is in the set. */
  overlaps(start: number, end: number): boolean {
    const interval = this.after(start);
    return interval !== undefined && interval.start < end;
  }

  /** Returns how many of `start` to `end` are in the set. */
  count(start: number, end: number): number {
    if (start >= end) return 0;
    let count = 0;
    for (let index = this.#search(start + 1); index < this.#intervals.length; index++) {
      const interval = this.#intervals[index]!;
      if (interval.start >= end) break;
      count += Math.min(end, interval.end) - Math.max(start, interval.start);
    }
    return count;
  }

  /** Adds `start` to `end`; returns how many of them are new. */
  add(start: number, end: number): number {
    if (start >= end) return 0;
    const first = this.#search(start);
    let last = first;
    let known = 0;
    let from = start;
    let to = end;
    for (; last < this.#intervals.length; last++) {
      const interval = this.#intervals[last]!;
      if (interval.start > end) break;
      known += Math.max(0, Math.min(end, interval.end) - Math.max(start, interval.start));
      from = Math.min(from, interval.start);
      to = Math.max(to, interval.end);
    }
    this.#intervals.splice(first, last - first, { start: from, end: to });
    return end - start - known;
  }

  /** Removes `start` to `end`; returns how many of them were in the set. */
  delete(start: number, end: number): number {
    if (start >= end) return 0;
    const first = this.#search(start + 1);
    const rest: ByteRange[] = [];
    let last = first;
    let known = 0;
    for (; last < this.#intervals.length; last++) {
      const interval = this.#intervals[last]!;
      if (interval.start >= end) break;
      known += Math.min(end, interval.end) - Math.max(start, interval.start);
      if (interval.start < start) rest.push({ start: interval.start, end: start });
      if (interval.end > end) rest.push({ start: end, end: interval.end });
    }
    if (last > first) this.#intervals.splice(first, last - first, ...rest);
    return known;
  }

  /** Returns the index of the first interval that ends at or after `value`. */
  #search(value: number): number {
    let low = 0;
    let high = this.#intervals.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#intervals[middle]!.end < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * Which bytes of the file are received, which are requested, and which are free. Invariant: every byte
 * is received, free, or owned by a live request, so that a range that is taken has to be received or
 * given back. A block is `splitSize` bytes. A unit is what one request of a classic algorithm covers: a
 * block or, where blocks arrive very quickly, several neighboring ones. Pure.
 *
 * @module
 */

import type { ByteRange } from "../../http/byte_range.ts";

/** The bytes of one download, from `start` to, but without, `end`. */
export class Ledger {
  readonly start: number;
  /** The size of a unit in bytes: a multiple of the size of a block. It may change at any time. */
  unitSize: number;
  #end: number;
  readonly #blockSize: number;
  readonly #free: IntervalSet;
  readonly #received = new IntervalSet();
  /** Free bytes that were requested before, and given back. */
  readonly #returned = new IntervalSet();
  #front: number;
  #receivedBytes = 0;
  #freeBytes: number;

  constructor(start: number, end: number, blockSize: number) {
    this.start = start;
    this.#end = end;
    this.#blockSize = blockSize;
    this.unitSize = blockSize;
    this.#front = start;
    this.#free = new IntervalSet({ start, end });
    this.#freeBytes = end - start;
  }

  /** The byte after the last one that is wanted; `Infinity` while the size is unknown. */
  get end(): number {
    return this.#end;
  }

  /** The first byte that has not been received. */
  get front(): number {
    return this.#front;
  }

  /** Number of bytes received, each counted once. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Number of bytes received behind the front. */
  get aheadBytes(): number {
    return this.#receivedBytes - (this.#front - this.start);
  }

  /** Number of bytes that are requested: neither received nor free. */
  get askedBytes(): number {
    return this.#end - this.start - this.#receivedBytes - this.#freeBytes;
  }

  get complete(): boolean {
    return this.#front >= this.#end;
  }

  /** Reports whether a byte is free because it was requested, but given back. */
  wasReturned(byte: number): boolean {
    return this.#returned.has(byte);
  }

  get hasFree(): boolean {
    return this.#freeBytes > 0;
  }

  /** The free bytes, lowest first. */
  get free(): readonly ByteRange[] {
    return this.#free.intervals;
  }

  /** The bytes that are received, lowest first. */
  get received(): readonly ByteRange[] {
    return this.#received.intervals;
  }

  isFree(byte: number): boolean {
    return this.#free.has(byte);
  }

  freeIn(start: number, end: number): number {
    return this.#free.count(start, end);
  }

  /** Number of units, or pieces of units, that are free. */
  get freeUnits(): number {
    let count = 0;
    for (const { start, end } of this.#free.intervals) count += this.#unitsIn(start, end);
    return count;
  }

  /** Returns the free unit, or piece of one, at `position` among the free ones, lowest first. */
  freeUnitAt(position: number): ByteRange | undefined {
    let before = 0;
    for (const { start, end } of this.#free.intervals) {
      const count = this.#unitsIn(start, end);
      if (position < before + count) {
        const unit = this.unitRange(this.unitOf(start) + position - before);
        return { start: Math.max(start, unit.start), end: Math.min(end, unit.end) };
      }
      before += count;
    }
    return undefined;
  }

  /** Returns the index of the block in which a byte lies. */
  blockOf(byte: number): number {
    return Math.floor((byte - this.start) / this.#blockSize);
  }

  /** Returns the index of the first block that begins at a byte or after it. */
  firstBlockFrom(byte: number): number {
    return Math.ceil((byte - this.start) / this.#blockSize);
  }

  blockRange(block: number): ByteRange {
    const start = this.start + block * this.#blockSize;
    return { start, end: Math.min(this.#end, start + this.#blockSize) };
  }

  /** Returns the index of the unit in which a byte lies. */
  unitOf(byte: number): number {
    return Math.floor((byte - this.start) / this.unitSize);
  }

  unitRange(unit: number): ByteRange {
    const start = this.start + unit * this.unitSize;
    return { start, end: Math.min(this.#end, start + this.unitSize) };
  }

  /** Number of whole units that are received but wait for something before them (invalid blocks). */
  get invalidUnits(): number {
    let count = 0;
    for (const { start, end } of this.#received.intervals) {
      if (end <= this.#front) continue;
      const first = Math.ceil((start - this.start) / this.unitSize);
      const behind = end >= this.#end ? this.#unitsIn(this.start, end) : this.unitOf(end);
      count += Math.max(0, behind - first);
    }
    return count;
  }

  /** Reports whether all bytes from `start` to `end` are received. */
  hasReceived(start: number, end: number): boolean {
    return this.#received.covers(start, Math.min(end, this.#end));
  }

  /** Marks the bytes from `start` to `end` as requested. */
  take(start: number, end: number): void {
    this.#freeBytes -= this.#free.delete(start, end);
    this.#returned.delete(start, end);
  }

  /** Frees the bytes from `start` to `end` that are neither received nor owned by one of `owners`. */
  giveBack(start: number, end: number, owners: Iterable<ByteRange>): void {
    // A response with the whole file owns what lies before the first byte that is wanted, too.
    const freed = new IntervalSet({
      start: Math.max(start, this.start),
      end: Math.min(end, this.#end),
    });
    for (const interval of this.#received.intervals) freed.delete(interval.start, interval.end);
    for (const owner of owners) freed.delete(owner.start, owner.end);
    for (const interval of freed.intervals) {
      this.#freeBytes += this.#free.add(interval.start, interval.end);
      this.#returned.add(interval.start, interval.end);
    }
  }

  /** Frees the bytes from `start` on that are not owned by one of `owners`, received ones, too. */
  forget(start: number, owners: Iterable<ByteRange>): void {
    const { end: received = start } = this.#received.intervals.at(-1) ?? {};
    this.#receivedBytes -= this.#received.delete(start, received);
    this.#front = Math.min(this.#front, start);
    const { start: open = start } = this.#free.intervals.at(-1) ?? {};
    this.giveBack(start, Math.max(start, received, open), owners);
    this.#returned.delete(start, this.#end);
  }

  /**
   * Marks the bytes from `start` to `end` as received. Returns how many of them are new, and the blocks
   * that they complete.
   */
  receive(
    start: number,
    end: number,
  ): { readonly bytes: number; readonly completed: readonly number[] } {
    const from = Math.max(start, this.start);
    const to = Math.min(end, this.#end);
    if (from >= to || this.#received.covers(from, to)) return { bytes: 0, completed: [] };
    const first = this.blockOf(from);
    const last = this.blockOf(to - 1);
    const before: boolean[] = [];
    const partlyKnown = this.#received.overlaps(from, to);
    for (let block = first; partlyKnown && block <= last; block++) before.push(this.#has(block));
    const bytes = this.#received.add(from, to);
    this.take(from, to);
    this.#receivedBytes += bytes;
    if (this.#received.has(this.#front)) this.#front = this.#received.after(this.#front)!.end;
    const completed: number[] = [];
    for (let block = first; block <= last; block++) {
      if (before[block - first] !== true && this.#has(block)) completed.push(block);
    }
    return { bytes, completed };
  }

  /** Learns where a file of unknown size ends; returns the blocks that are complete by that. */
  close(end: number): readonly number[] {
    const last = this.blockOf(end - 1);
    const before = this.#has(last);
    this.take(end, this.#end);
    this.#end = end;
    this.#freeBytes = 0;
    for (const interval of this.#free.intervals) this.#freeBytes += interval.end - interval.start;
    return end > this.start && !before && this.#has(last) ? [last] : [];
  }

  #has(block: number): boolean {
    const { start, end } = this.blockRange(block);
    return this.#received.covers(start, end);
  }

  #unitsIn(start: number, end: number): number {
    return this.unitOf(end - 1) - this.unitOf(start) + 1;
  }
}

/**
 * A set of bytes as disjoint half-open intervals that do not touch. There are few (a hole for each
 * request that runs ahead), so it is one sorted array with a binary search.
 */
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
    const joined = { start: from, end: to };
    if (last === first + 1) this.#intervals[first] = joined;
    else this.#intervals.splice(first, last - first, joined);
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

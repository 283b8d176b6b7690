/**
 * Which bytes of the file are received, which are asked for, and which are free. It knows bytes,
 * blocks and units, but neither mirrors nor time. Every byte is received, free, or owned by a live
 * request: whoever takes a range must receive it or give it back.
 *
 * A block is `splitSize` bytes. A unit is what one request asks for: a block or, where blocks take
 * next to no time, several neighbouring ones.
 *
 * @module
 */

import type { ByteRange } from "../http/byte_range.ts";
import { IntervalSet } from "./interval_set.ts";

/** What came of receiving bytes. */
export interface Receipt {
  /** How many of the bytes are new. */
  readonly bytes: number;
  /** The blocks that they completed. */
  readonly completed: readonly number[];
}

const NOTHING_NEW: Receipt = { bytes: 0, completed: [] };

/** The books of one download: from byte `start` up to, but without, byte `end`. */
export class Ledger {
  /** The first byte that is wanted. */
  readonly start: number;
  /** The size of a unit in bytes: a multiple of the size of a block. It may change at any time. */
  unitSize: number;
  #end: number;
  readonly #blockSize: number;
  readonly #free: IntervalSet;
  readonly #received = new IntervalSet();
  /** Free bytes that somebody had asked for and did not get. */
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

  /** The byte behind the last one that is wanted; `Infinity` while the size is unknown. */
  get end(): number {
    return this.#end;
  }

  /** The first byte that has not been received. */
  get front(): number {
    return this.#front;
  }

  /** How many bytes have been received, each counted once. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** How many bytes are being asked for: neither received nor free. */
  get askedBytes(): number {
    return this.#end - this.start - this.#receivedBytes - this.#freeBytes;
  }

  /** Whether every byte has been received. */
  get complete(): boolean {
    return this.#front >= this.#end;
  }

  /** Whether nobody has been asked for the front, or whoever was has given up. */
  get frontIsFree(): boolean {
    return this.#free.has(this.#front);
  }

  /** Whether the front was asked for, but given back. */
  get frontWasReturned(): boolean {
    return this.wasReturned(this.#front);
  }

  /** Whether a byte is free because it was asked for, but given back. */
  wasReturned(byte: number): boolean {
    return this.#returned.has(byte);
  }

  /** Whether any byte is free. */
  get hasFree(): boolean {
    return this.#freeBytes > 0;
  }

  /** What is free, lowest first. */
  get free(): readonly ByteRange[] {
    return this.#free.intervals;
  }

  /** Whether a byte is free. */
  isFree(byte: number): boolean {
    return this.#free.has(byte);
  }

  /** How many of the bytes from `start` to `end` are free. */
  freeIn(start: number, end: number): number {
    return this.#free.count(start, end);
  }

  /** How many units, or pieces of units, are free. */
  get freeUnits(): number {
    let count = 0;
    for (const { start, end } of this.#free.intervals) count += this.#unitsIn(start, end);
    return count;
  }

  /** The free unit, or piece of one, at `position` of the free ones, lowest first. */
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

  /** Index of the block in which a byte lies. */
  blockOf(byte: number): number {
    return Math.floor((byte - this.start) / this.#blockSize);
  }

  /** Index of the first block that begins at a byte or behind it. */
  firstBlockFrom(byte: number): number {
    return Math.ceil((byte - this.start) / this.#blockSize);
  }

  /** The bytes of a block. */
  blockRange(block: number): ByteRange {
    const start = this.start + block * this.#blockSize;
    return { start, end: Math.min(this.#end, start + this.#blockSize) };
  }

  /** Index of the unit in which a byte lies. */
  unitOf(byte: number): number {
    return Math.floor((byte - this.start) / this.unitSize);
  }

  /** The bytes of a unit. */
  unitRange(unit: number): ByteRange {
    const start = this.start + unit * this.unitSize;
    return { start, end: Math.min(this.#end, start + this.unitSize) };
  }

  /** How many whole units are received but wait for something before them (invalid blocks). */
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

  /** Whether all of `start` to `end` has been received. */
  hasReceived(start: number, end: number): boolean {
    return this.#received.covers(start, Math.min(end, this.#end));
  }

  /** Marks `start` to `end` as asked for. */
  take(start: number, end: number): void {
    this.#freeBytes -= this.#free.delete(start, end);
    this.#returned.delete(start, end);
  }

  /** Gives back `start` to `end`, but for what has been received or is owned by one of `owners`. */
  giveBack(start: number, end: number, owners: Iterable<ByteRange>): void {
    const freed = new IntervalSet({ start, end: Math.min(end, this.#end) });
    for (const interval of this.#received.intervals) freed.delete(interval.start, interval.end);
    for (const owner of owners) freed.delete(owner.start, owner.end);
    for (const interval of freed.intervals) {
      this.#freeBytes += this.#free.add(interval.start, interval.end);
      this.#returned.add(interval.start, interval.end);
    }
  }

  /** Marks `start` to `end` as received; says what of it is new, and which blocks it completed. */
  receive(start: number, end: number): Receipt {
    const from = Math.max(start, this.start);
    const to = Math.min(end, this.#end);
    if (from >= to || this.#received.covers(from, to)) return NOTHING_NEW;
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

  /** Learns where a file of unknown size ends; says which blocks are complete by that. */
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

/**
 * Whose bytes came, and whether they were of use: the simulator's own books, kept apart from the
 * scheduler's so that the one can be held against the other.
 *
 * @module
 */

import { IntervalSet } from "../../../lib/scheduler/interval_set.ts";

/** Counts what came. Mirrors are numbers. */
export class Arrivals {
  /** All that came from each mirror. */
  readonly bytesByMirror: number[];
  /** What of it was new when it came, and stayed so. */
  readonly usedBytesByMirror: number[];
  #used = new IntervalSet();
  #duplicateBytes = 0;

  constructor(mirrors: number) {
    this.bytesByMirror = new Array(mirrors).fill(0);
    this.usedBytesByMirror = new Array(mirrors).fill(0);
  }

  /** Bytes that came twice, and those that were discarded; the mirrors' first samples do not count. */
  get duplicateBytes(): number {
    return this.#duplicateBytes;
  }

  /** A mirror's first bytes came: nobody's until they are accepted. */
  sampled(mirror: number, bytes: number): void {
    this.bytesByMirror[mirror]! += bytes;
  }

  /** Bytes of the file came. */
  came(mirror: number, start: number, end: number): void {
    this.bytesByMirror[mirror]! += end - start;
    this.accepted(mirror, start, end);
  }

  /** Bytes that had come are the file's. */
  accepted(mirror: number, start: number, end: number): void {
    const fresh = this.#used.add(start, end);
    this.usedBytesByMirror[mirror]! += fresh;
    this.#duplicateBytes += end - start - fresh;
  }

  /** Whatever came counts as never received. */
  discarded(): void {
    for (const bytes of this.usedBytesByMirror) this.#duplicateBytes += bytes;
    this.usedBytesByMirror.fill(0);
    this.#used = new IntervalSet();
  }
}

/**
 * Counts received and used bytes by mirror, independently of the scheduler, so that tests can compare
 * both.
 *
 * @module
 */

import { IntervalSet } from "../../../lib/scheduler/bytes/ledger.ts";

/** Counters of arrived bytes. Mirrors are numbers. */
export class Arrivals {
  /** Bytes received from each mirror. */
  readonly bytesByMirror: number[];
  /** Bytes among them that were new, and not discarded later. */
  readonly usedBytesByMirror: number[];
  #used = new IntervalSet();
  #duplicateBytes = 0;
  #forgottenBytes = 0;

  constructor(mirrors: number) {
    this.bytesByMirror = new Array(mirrors).fill(0);
    this.usedBytesByMirror = new Array(mirrors).fill(0);
  }

  /** Bytes that arrived twice or were discarded, without the samples of the mirrors. */
  get duplicateBytes(): number {
    return this.#duplicateBytes;
  }

  /** The sample of a mirror arrived; it is not used until it is accepted. */
  sampled(mirror: number, bytes: number): void {
    this.bytesByMirror[mirror]! += bytes;
  }

  /** Bytes of the file arrived. */
  came(mirror: number, start: number, end: number): void {
    this.bytesByMirror[mirror]! += end - start;
    this.accepted(mirror, start, end);
  }

  /** Bytes that had arrived are part of the file. */
  accepted(mirror: number, start: number, end: number): void {
    const fresh = this.#used.add(start, end);
    this.usedBytesByMirror[mirror]! += fresh;
    this.#duplicateBytes += end - start - fresh;
  }

  /** The bytes from `from` on are to come again. */
  forgot(from: number): void {
    const { intervals } = this.#used;
    this.#forgottenBytes += this.#used.delete(from, intervals.at(-1)?.end ?? from);
  }

  /** Bytes that had arrived, and had to come again. */
  get forgottenBytes(): number {
    return this.#forgottenBytes;
  }

  /** All bytes so far are discarded. */
  discarded(): void {
    for (const bytes of this.usedBytesByMirror) this.#duplicateBytes += bytes;
    this.usedBytesByMirror.fill(0);
    this.#used = new IntervalSet();
  }
}

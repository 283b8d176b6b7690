/**
 * Which mirror has sent which bytes of the file, as few ranges as there are. Each byte counts for the mirror
 * whose copy is kept: the first one that arrives. Pure.
 *
 * @module
 */

import type { ByteRange } from "../../http/byte_range.ts";

/** Adjacent bytes that one mirror has sent. */
export interface Extent extends ByteRange {
  /** Number of the mirror. */
  readonly mirror: number;
}

/** Adjacent bytes of a file, and who has sent them. */
export interface Origin extends ByteRange {
  /** URL of the mirror, without credentials. */
  readonly mirror: string;
}

/** The most ranges that are kept. */
const MOST_EXTENTS = 65_536;

export class Origins {
  /** Ranges that do not overlap, lowest first; no two that touch are of one mirror. */
  #extents: { start: number; end: number; mirror: number }[] = [];
  readonly #most: number;
  #isOver = false;

  /** `most` is the maximum number of ranges: where there are more, nothing is known any longer. */
  constructor(most: number = MOST_EXTENTS) {
    this.#most = most;
  }

  /** The ranges, lowest first; `undefined` if there were too many. */
  get extents(): readonly Extent[] | undefined {
    return this.#isOver ? undefined : this.#extents.map((extent) => ({ ...extent }));
  }

  /** Returns the ranges with the URLs of the mirrors, which are given by their numbers. */
  named(urls: readonly string[]): readonly Origin[] | undefined {
    return this.extents?.map(({ start, end, mirror }) => ({ start, end, mirror: urls[mirror]! }));
  }

  /** Notes that a mirror has sent bytes; those that have come before stay the other mirror's. */
  note(start: number, end: number, mirror: number): void {
    for (let from = start; from < end && !this.#isOver;) {
      const index = this.#search(from);
      const next = this.#extents[index];
      const isMissing = next === undefined || next.start > from;
      const to = isMissing ? Math.min(end, next?.start ?? end) : next.end;
      if (isMissing) this.#insert(index, { start: from, end: to, mirror });
      from = to;
    }
  }

  /** Forgets the bytes from `from` on. */
  forget(from: number): void {
    const [cut] = this.#extents.splice(this.#search(from));
    if (cut !== undefined && cut.start < from) this.#extents.push({ ...cut, end: from });
  }

  /** Adds missing bytes before the range at `index`. */
  #insert(index: number, { start, end, mirror }: Extent): void {
    const [before, after] = [this.#extents[index - 1], this.#extents[index]];
    const joinsBefore = before?.mirror === mirror && before.end === start;
    const joinsAfter = after?.mirror === mirror && after.start === end;
    if (joinsBefore) before.end = joinsAfter ? after.end : end;
    else if (joinsAfter) after.start = start;
    else this.#extents.splice(index, 0, { start, end, mirror });
    if (joinsBefore && joinsAfter) this.#extents.splice(index, 1);
    if (this.#extents.length <= this.#most) return;
    this.#isOver = true;
    this.#extents = [];
  }

  /** Returns the index of the first range that ends behind `offset`. */
  #search(offset: number): number {
    let low = 0;
    let high = this.#extents.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#extents[middle]!.end <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

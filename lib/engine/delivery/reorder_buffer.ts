/**
 * Where bytes wait for their turn: holds what arrived ahead of the front, and returns it in order. Large
 * chunks are kept as they came, without a copy. Small ones are gathered into pages: each costs the
 * consumer as much as a large one.
 *
 * @module
 */

import { BufferPool } from "../../transport/responses/buffer_pool.ts";

/** Bytes of the file that follow those delivered before. */
export type Part = Uint8Array<ArrayBuffer>;

interface Segment {
  offset: number;
  bytes: Uint8Array<ArrayBuffer>;
  /** Bytes behind `bytes` in its buffer that this segment may still grow into. */
  spare: number;
}

/** Chunks below this many bytes are copied, and gathered into pages. */
export const SMALL = 32 * 1024;
/** In bytes. */
const PAGE = 64 * 1024;

/** Orders the bytes of one download. It does not limit how many it holds: its caller does. */
export class ReorderBuffer {
  /** Segments that do not overlap, lowest first. */
  readonly #segments: Segment[] = [];
  readonly #buffers: BufferPool;
  #front: number;
  #held = 0;
  #peak = 0;
  /** Bytes from here on are not returned yet. */
  limit = Infinity;

  /** Starts empty; `front` is the offset of the first byte to return. Pages are taken from `buffers`. */
  constructor(front: number, buffers: BufferPool = new BufferPool(PAGE)) {
    this.#front = front;
    this.#buffers = buffers;
  }

  /** Offset of the next byte for the consumer. */
  get front(): number {
    return this.#front;
  }

  /** Number of bytes held. */
  get held(): number {
    return this.#held;
  }

  get ready(): boolean {
    return this.#segments[0]?.offset === this.#front && this.#front < this.limit;
  }

  /** Reports whether `bytes` can be returned, in one part or several. */
  has(bytes: number): boolean {
    let end = this.#front;
    for (const segment of this.#segments) {
      if (segment.offset !== end || end - this.#front >= bytes) break;
      end += segment.bytes.byteLength;
    }
    return Math.min(end, this.limit) - this.#front >= bytes;
  }

  /** Maximum number of bytes held at any time. */
  get peak(): number {
    return this.#peak;
  }

  /**
   * Adds the bytes of `chunk` from `offset` on; those held or returned already are dropped. Returns
   * how many bytes were kept. A chunk of at least {@linkcode SMALL} bytes belongs to the buffer from then
   * on, a smaller one is copied.
   */
  write(offset: number, chunk: Uint8Array<ArrayBuffer>): number {
    let from = Math.max(offset, this.#front);
    const end = offset + chunk.byteLength;
    let kept = 0;
    let index = this.#search(from);
    while (from < end) {
      const next = this.#segments[index];
      const to = next === undefined ? end : Math.min(end, next.offset);
      if (from < to) {
        const piece = chunk.subarray(from - offset, to - offset);
        if (piece.byteLength < SMALL) index += this.#gather(index, from, piece);
        else {
          // The consumer may transfer the buffer of a part: no two parts share one.
          const bytes = to < end ? piece.slice() : piece;
          this.#segments.splice(index++, 0, { offset: from, bytes, spare: 0 });
        }
        kept += to - from;
      }
      if (next === undefined) break;
      from = Math.max(from, next.offset + next.bytes.byteLength);
      index++;
    }
    this.#held += kept;
    this.#peak = Math.max(this.#peak, this.#held);
    return kept;
  }

  /** Returns the next bytes in order; `undefined` while they are missing. */
  read(): Part | undefined {
    const first = this.#segments[0];
    if (first === undefined || !this.ready) return undefined;
    const { bytes } = first;
    const length = Math.min(bytes.byteLength, this.limit - this.#front);
    this.#front += length;
    this.#held -= length;
    if (length === bytes.byteLength) {
      this.#segments.shift();
      return this.#compact(bytes);
    }
    // No two parts share a buffer.
    first.offset += length;
    first.bytes = bytes.subarray(length);
    return bytes.slice(0, length);
  }

  /** Copies the bytes that are held from `offset` on, as many as fit into `target`. */
  copy(offset: number, target: Uint8Array): void {
    const end = offset + target.byteLength;
    for (let index = this.#search(offset); index < this.#segments.length; index++) {
      const { offset: start, bytes } = this.#segments[index]!;
      if (start >= end) break;
      const from = Math.max(start, offset);
      target.set(bytes.subarray(from - start, end - start), from - offset);
    }
  }

  /** Puts bytes in the place of those that are held at `offset`; they belong to the buffer from then on. */
  replace(offset: number, bytes: Uint8Array<ArrayBuffer>): void {
    const end = offset + bytes.byteLength;
    const behind: Segment[] = [];
    for (const segment of this.#segments.slice(this.#search(end))) {
      const cut = Math.max(0, end - segment.offset);
      const rest = cut > 0 ? segment.bytes.slice(cut) : segment.bytes;
      const spare = cut > 0 ? 0 : segment.spare;
      behind.push({ offset: segment.offset + cut, bytes: rest, spare });
    }
    this.drop(offset);
    this.write(offset, bytes);
    this.#segments.push(...behind);
    for (const { bytes } of behind) this.#held += bytes.byteLength;
  }

  /** Drops the bytes from `offset` on. */
  drop(offset: number): void {
    const index = this.#search(offset);
    const [cut, ...rest] = this.#segments.splice(index);
    if (cut === undefined) return;
    const kept = cut.offset < offset ? offset - cut.offset : 0;
    this.#held -= cut.bytes.byteLength - kept;
    for (const { bytes } of rest) this.#held -= bytes.byteLength;
    // A view would keep the memory of what is dropped.
    if (kept > 0) {
      this.#segments.push({ offset: cut.offset, bytes: cut.bytes.slice(0, kept), spare: 0 });
    }
  }

  clear(): void {
    this.#segments.length = 0;
    this.#held = 0;
  }

  /**
   * Copies bytes into the page that ends where they begin, and into new ones before the segment at
   * `index`; returns how many of these were added.
   */
  #gather(index: number, offset: number, bytes: Uint8Array): number {
    let added = 0;
    for (let copied = 0; copied < bytes.byteLength;) {
      const at = offset + copied;
      let page = this.#segments[index + added - 1];
      if (page === undefined || page.offset + page.bytes.byteLength !== at || page.spare === 0) {
        page = { offset: at, bytes: new Uint8Array(this.#buffers.take(PAGE), 0, 0), spare: PAGE };
        this.#segments.splice(index + added++, 0, page);
      }
      const piece = bytes.subarray(copied, copied + page.spare);
      grow(page, piece);
      copied += piece.byteLength;
    }
    return added;
  }

  /** Returns a part that does not keep much more than its bytes alive. */
  #compact(bytes: Part): Part {
    const { buffer, byteLength } = bytes;
    if (buffer.byteLength !== PAGE || byteLength * 2 > PAGE) return bytes;
    const copy = bytes.slice();
    this.#buffers.give(buffer);
    return copy;
  }

  /** Returns the index of the first segment that ends behind `offset`. */
  #search(offset: number): number {
    let low = 0;
    let high = this.#segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { offset: start, bytes } = this.#segments[middle]!;
      if (start + bytes.byteLength <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function grow(page: Segment, bytes: Uint8Array): void {
  const { buffer, byteOffset, byteLength } = page.bytes;
  page.bytes = new Uint8Array(buffer, byteOffset, byteLength + bytes.byteLength);
  page.bytes.set(bytes, byteLength);
  page.spare -= bytes.byteLength;
}

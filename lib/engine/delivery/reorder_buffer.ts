/**
 * Where bytes wait for their turn: holds what arrived ahead of the front, and returns it in order.
 * Chunks are kept as they came, without a copy, except small ones, which are gathered into pages: a
 * view of a few bytes must not keep a large buffer alive.
 *
 * @module
 */

/** Bytes of the file that follow those delivered before. */
export type Part = Uint8Array<ArrayBuffer>;

interface Segment {
  offset: number;
  bytes: Uint8Array<ArrayBuffer>;
  /** Bytes behind `bytes` in its buffer that this segment may still grow into. */
  spare: number;
}

/** Chunks below this many bytes are gathered into pages. */
const SMALL = 16 * 1024;
/** In bytes. */
const PAGE = 64 * 1024;

/** Orders the bytes of one download. It does not limit how many it holds: its caller does. */
export class ReorderBuffer {
  /** Segments that do not overlap, lowest first. */
  readonly #segments: Segment[] = [];
  #front: number;
  #held = 0;
  #peak = 0;

  /** Starts empty; `front` is the offset of the first byte to return. */
  constructor(front: number) {
    this.#front = front;
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
    return this.#segments[0]?.offset === this.#front;
  }

  /** Maximum number of bytes held at any time. */
  get peak(): number {
    return this.#peak;
  }

  /**
   * Adds the bytes of `chunk` from `offset` on; those held or returned already are dropped. Returns
   * how many bytes were kept. The chunk belongs to the buffer from then on.
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
        // The consumer may transfer the buffer of a part: no two parts share one.
        index += this.#insert(index, from, to < end ? piece.slice() : piece);
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

  /** Returns the next bytes in order, without a copy; `undefined` while they are missing. */
  read(): Part | undefined {
    const first = this.#segments[0];
    if (first === undefined || !this.ready) return undefined;
    this.#segments.shift();
    this.#front += first.bytes.byteLength;
    this.#held -= first.bytes.byteLength;
    return first.bytes;
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

  /** Inserts bytes before the segment at `index`; returns how many segments were added. */
  #insert(index: number, offset: number, bytes: Uint8Array<ArrayBuffer>): number {
    if (bytes.byteLength >= SMALL || offset === this.#front) {
      this.#segments.splice(index, 0, { offset, bytes, spare: 0 });
      return 1;
    }
    const previous = this.#segments[index - 1];
    if (previous !== undefined && previous.offset + previous.bytes.byteLength === offset) {
      if (previous.bytes.byteLength < SMALL && previous.spare === 0) turnIntoPage(previous);
      if (previous.spare >= bytes.byteLength) {
        grow(previous, bytes);
        return 0;
      }
    }
    this.#segments.splice(index, 0, { offset, bytes: bytes.slice(), spare: 0 });
    return 1;
  }

  /** Index of the first segment that ends behind `offset`. */
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

function turnIntoPage(segment: Segment): void {
  const page = new Uint8Array(PAGE);
  page.set(segment.bytes);
  segment.spare = PAGE - segment.bytes.byteLength;
  segment.bytes = page.subarray(0, segment.bytes.byteLength);
}

function grow(page: Segment, bytes: Uint8Array): void {
  const { buffer, byteOffset, byteLength } = page.bytes;
  page.bytes = new Uint8Array(buffer, byteOffset, byteLength + bytes.byteLength);
  page.bytes.set(bytes, byteLength);
  page.spare -= bytes.byteLength;
}

/**
 * Buffers to use again. New ones cost time: the system provides their memory page by page, all zeros,
 * and the garbage collector frees it.
 *
 * @module
 */

/** Maximum number of buffers of each size that are kept. */
const MOST = 64;

/** Keeps buffers of a few sizes, each at least twice as large as the next smaller one. */
export class BufferPool {
  /** Buffers that are not in use, by their sizes. */
  readonly #free = new Map<number, ArrayBuffer[]>();
  #most = MOST;

  constructor(...sizes: readonly number[]) {
    for (const size of sizes) this.#free.set(size, []);
  }

  /** Returns a buffer of at least `wanted` bytes with arbitrary content, at most twice as large. */
  take(wanted: number): ArrayBuffer {
    for (const [size, free] of this.#free) {
      if (wanted <= size && wanted * 2 > size) return free.pop() ?? new ArrayBuffer(size);
    }
    return new ArrayBuffer(wanted);
  }

  /** Adds a buffer that is not used any more; one of another size is left to the collector. */
  give(buffer: ArrayBuffer): void {
    const free = this.#free.get(buffer.byteLength);
    if (free === undefined || free.length >= this.#most) return;
    // Added twice, it would be used by two at once.
    if (!free.includes(buffer)) free.push(buffer);
  }

  /** Frees all buffers, also those that come later. */
  close(): void {
    this.#most = 0;
    for (const free of this.#free.values()) free.length = 0;
  }
}

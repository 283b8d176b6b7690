/**
 * Buffers to use again. New ones cost time: the system provides their memory page by page, all zeros,
 * and the garbage collector frees it.
 *
 * @module
 */

/** Maximum number of buffers kept. */
const MOST = 64;

export class BufferPool {
  readonly #size: number;
  readonly #free: ArrayBuffer[] = [];
  #most = MOST;

  constructor(size: number) {
    this.#size = size;
  }

  /** Returns a buffer of at least `wanted` bytes with arbitrary content, at most twice as large. */
  take(wanted: number): ArrayBuffer {
    const fits = wanted <= this.#size && wanted * 2 > this.#size;
    return (fits ? this.#free.pop() : undefined) ?? new ArrayBuffer(wanted);
  }

  /** Adds a buffer that is not used any more; one of another size is left to the collector. */
  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength !== this.#size || this.#free.length >= this.#most) return;
    // Added twice, it would be used by two at once.
    if (!this.#free.includes(buffer)) this.#free.push(buffer);
  }

  /** Frees all buffers, also those that come later. */
  close(): void {
    this.#most = 0;
    this.#free.length = 0;
  }
}

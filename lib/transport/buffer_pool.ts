/**
 * Buffers that serve again. New ones cost time: the system hands out their memory page by page, all
 * zeros, and the garbage collector takes it back.
 *
 * @module
 */

/** The most buffers that are kept. */
const MOST = 64;

/** Keeps buffers of one size. */
export class BufferPool {
  readonly #size: number;
  readonly #free: ArrayBuffer[] = [];
  #most = MOST;

  /** Keeps none yet; all of them will have `size` bytes. */
  constructor(size: number) {
    this.#size = size;
  }

  /** A buffer of at least `wanted` bytes, with anything in it; no larger than it has to be. */
  take(wanted: number): ArrayBuffer {
    const fits = wanted <= this.#size && wanted * 2 > this.#size;
    return (fits ? this.#free.pop() : undefined) ?? new ArrayBuffer(wanted);
  }

  /** Takes a buffer that nobody uses any more; one of another size is left to the collector. */
  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength !== this.#size || this.#free.length >= this.#most) return;
    // Given twice, it would serve two at once.
    if (!this.#free.includes(buffer)) this.#free.push(buffer);
  }

  /** Keeps none any more, whatever is given. */
  close(): void {
    this.#most = 0;
    this.#free.length = 0;
  }
}

/**
 * Writes to a file in the background: while one buffer is being written, the next one is filled. A
 * write per received chunk would cost more than the copy.
 *
 * @module
 */

/** Size of a buffer in bytes. */
const SIZE = 2 * 1024 * 1024;

/** What is written to, such as a file. */
export interface Sink {
  /** Writes some of the bytes, and resolves to their number. */
  write(bytes: Uint8Array): Promise<number>;
}

/** Appends bytes to a file, in order. */
export class WriteBehind {
  readonly #sink: Sink;
  #filling = new Uint8Array(SIZE);
  #length = 0;
  /** The buffer that is being written, or was written last. */
  #other = new Uint8Array(SIZE);
  #writing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** Creates the buffers; writes nothing yet. */
  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /**
   * Copies bytes to be written. Rejects if an earlier write failed; nothing is written after that, so
   * that the file has no gap.
   */
  async write(bytes: Uint8Array): Promise<void> {
    this.#throwFailure();
    for (let taken = 0; taken < bytes.byteLength;) {
      while (this.#length === SIZE) {
        await this.#writing;
        this.#throwFailure();
      }
      const count = Math.min(SIZE - this.#length, bytes.byteLength - taken);
      this.#filling.set(bytes.subarray(taken, taken + count), this.#length);
      this.#length += count;
      taken += count;
      if (this.#writing === undefined) this.#start();
    }
  }

  /** Waits until everything is written. Rejects if a write failed. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    this.#throwFailure();
  }

  #start(): void {
    const bytes = this.#filling.subarray(0, this.#length);
    [this.#filling, this.#other] = [this.#other, this.#filling];
    this.#length = 0;
    this.#writing = this.#append(bytes);
  }

  /** Writes bytes; keeps an error instead of rejecting. */
  async #append(bytes: Uint8Array): Promise<void> {
    try {
      for (let written = 0; written < bytes.byteLength;) {
        written += await this.#sink.write(bytes.subarray(written));
      }
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#writing = undefined;
    if (this.#failure === undefined && this.#length > 0) this.#start();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

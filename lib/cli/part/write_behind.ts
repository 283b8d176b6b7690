/**
 * Writes to a file one step behind: while one piece is on its way to the disk, the next one is
 * gathered. Each way to the disk and back costs more than the copy.
 *
 * @module
 */

/** The most bytes that are gathered. */
const SIZE = 2 * 1024 * 1024;

/** What is written to. */
export interface Sink {
  /** Writes some of the bytes; resolves to how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** Appends to a file, in order. */
export class WriteBehind {
  readonly #sink: Sink;
  #gathered = new Uint8Array(SIZE);
  #length = 0;
  /** What is being written, or was written last. */
  #other = new Uint8Array(SIZE);
  #writing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** Writes nothing yet. */
  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /**
   * Takes bytes, which are the caller's again when it resolves. Rejects with what went wrong when
   * earlier ones were written; nothing is written behind a gap.
   */
  async write(bytes: Uint8Array): Promise<void> {
    this.#throwFailure();
    for (let taken = 0; taken < bytes.byteLength;) {
      while (this.#length === SIZE) {
        await this.#writing;
        this.#throwFailure();
      }
      const count = Math.min(SIZE - this.#length, bytes.byteLength - taken);
      this.#gathered.set(bytes.subarray(taken, taken + count), this.#length);
      this.#length += count;
      taken += count;
      if (this.#writing === undefined) this.#start();
    }
  }

  /** Resolves when everything is written. Rejects where that could not be done. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    this.#throwFailure();
  }

  #start(): void {
    const bytes = this.#gathered.subarray(0, this.#length);
    [this.#gathered, this.#other] = [this.#other, this.#gathered];
    this.#length = 0;
    this.#writing = this.#append(bytes);
  }

  /** Never rejects. */
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

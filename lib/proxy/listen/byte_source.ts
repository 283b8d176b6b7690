/**
 * Reads from a connection, one read at a time, and notices when the client goes away: also while a response
 * is sent, when nothing is expected from it.
 *
 * @module
 */

/** What is read from. */
export interface Readable {
  read(into: Uint8Array): Promise<number | null>;
}

/** Size of the buffer at first, in bytes. */
const BUFFER_SIZE = 4096;

export class ByteSource {
  readonly #connection: Readable;
  readonly #onGone: () => void;
  #buffer = new Uint8Array(0);
  #start = 0;
  #end = 0;
  #reading: Promise<boolean> | undefined;
  #isGone = false;

  /** @param onGone called once when the client will send nothing more */
  constructor(connection: Readable, onGone: () => void) {
    this.#connection = connection;
    this.#onGone = onGone;
  }

  /** What was read and not taken. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /** Whether the client will send nothing more. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Reads more; resolves to `false` when there is no more. */
  fill(): Promise<boolean> {
    if (this.#isGone) return Promise.resolve(false);
    return this.#reading ??= this.#read();
  }

  /** Reads ahead, to notice when the client goes away, unless something is there already. */
  watch(): void {
    if (this.#start === this.#end) void this.fill();
  }

  /** Removes the first bytes, and returns them; they are valid until the next call of {@linkcode fill}. */
  take(count: number): Uint8Array<ArrayBuffer> {
    const from = this.#start;
    this.#start = Math.min(this.#end, from + count);
    return this.#buffer.subarray(from, this.#start);
  }

  async #read(): Promise<boolean> {
    this.#makeRoom();
    const count = await this.#connection.read(this.#buffer.subarray(this.#end)).catch(() => null);
    this.#reading = undefined;
    if (count === null) {
      this.#isGone = true;
      this.#onGone();
      return false;
    }
    this.#end += count;
    return true;
  }

  /** Makes room to read into. A full buffer doubles, so that many small reads copy little. */
  #makeRoom(): void {
    const held = this.#end - this.#start;
    if (held > 0 && this.#end < this.#buffer.byteLength) return;
    const larger = new Uint8Array(Math.max(BUFFER_SIZE, 2 * held));
    larger.set(this.bytes);
    this.#buffer = larger;
    this.#start = 0;
    this.#end = held;
  }
}

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
/** While a response is sent, more is read unless this many bytes wait to be taken. */
const MOST_AHEAD = 16 * 1024;

export class ByteSource {
  readonly #connection: Readable;
  readonly #onGone: () => void;
  #buffer = new Uint8Array(0);
  #start = 0;
  #end = 0;
  #reading: Promise<boolean> | undefined;
  #isGone = false;
  #isWatching = false;
  #isReadingAhead = false;

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

  /**
   * Reads ahead until {@linkcode unwatch}, to notice when the client goes away, even after requests that it has
   * already sent, unless they are long.
   */
  watch(): void {
    this.#isWatching = true;
    if (!this.#isReadingAhead) void this.#readAhead();
  }

  /** Stops reading ahead, but for what is being read. */
  unwatch(): void {
    this.#isWatching = false;
  }

  /** Removes the first bytes, and returns them; they are valid until the next call of {@linkcode fill}. */
  take(count: number): Uint8Array<ArrayBuffer> {
    const from = this.#start;
    this.#start = Math.min(this.#end, from + count);
    return this.#buffer.subarray(from, this.#start);
  }

  async #readAhead(): Promise<void> {
    this.#isReadingAhead = true;
    while (this.#isWatching && this.#end - this.#start < MOST_AHEAD && await this.fill());
    this.#isReadingAhead = false;
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

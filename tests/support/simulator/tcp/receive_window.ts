/**
 * The receiver's window of a connection: it grows with what is read in a round trip, as Linux lets it.
 *
 * @module
 */

const FIRST_WINDOW = 64 * 1024;
/** What a large receive buffer (32 MiB) holds without its overhead. */
const MOST_BYTES = 16 * 1024 * 1024;
/** Segments that are read in a round trip before the window grows. */
const FIRST_SPACE = 10;
/** Segments for which there is room beyond what is expected. */
const MARGIN = 16;

export class ReceiveWindow {
  readonly #roundTripMs: number;
  #bytes = FIRST_WINDOW;
  /** What was read in the round trip that needed the most. */
  #space: number;
  readonly #segmentBytes: number;
  #read = 0;
  #since = 0;

  constructor(roundTripMs: number, segmentBytes: number) {
    this.#roundTripMs = roundTripMs;
    this.#segmentBytes = segmentBytes;
    this.#space = FIRST_SPACE * segmentBytes;
  }

  /** Bytes were read. */
  read(bytes: number, now: number): void {
    this.#read += bytes;
    if (now - this.#since < this.#roundTripMs) return;
    if (this.#read > this.#space) {
      // Twice what was read, and the growth that is to be expected meanwhile.
      const twice = 2 * this.#read + MARGIN * this.#segmentBytes;
      const growth = 2 * twice * (this.#read - this.#space) / this.#space;
      this.#bytes = Math.min(MOST_BYTES, Math.max(this.#bytes, twice + growth));
      this.#space = this.#read;
    }
    this.#read = 0;
    this.#since = now;
  }

  /** Returns how many segments fit beside `unread` bytes. */
  segments(unread: number): number {
    return Math.max(0, Math.floor((this.#bytes - unread) / this.#segmentBytes));
  }
}

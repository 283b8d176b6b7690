/**
 * The receiver's window of a connection: it grows with what is read in a round trip, as Linux lets it.
 *
 * @module
 */

import { SEGMENT_BYTES } from "./packet.ts";

const FIRST_WINDOW = 64 * 1024;
/** What a large receive buffer (32 MiB) holds without its overhead. */
const MOST_BYTES = 16 * 1024 * 1024;
/** What is read in the first round trips before the window grows. */
const FIRST_SPACE = 10 * SEGMENT_BYTES;
const MARGIN = 16 * SEGMENT_BYTES;

export class ReceiveWindow {
  readonly #roundTripMs: number;
  #bytes = FIRST_WINDOW;
  /** What was read in the round trip that needed the most. */
  #space = FIRST_SPACE;
  #read = 0;
  #since = 0;

  constructor(roundTripMs: number) {
    this.#roundTripMs = roundTripMs;
  }

  /** Bytes were read. */
  read(bytes: number, now: number): void {
    this.#read += bytes;
    if (now - this.#since < this.#roundTripMs) return;
    if (this.#read > this.#space) {
      // Twice what was read, and the growth that is to be expected meanwhile.
      const twice = 2 * this.#read + MARGIN;
      const growth = 2 * twice * (this.#read - this.#space) / this.#space;
      this.#bytes = Math.min(MOST_BYTES, Math.max(this.#bytes, twice + growth));
      this.#space = this.#read;
    }
    this.#read = 0;
    this.#since = now;
  }

  /** Returns how many segments fit beside `unread` bytes. */
  segments(unread: number): number {
    return Math.max(0, Math.floor((this.#bytes - unread) / SEGMENT_BYTES));
  }
}

/**
 * One connection of a simulated link: its window, by slow start and by the server's limit per
 * connection. Pure: time is passed in, in milliseconds.
 *
 * Slow start as in RFC 5681 and RFC 6928, without loss: an initial window of ten segments that grows
 * by one byte for every acknowledged byte.
 *
 * @module
 */

/** Initial window, in bytes. */
export const INITIAL_WINDOW = 10 * 1460;

/** Maximum window, in bytes. */
export const MAX_WINDOW = 16_000_000;

/** Options of a connection. */
export interface ConnectionOptions {
  /** Time of the connection request. */
  readonly openedAtMs: number;
  /** Time from a byte's delivery to its acknowledgement. */
  readonly roundTripMs: number;
  /** Whether slow start applies; otherwise the window is unlimited. */
  readonly slowStart: boolean;
  /** Maximum rate; `Infinity` for none. */
  readonly bytesPerSecond: number;
}

/** A connection. Its window persists across requests. */
export class SimulatedConnection {
  readonly openedAtMs: number;
  readonly #options: ConnectionOptions;
  #window: number;
  #underWay = 0;
  /** Pending acknowledgements, the earliest first. */
  readonly #acknowledgements: { readonly atMs: number; readonly bytes: number }[] = [];
  /** End of the pause by its rate limit. */
  #pacedUntilMs = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.openedAtMs = options.openedAtMs;
    this.#window = options.slowStart ? INITIAL_WINDOW : Infinity;
  }

  /** Returns how many bytes may be sent at `now`. */
  room(now: number): number {
    for (;;) {
      const first = this.#acknowledgements[0];
      if (first === undefined || first.atMs > now) break;
      this.#acknowledgements.shift();
      this.#underWay -= first.bytes;
      this.#window = Math.min(MAX_WINDOW, this.#window + first.bytes);
    }
    return now < this.#pacedUntilMs ? 0 : this.#window - this.#underWay;
  }

  /** Returns when there may be room again; `Infinity` if a delivery must come first. */
  roomFrom(now: number): number {
    if (now < this.#pacedUntilMs) return this.#pacedUntilMs;
    return this.#acknowledgements[0]?.atMs ?? Infinity;
  }

  /** Bytes were sent. */
  sent(bytes: number, now: number): void {
    this.#underWay += bytes;
    this.#pacedUntilMs = Math.max(now, this.#pacedUntilMs) +
      bytes * 1000 / this.#options.bytesPerSecond;
  }

  /** Bytes that were sent have arrived. */
  delivered(bytes: number, now: number): void {
    const { slowStart, roundTripMs } = this.#options;
    if (slowStart) this.#acknowledgements.push({ atMs: now + roundTripMs, bytes });
  }
}

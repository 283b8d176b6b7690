/**
 * One connection of a simulated link: how much may be under way on it, by slow start and by the
 * server's limit for a connection. Pure: time is passed in, in milliseconds.
 *
 * Slow start as in RFC 5681 and RFC 6928, without loss: ten segments at first, and every byte that
 * is acknowledged makes room for one more.
 *
 * @module
 */

/** Bytes that a new connection may have under way. */
export const INITIAL_WINDOW = 10 * 1460;

/** Bytes that any connection may have under way. */
export const MAX_WINDOW = 16_000_000;

/** What a connection is like. */
export interface ConnectionOptions {
  /** When it was asked for. */
  readonly openedAtMs: number;
  /** Time from a byte's delivery to its acknowledgement. */
  readonly roundTripMs: number;
  /** Whether it begins slowly; otherwise anything may be under way. */
  readonly slowStart: boolean;
  /** The most that it carries; `Infinity` for no limit. */
  readonly bytesPerSecond: number;
}

/** One connection. It keeps what it has learnt from one request to the next. */
export class SimulatedConnection {
  readonly openedAtMs: number;
  readonly #options: ConnectionOptions;
  #window: number;
  #underWay = 0;
  /** Acknowledgements on their way, the earliest first. */
  readonly #acknowledgements: { readonly atMs: number; readonly bytes: number }[] = [];
  /** Until when its own limit holds it back. */
  #pacedUntilMs = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.openedAtMs = options.openedAtMs;
    this.#window = options.slowStart ? INITIAL_WINDOW : Infinity;
  }

  /** How many bytes may be sent at `now`. */
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

  /** When there may be room again; `Infinity` when something must be delivered before. */
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

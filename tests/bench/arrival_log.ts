/**
 * When the bytes of a file came, and what is read from that. Knows no process and no clock: times
 * are passed in, in seconds since the command's start.
 *
 * @module
 */

/** How many bytes had come at some time. */
export interface Point {
  /** Seconds since the command's start. */
  seconds: number;
  /** The bytes. */
  value: number;
}

/** What a consumer feels of a download. */
export interface Figures {
  /** Until the first byte. */
  readonly firstByteSeconds: number;
  /**
   * The largest lateness of any byte behind the straight line from the command's start to the
   * whole file at the links' limit: a player at that speed that waits so long first never stalls.
   */
  readonly lateSeconds: number;
  /** Longest time without a byte, between the first and the last. */
  readonly stallSeconds: number;
}

/** Closer together than this, arrivals are one. */
const RESOLUTION_SECONDS = 0.001;

/** Records how many bytes had come at which time, at most once a millisecond. */
export class ArrivalLog {
  readonly #points: Point[] = [];
  #bytes = 0;

  /** Bytes so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The record: `value` bytes had come at `seconds`. */
  get points(): readonly Point[] {
    return this.#points;
  }

  /** Some bytes came; times never run backwards. */
  add(seconds: number, bytes: number): void {
    this.#bytes += bytes;
    const last = this.#points.at(-1);
    if (last !== undefined && seconds - last.seconds < RESOLUTION_SECONDS) last.value = this.#bytes;
    else this.#points.push({ seconds, value: this.#bytes });
  }
}

/** The figures of a recorded download of `size` bytes over links that need `limitSeconds` for it. */
export function figuresOf(
  points: readonly Point[],
  { size, limitSeconds }: { size: number; limitSeconds: number },
): Figures {
  let lateSeconds = 0;
  let stallSeconds = 0;
  for (const [index, { seconds }] of points.entries()) {
    const before = points[index - 1];
    // The first of the bytes that came now has waited longest.
    const due = (before?.value ?? 0) / size * limitSeconds;
    lateSeconds = Math.max(lateSeconds, seconds - due);
    if (before !== undefined) stallSeconds = Math.max(stallSeconds, seconds - before.seconds);
  }
  return { firstByteSeconds: points[0]?.seconds ?? Infinity, lateSeconds, stallSeconds };
}

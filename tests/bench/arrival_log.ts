/**
 * Records when the bytes of a file arrive, and derives figures. Pure: times are passed in, in seconds
 * since the start of the command.
 *
 * @module
 */

/** Bytes that had arrived at a time. */
export interface Point {
  /** Seconds since the start of the command. */
  seconds: number;
  value: number;
}

/** Figures of a download from the view of its consumer. */
export interface Figures {
  /** Time to the first byte. */
  readonly firstByteSeconds: number;
  /**
   * Maximum lateness behind the straight line from the start of the command to the whole file at the
   * limit of the links: the initial wait with which a player at that rate never stalls.
   */
  readonly lateSeconds: number;
  /** Longest time without a byte, between the first and the last. */
  readonly stallSeconds: number;
}

/** Arrivals closer together than this are merged. */
const RESOLUTION_SECONDS = 0.001;

/** Records arrivals, at most one point per millisecond. */
export class ArrivalLog {
  readonly #points: Point[] = [];
  #bytes = 0;

  /** Total bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The record: `value` bytes had arrived at `seconds`. */
  get points(): readonly Point[] {
    return this.#points;
  }

  /** Adds bytes; times must not decrease. */
  add(seconds: number, bytes: number): void {
    this.#bytes += bytes;
    const last = this.#points.at(-1);
    if (last !== undefined && seconds - last.seconds < RESOLUTION_SECONDS) last.value = this.#bytes;
    else this.#points.push({ seconds, value: this.#bytes });
  }
}

/** Returns the figures of a download of `size` bytes over links that need `limitSeconds` for it. */
export function figuresOf(
  points: readonly Point[],
  { size, limitSeconds }: { size: number; limitSeconds: number },
): Figures {
  let lateSeconds = 0;
  let stallSeconds = 0;
  for (const [index, { seconds }] of points.entries()) {
    const before = points[index - 1];
    // The first of these bytes waited longest.
    const due = (before?.value ?? 0) / size * limitSeconds;
    lateSeconds = Math.max(lateSeconds, seconds - due);
    if (before !== undefined) stallSeconds = Math.max(stallSeconds, seconds - before.seconds);
  }
  return { firstByteSeconds: points[0]?.seconds ?? Infinity, lateSeconds, stallSeconds };
}

/**
 * The measures of a simulated download, on the level of bytes and with the clock from the very start,
 * and the comparison with bounds. Pure.
 *
 * @module
 */

/** Bytes that had been handed over in order by a time. */
export type DeliveryPoint = readonly [seconds: number, bytes: number];

/** What is told of a download; as bounds, what it must reach. */
export interface Figures {
  /** Bytes of the file per second, in percent of what the links carry nominally. */
  readonly ofCapacityPercent: number;
  /** The oracle's time in percent of its own. */
  readonly ofOraclePercent: number;
  readonly firstByteSeconds: number;
  readonly initialBufferingSeconds: number;
  /** Mean of the bytes in the reorder buffer. */
  readonly lagBytes: number;
  /** Most of the bytes in the reorder buffer. */
  readonly peakBytes: number;
  readonly longestStallSeconds: number;
  /** Wasted bytes, the mirrors' first samples included, in percent of the file. */
  readonly wastedPercent: number;
}

/** What a simulation brought, as far as it is measured. */
export interface Measured {
  readonly points: readonly DeliveryPoint[];
  readonly seconds: number;
  readonly firstByteSeconds: number;
  readonly longestStallSeconds: number;
  readonly lagBytes: number;
  readonly peakHeldBytes: number;
  readonly bytesByMirror: readonly number[];
}

/** What a download is measured by. */
export interface Yardstick {
  /** What the links carry nominally, in bytes per second. */
  readonly capacity: number;
  /** The oracle's time. */
  readonly oracleSeconds: number;
}

/**
 * How late the latest byte is behind the straight line from the start to the whole file at
 * `limitSeconds`: the wait with which a player at that speed never stalls.
 */
export function latenessSeconds(points: readonly DeliveryPoint[], limitSeconds: number): number {
  const size = points.at(-1)?.[1] ?? 0;
  let lateness = 0;
  let before = 0;
  for (const [seconds, bytes] of points) {
    // Of the bytes that were handed over together, the first one had to wait longest.
    lateness = Math.max(lateness, seconds - before / size * limitSeconds);
    before = bytes;
  }
  return lateness;
}

/** The thesis's initial buffering time, byte by byte: against the line to the download's own end. */
export function initialBufferingSeconds(points: readonly DeliveryPoint[]): number {
  return latenessSeconds(points, points.at(-1)?.[0] ?? 0);
}

/** All figures of a download of a file that is not empty. */
export function figuresOf(measured: Measured, { capacity, oracleSeconds }: Yardstick): Figures {
  const { points, seconds, bytesByMirror } = measured;
  const size = points.at(-1)?.[1] ?? 0;
  const received = bytesByMirror.reduce((sum, bytes) => sum + bytes, 0);
  return {
    ofCapacityPercent: 100 * size / seconds / capacity,
    ofOraclePercent: 100 * oracleSeconds / seconds,
    firstByteSeconds: measured.firstByteSeconds,
    initialBufferingSeconds: initialBufferingSeconds(points),
    lagBytes: measured.lagBytes,
    peakBytes: measured.peakHeldBytes,
    longestStallSeconds: measured.longestStallSeconds,
    wastedPercent: 100 * (received - size) / size,
  };
}

/** Figures of which more is better; of all others, less. */
const MORE_IS_BETTER: readonly (keyof Figures)[] = ["ofCapacityPercent", "ofOraclePercent"];

/** The names of the figures that do not keep their bounds. */
export function missedBounds(figures: Figures, bounds: Partial<Figures>): (keyof Figures)[] {
  const names = Object.keys(bounds) as (keyof Figures)[];
  return names.filter((name) => {
    const [figure, bound] = [figures[name], bounds[name]!];
    return MORE_IS_BETTER.includes(name) ? !(figure >= bound) : !(figure <= bound);
  });
}

/** The mean of a value over time. */
export class MeanOverTime {
  #value = 0;
  #since = 0;
  #integral = 0;

  /** From `now` on the value is this one. */
  set(value: number, now: number): void {
    this.#integral += this.#value * (now - this.#since);
    this.#value = value;
    this.#since = now;
  }

  /** The mean from 0 up to when the value was last set. */
  get mean(): number {
    return this.#since > 0 ? this.#integral / this.#since : 0;
  }
}

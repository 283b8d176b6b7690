/**
 * Measures of a simulated download, byte by byte and from its start, and their comparison with bounds. Pure.
 *
 * @module
 */

/** Bytes delivered in order by a time. */
export type DeliveryPoint = readonly [seconds: number, bytes: number];

/** Figures of a download, or bounds of them. */
export interface Figures {
  /** Rate, in percent of the nominal capacity of the links. */
  readonly ofCapacityPercent: number;
  /** The oracle's time in percent of the time of the download. */
  readonly ofOraclePercent: number;
  readonly firstByteSeconds: number;
  readonly initialBufferingSeconds: number;
  /** Mean number of bytes in the reorder buffer. */
  readonly lagBytes: number;
  /** Maximum number of bytes in the reorder buffer. */
  readonly peakBytes: number;
  readonly longestStallSeconds: number;
  /** Wasted bytes, the mirrors' first samples included, in percent of the file. */
  readonly wastedPercent: number;
}

/** The result of a simulation, as far as it is measured. */
export interface Measured {
  readonly points: readonly DeliveryPoint[];
  readonly seconds: number;
  readonly firstByteSeconds: number;
  readonly longestStallSeconds: number;
  readonly lagBytes: number;
  readonly peakHeldBytes: number;
  readonly bytesByMirror: readonly number[];
}

/** Reference values of a network. */
export interface Yardstick {
  /** Nominal capacity of the links, in bytes per second. */
  readonly capacity: number;
  /** The oracle's time. */
  readonly oracleSeconds: number;
}

/**
 * Returns the maximum lateness behind the straight line from the start to the whole file at
 * `limitSeconds`: the initial wait with which a player at that rate never stalls.
 */
export function latenessSeconds(points: readonly DeliveryPoint[], limitSeconds: number): number {
  const size = points.at(-1)?.[1] ?? 0;
  let lateness = 0;
  let before = 0;
  for (const [seconds, bytes] of points) {
    // The first of the bytes that were delivered together waited longest.
    lateness = Math.max(lateness, seconds - before / size * limitSeconds);
    before = bytes;
  }
  return lateness;
}

/** Returns the thesis's initial buffering time, byte by byte, relative to the end of the download. */
export function initialBufferingSeconds(points: readonly DeliveryPoint[]): number {
  return latenessSeconds(points, points.at(-1)?.[0] ?? 0);
}

/** Returns all figures of a download of a non-empty file. */
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

/** Figures for which more is better; less is better for all others. */
const MORE_IS_BETTER: readonly (keyof Figures)[] = ["ofCapacityPercent", "ofOraclePercent"];

/** Returns the names of the figures that miss their bounds. */
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

  /** Sets the value from `now` on. */
  set(value: number, now: number): void {
    this.#integral += this.#value * (now - this.#since);
    this.#value = value;
    this.#since = now;
  }

  /** The mean from 0 to the time of the last change. */
  get mean(): number {
    return this.#since > 0 ? this.#integral / this.#since : 0;
  }
}

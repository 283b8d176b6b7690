/**
 * Whether what a process holds stays the same: the slope of each measure over time, by least squares.
 *
 * @module
 */

/** What a process held at a time, with nothing under way. */
export interface Sample {
  readonly minutes: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly externalBytes: number;
  readonly descriptors: number;
}

/** A measure, and the most by which it may grow in a minute, after the warm-up. */
interface Measure {
  readonly name: string;
  readonly key: Exclude<keyof Sample, "minutes">;
  readonly unit: number;
  readonly mostPerMinute: number;
}

export const MEASURES: readonly Measure[] = [
  { name: "RSS, MB", key: "rssBytes", unit: 1e6, mostPerMinute: 2 },
  { name: "heap, MB", key: "heapBytes", unit: 1e6, mostPerMinute: 0.25 },
  { name: "external, MB", key: "externalBytes", unit: 1e6, mostPerMinute: 0.25 },
  { name: "descriptors", key: "descriptors", unit: 1, mostPerMinute: 0.25 },
];

/** Share of the samples that is warm-up. */
const WARM_UP = 0.3;

/** Returns the growth of a measure in a minute. */
export function slope(points: readonly (readonly [minutes: number, value: number])[]): number {
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const x = mean(points.map(([minutes]) => minutes));
  const y = mean(points.map(([, value]) => value));
  const spread = points.reduce((sum, [minutes]) => sum + (minutes - x) ** 2, 0);
  return spread === 0
    ? 0
    : points.reduce((sum, [minutes, value]) => sum + (minutes - x) * (value - y), 0) / spread;
}

/** The slope of a measure after the warm-up. */
export interface Slope {
  readonly measure: Measure;
  readonly first: number;
  readonly last: number;
  readonly perMinute: number;
  readonly isFlat: boolean;
}

/** Returns the slope of every measure. */
export function slopes(samples: readonly Sample[]): Slope[] {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP));
  return MEASURES.map((measure) => {
    const points = warm.map((sample) =>
      [sample.minutes, sample[measure.key] / measure.unit] as const
    );
    const perMinute = slope(points);
    const isFlat = perMinute <= measure.mostPerMinute;
    return { measure, first: points[0]![1], last: points.at(-1)![1], perMinute, isFlat };
  });
}

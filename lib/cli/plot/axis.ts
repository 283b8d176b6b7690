/**
 * Axes: the range of values, their pixels, and round numbers as ticks.
 *
 * @module
 */

/** A linear scale between two pixels. */
export interface Axis {
  /** Minimum value. */
  readonly least: number;
  /** Maximum value. */
  readonly most: number;
  /** Round values, ascending. */
  readonly ticks: readonly number[];
  /** Returns the pixel of a value. */
  at(value: number): number;
}

export interface AxisOptions {
  /** Value that the axis includes, usually its minimum. @default 0 */
  least?: number | undefined;
  /** Whether ticks are whole numbers. @default false */
  whole?: boolean | undefined;
}

/** Creates the axis for these values from pixel `from` to pixel `to`. */
export function axis(
  from: number,
  to: number,
  values: readonly number[],
  options: AxisOptions = {},
): Axis {
  const { least: begin = 0, whole = false } = options;
  const least = values.reduce((least, value) => Math.min(least, value), begin);
  const reached = values.reduce((most, value) => Math.max(most, value), begin);
  const span = reached - least || 1;
  const step = Math.max(whole ? 1 : 0, roundStep(span));
  const first = Math.ceil(least / step - 1e-9);
  const last = Math.floor((least + span) / step + 1e-9);
  return {
    least,
    most: least + span,
    ticks: Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step),
    at: (value) => from + (to - from) * (value - least) / span,
  };
}

/** Returns the smallest of 1, 2, 5, 10, 20 … that needs at most seven steps. */
function roundStep(span: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(span / 4));
  return magnitude * [1, 2, 5, 10].find((factor) => magnitude * factor * 7 >= span)!;
}

/** Formats a number without the noise of binary fractions. */
export function plain(value: number): string {
  return String(Number(value.toPrecision(10)));
}

/** Returns the largest decimal unit in which a number of bytes is at least 1. */
export function byteUnit(most: number): { readonly name: string; readonly bytes: number } {
  const index = Math.min(4, Math.max(0, Math.floor(Math.log10(most) / 3)));
  return { name: ["B", "kB", "MB", "GB", "TB"][index]!, bytes: 1000 ** index };
}

/**
 * Axes of pictures: which values they reach, where those lie in pixels, and round numbers to write
 * beside them.
 *
 * @module
 */

/** A scale drawn between two pixels. */
export interface Axis {
  /** The least value. */
  readonly least: number;
  /** The greatest value. */
  readonly most: number;
  /** Round values within, rising. */
  readonly ticks: readonly number[];
  /** The pixel of a value. */
  at(value: number): number;
}

/** What is known of an axis besides its values. */
export interface AxisOptions {
  /** A value that it reaches in any case; the least one, where none is less. @default 0 */
  least?: number | undefined;
  /** Whether only whole numbers are written beside it. @default false */
  whole?: boolean | undefined;
}

/** The axis from pixel `from` to pixel `to` that has room for these values. */
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

/** The smallest of 1, 2, 5, 10, 20 … with which no more than seven steps are needed. */
function roundStep(span: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(span / 4));
  return magnitude * [1, 2, 5, 10].find((factor) => magnitude * factor * 7 >= span)!;
}

/** A number without the noise of binary fractions. */
export function plain(value: number): string {
  return String(Number(value.toPrecision(10)));
}

/** The decimal unit in which a number of bytes is at least 1. */
export function byteUnit(most: number): { readonly name: string; readonly bytes: number } {
  const index = Math.min(4, Math.max(0, Math.floor(Math.log10(most) / 3)));
  return { name: ["B", "kB", "MB", "GB", "TB"][index]!, bytes: 1000 ** index };
}

/**
 * The limit of shaped links: each delivers from its second round trip on (after the handshake and the
 * request) at the rates of its timeline. No download over these links can be faster.
 *
 * @module
 */

import type { Figures, Point } from "./arrival_log.ts";
import type { ShapedLink } from "./link_sets.ts";

/**
 * Returns the corners of the line of delivered bytes over time, from 0 to the whole file; `most` is the
 * rate that the links reach together, in bytes per second.
 *
 * @throws {RangeError} if the links fall silent before the end of the file
 */
export function limitCurve(
  links: readonly ShapedLink[],
  size: number,
  most: number = Infinity,
): Point[] {
  const changes = links.flatMap((link) => [
    flowsFrom(link),
    ...(link.ratesAt ?? []).map(([seconds]) => seconds),
  ]);
  const corners = [...new Set(changes)].sort((one, other) => one - other);
  const curve: Point[] = [{ seconds: 0, value: 0 }];
  for (const [index, from] of corners.entries()) {
    const { seconds, value } = curve.at(-1)!;
    if (from > seconds) curve.push({ seconds: from, value });
    const rate = Math.min(most, links.reduce((sum, link) => sum + rateAt(link, from), 0));
    const until = from + (size - value) / rate;
    const next = corners[index + 1] ?? Infinity;
    if (until <= next && until < Infinity) return [...curve, { seconds: until, value: size }];
    if (next < Infinity) curve.push({ seconds: next, value: value + rate * (next - from) });
  }
  throw new RangeError(`The links fall silent before they have carried ${size} bytes`);
}

/** The figures of the limit itself, to compare a command's with. */
export function limitFigures(curve: readonly Point[]): Figures {
  const { seconds, value: size } = curve.at(-1)!;
  const flat = curve.slice(1).map((point, index) =>
    point.value === curve[index]!.value ? point.seconds - curve[index]!.seconds : 0
  );
  return {
    firstByteSeconds: curve.findLast(({ value }) => value === 0)!.seconds,
    lateSeconds: Math.max(...curve.map((point) => point.seconds - seconds * point.value / size)),
    stallSeconds: Math.max(0, ...flat.filter((_, index) => curve[index]!.value > 0)),
  };
}

function flowsFrom({ roundTripMs }: ShapedLink): number {
  return 2 * roundTripMs / 1000;
}

/** Returns the rate from a time on, until the next change. */
function rateAt(link: ShapedLink, seconds: number): number {
  if (seconds < flowsFrom(link)) return 0;
  const change = link.ratesAt?.findLast(([from]) => from <= seconds);
  return change?.[1] ?? link.bytesPerSecond;
}

/**
 * Pieces of SVG: escaped text, short numbers, simplified paths, and colors that color-blind people can
 * tell apart (Okabe and Ito, 2008).
 *
 * @module
 */

import { toWellFormed } from "../../stand_ins.ts";

export type Pixel = readonly [x: number, y: number];

/** Colors of mirrors or curves, on white. */
export const COLORS = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc79a7",
  "#e69f00",
  "#56b4e9",
  "#8a8a8a",
] as const;

/** Maximum distance of a simplified path from the original, in pixels. */
const TOLERANCE = 0.25;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/**
 * Escapes text for an element or an attribute in double quotes. Replaces characters that XML forbids
 * and those that change the direction of text.
 */
export function escape(content: string): string {
  return toWellFormed(content)
    .replace(
      // deno-lint-ignore no-control-regex
      /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g,
      "\ufffd",
    )
    .replace(/[&<>"]/g, (character) => ENTITIES[character]!);
}

export function text(x: number, y: number, content: string, attributes = ""): string {
  const begin = ["<text", `x="${round(x)}"`, `y="${round(y)}"`, attributes].filter(Boolean);
  return `${begin.join(" ")}>${escape(content)}</text>`;
}

/** Rounds to tenths of a pixel, which is finer than what can be seen. */
export function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Returns the data of a path through these pixels, simplified. */
export function path(pixels: readonly Pixel[]): string {
  return "M" + simplify(pixels).map(([x, y]) => `${round(x)} ${round(y)}`).join("L");
}

/** Simplifies by Ramer, Douglas and Peucker: keeps pixels farther from the line than the tolerance. */
function simplify(pixels: readonly Pixel[]): Pixel[] {
  const kept = new Set([0, pixels.length - 1]);
  const pending: [number, number][] = [[0, pixels.length - 1]];
  for (let span = pending.pop(); span !== undefined; span = pending.pop()) {
    const [first, last] = span;
    let farthest = TOLERANCE;
    let corner: number | undefined;
    for (let index = first + 1; index < last; index++) {
      const distance = distanceTo(pixels[index]!, pixels[first]!, pixels[last]!);
      if (distance > farthest) [farthest, corner] = [distance, index];
    }
    if (corner === undefined) continue;
    kept.add(corner);
    pending.push([first, corner], [corner, last]);
  }
  return pixels.filter((_, index) => kept.has(index));
}

/** Returns the distance from a pixel to the line between two others. */
function distanceTo([x, y]: Pixel, [x1, y1]: Pixel, [x2, y2]: Pixel): number {
  const [width, height] = [x2 - x1, y2 - y1];
  const square = width ** 2 + height ** 2;
  const along = square === 0 ? 0 : ((x - x1) * width + (y - y1) * height) / square;
  const part = Math.min(1, Math.max(0, along));
  return Math.hypot(x - x1 - part * width, y - y1 - part * height);
}

/**
 * Pieces of SVG text that the pictures share: escaped words, short numbers, lines without the points
 * that nobody would miss, and colours that the colour-blind can tell apart (Okabe and Ito, 2008).
 *
 * @module
 */

/** A place in a picture, in pixels. */
export type Pixel = readonly [x: number, y: number];

/** Colours for things of one kind, on white. */
export const COLOURS = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc79a7",
  "#e69f00",
  "#56b4e9",
  "#8a8a8a",
] as const;

/** How far a drawn line may be from the true one, in pixels. */
const TOLERANCE = 0.25;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/**
 * A text as it may stand in an element or between double quotes. Characters that XML forbids and those
 * that turn the direction of a text are replaced.
 */
export function escape(content: string): string {
  return content
    .toWellFormed()
    .replace(
      // deno-lint-ignore no-control-regex
      /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g,
      "\ufffd",
    )
    .replace(/[&<>"]/g, (character) => ENTITIES[character]!);
}

/** An element of text. */
export function text(x: number, y: number, content: string, attributes = ""): string {
  const begin = ["<text", `x="${round(x)}"`, `y="${round(y)}"`, attributes].filter(Boolean);
  return `${begin.join(" ")}>${escape(content)}</text>`;
}

/** Tenths of a pixel are finer than anything that is seen. */
export function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** The data of a path through these pixels, less those that nobody would miss. */
export function path(pixels: readonly Pixel[]): string {
  return "M" + simplify(pixels).map(([x, y]) => `${round(x)} ${round(y)}`).join("L");
}

/** Ramer, Douglas and Peucker: keeps the pixels that are farther from the line than the tolerance. */
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

/** From a pixel to the line between two others. */
function distanceTo([x, y]: Pixel, [x1, y1]: Pixel, [x2, y2]: Pixel): number {
  const [width, height] = [x2 - x1, y2 - y1];
  const square = width ** 2 + height ** 2;
  const along = square === 0 ? 0 : ((x - x1) * width + (y - y1) * height) / square;
  const part = Math.min(1, Math.max(0, along));
  return Math.hypot(x - x1 - part * width, y - y1 - part * height);
}

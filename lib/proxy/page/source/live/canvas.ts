/**
 * Common parts of the drawings: a canvas fitted to the screen's pixels, the colors of the style
 * sheet, and a mirror's color and pattern.
 *
 * @module
 */

import { make } from "../dom.ts";

const COLORS = 8;

/** Colors of the style sheet; {@linkcode updatePalette} reads them. */
export const palette = { mirrors: [""], text: "", soft: "", line: "", track: "", card: "" };

/** Tiles of the patterns in the current colors. */
const tiles = new Map<number, HTMLCanvasElement>();

/** Reads the colors, which change with the color scheme. */
export function updatePalette(): void {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(`--${name}`).trim();
  palette.mirrors = Array.from({ length: COLORS }, (_, index) => read(`mirror-${index}`));
  for (const name of ["text", "soft", "line", "track", "card"] as const) palette[name] = read(name);
  tiles.clear();
}

/** Returns the color of a mirror. */
export function colorOf(mirror: number): string {
  return palette.mirrors[mirror % COLORS]!;
}

/** Returns the pattern, from 0 for none to 3, of a mirror: there are more mirrors than colors. */
export function patternOf(mirror: number): number {
  return Math.floor(mirror / COLORS) % 4;
}

/** A canvas that is ready to be drawn on, in CSS pixels. */
export interface Surface {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  /** Rounds a length to whole pixels of the screen. */
  readonly snap: (value: number) => number;
}

/** Clears a canvas and fits it to its place and the screen's pixels. */
export function prepare(canvas: HTMLCanvasElement, height?: number): Surface {
  const scale = devicePixelRatio || 1;
  if (height !== undefined) canvas.style.height = `${height}px`;
  const box = { width: canvas.clientWidth, height: height ?? canvas.clientHeight };
  const pixels = { width: Math.round(box.width * scale), height: Math.round(box.height * scale) };
  if (canvas.width !== pixels.width || canvas.height !== pixels.height) {
    Object.assign(canvas, pixels);
  }
  const context = contextOf(canvas);
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, box.width, box.height);
  return { context, snap: (value) => Math.round(value * scale) / scale, ...box };
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("the browser cannot draw on a canvas");
  return context;
}

/** A rectangle with round corners. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly radius: number;
}

/** Paints a piece of a mirror; pale, with a border, if it is ahead of the front. */
export function paintPiece(
  context: CanvasRenderingContext2D,
  mirror: number,
  { x, y, width, height, radius }: Box,
  isAhead = false,
): void {
  context.beginPath();
  context.roundRect(x, y, width, height, radius);
  context.fillStyle = colorOf(mirror);
  context.globalAlpha = isAhead ? 0.3 : 1;
  context.fill();
  if (patternOf(mirror) > 0) {
    context.fillStyle = context.createPattern(tileOf(patternOf(mirror)), "repeat") ?? "";
    context.fill();
  }
  context.globalAlpha = 1;
  if (!isAhead || width < 6 || height < 6) return;
  context.beginPath();
  context.roundRect(x + 0.75, y + 0.75, width - 1.5, height - 1.5, radius);
  context.strokeStyle = colorOf(mirror);
  context.lineWidth = 1.5;
  context.stroke();
}

/** Returns the tile of a pattern: lines or dots in the color of the ground. */
function tileOf(pattern: number): HTMLCanvasElement {
  const known = tiles.get(pattern);
  if (known !== undefined) return known;
  const tile = make("canvas", { width: 6, height: 6 });
  const pen = contextOf(tile);
  pen.strokeStyle = pen.fillStyle = palette.card;
  pen.lineWidth = 1.5;
  pen.beginPath();
  if (pattern === 3) {
    pen.arc(3, 3, 1.3, 0, 2 * Math.PI);
    pen.fill();
  } else {
    for (const shift of [-6, 0, 6]) {
      pen.moveTo(shift, pattern === 1 ? 6 : 0);
      pen.lineTo(shift + 6, pattern === 1 ? 0 : 6);
    }
    pen.stroke();
  }
  tiles.set(pattern, tile);
  return tile;
}

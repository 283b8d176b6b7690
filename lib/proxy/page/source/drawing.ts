/**
 * Draws the map of a file, which shows the mirror of each part, and the chart of the mirrors' rates. Each
 * mirror has a color of the style sheet, and a pattern, because there may be more mirrors than colors.
 *
 * @module
 */

import { make } from "./dom.ts";
import { formatRoundBytes, roundUp } from "./formats.ts";
import {
  CHART_MS,
  countCells,
  type Download,
  type Grid,
  type GridLimits,
  layOut,
  type LiveState,
  LONGEST_GAP_MS,
  type RateSample,
} from "./live_state.ts";

const COLORS = 8;

/** Colors of the style sheet; {@linkcode updatePalette} reads them. */
export const palette = { mirrors: [""], text: "", soft: "", line: "", track: "", card: "" };

/** Tiles of the patterns, in the current colors. */
const tiles = new Map<number, HTMLCanvasElement>();

/** Reads the colors, which change with the color scheme. */
export function updatePalette(): void {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(`--${name}`).trim();
  palette.mirrors = Array.from({ length: COLORS }, (_, index) => read(`mirror-${index}`));
  for (const name of ["text", "soft", "line", "track", "card"] as const) palette[name] = read(name);
  tiles.clear();
}

function colorOf(mirror: number): string {
  return palette.mirrors[mirror % COLORS]!;
}

/** Returns the pattern of a mirror, from 0 for none to 3. */
function patternOf(mirror: number): number {
  return Math.floor(mirror / COLORS) % 4;
}

/** A canvas that is ready to be drawn on, in CSS pixels. */
interface Surface {
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
interface Box {
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

/** How a map is drawn, in pixels. */
interface MapStyle extends GridLimits {
  /** Space above the cells. */
  readonly top: number;
  /** Draws one bar of this height without gaps instead of boxes. */
  readonly bar?: number;
}

/** Boxes for the main download. */
export const BOXES: MapStyle = { top: 6, maxHeight: 200, maxPitch: 34, minPitch: 9 };
/** A thin bar for each of the others. */
export const BAR: MapStyle = { top: 1, maxHeight: 3, maxPitch: 3, minPitch: 3, bar: 9 };

/** Draws the map of a download. Returns its grid. */
export function drawMap(
  canvas: HTMLCanvasElement,
  state: LiveState,
  download: Download,
  style: MapStyle,
): Grid {
  const { top, bar } = style;
  const grid = layOut(download, Math.max(canvas.clientWidth, style.minPitch), style);
  const pitch = bar ?? grid.pitch;
  const gap = bar !== undefined ? 0 : pitch < 11 ? 1 : pitch < 16 ? 2 : 3;
  const { context, snap, width } = prepare(canvas, top + grid.rows * pitch);
  const boxOf = (index: number) => {
    const column = index % grid.columns;
    const x = snap(column * width / grid.columns);
    const right = snap((column + 1) * width / grid.columns);
    const y = top + Math.floor(index / grid.columns) * pitch;
    const inner = right - x - (column === grid.columns - 1 ? 0 : gap);
    return { x, y, width: inner, height: pitch - gap, radius: Math.min(3, inner / 5) };
  };
  const mirrors = state.mirrors.length;
  const cells = countCells(download, grid, state.ownersOf(download), mirrors);
  for (const [index, { blocks, pieces = [] }] of cells.entries()) {
    const box = boxOf(index);
    context.beginPath();
    context.roundRect(box.x, box.y, box.width, box.height, box.radius);
    context.fillStyle = palette.track;
    // Cells outside the download's range are faint.
    context.globalAlpha = blocks === 0 ? 0.45 : 1;
    context.fill();
    context.globalAlpha = 1;
    let done = 0;
    for (const [piece, amount] of pieces.entries()) {
      if (amount === 0) continue;
      const x = snap(box.x + box.width * done / blocks);
      done += amount;
      const right = snap(box.x + box.width * done / blocks);
      const radius = amount === blocks ? box.radius : 0;
      const part = { ...box, x, width: right - x, radius };
      paintPiece(context, piece % mirrors, part, piece >= mirrors);
    }
  }
  if (download.outcome !== "complete") {
    const at = (download.front - grid.origin) / grid.bytes;
    const index = Math.min(Math.floor(at), grid.count - 1);
    const box = boxOf(index);
    const x = box.x + box.width * Math.min(1, at - index);
    paintFront(context, x, box, bar === undefined ? 4 : 0);
  }
  return grid;
}

/** Paints the mark at the next byte to deliver, with an arrow head of `head` pixels. */
function paintFront(
  context: CanvasRenderingContext2D,
  x: number,
  { y, height }: { readonly y: number; readonly height: number },
  head: number,
): void {
  context.fillStyle = palette.card;
  context.fillRect(x - 2, y - 1, 4, height + 2);
  context.fillStyle = palette.text;
  context.fillRect(x - 1, y - 1, 2, height + 2);
  if (head === 0) return;
  context.beginPath();
  context.moveTo(x - head, y - 1 - head);
  context.lineTo(x + head, y - 1 - head);
  context.lineTo(x, y + 1);
  context.fill();
}

const CHART_HEIGHT = 190;
const SHORTEST_SPAN_MS = 15_000;
const LEAST_TOP_RATE = 100_000;
/** Dashes of the lines, by the mirror's pattern. */
const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3]];

/** Draws the rate of each mirror over the last minute. */
export function drawChart(
  canvas: HTMLCanvasElement,
  { history, latest, mirrors }: LiveState,
): void {
  const { context, snap, width, height } = prepare(canvas, CHART_HEIGHT);
  const now = latest.atMs;
  const top = roundUp(Math.max(LEAST_TOP_RATE, ...history.map(({ total }) => total)));
  const [ceiling, floor] = [18, height - 20];
  const first = history[0]?.atMs ?? now;
  const span = Math.min(CHART_MS, Math.max(SHORTEST_SPAN_MS, now - first));
  const x = (atMs: number) => width * (1 - (now - atMs) / span);
  const y = (rate: number) => floor - (floor - ceiling) * Math.min(rate, 1.05 * top) / top;

  context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  context.fillStyle = palette.soft;
  for (const rate of [0, top / 2, top]) {
    context.strokeStyle = palette.line;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(0, snap(y(rate)) + 0.5);
    context.lineTo(width, snap(y(rate)) + 0.5);
    context.stroke();
  }
  context.textAlign = "left";
  context.fillText(`${Math.round(span / 1000)} s ago`, 0, height - 4);
  context.textAlign = "right";
  context.fillText("now", width, height - 4);

  const curve = (
    color: string,
    dash: readonly number[],
    rateOf: (sample: RateSample) => number,
  ) => {
    context.strokeStyle = color;
    context.setLineDash(dash);
    context.beginPath();
    let before = -Infinity;
    for (const sample of history) {
      const point = [x(sample.atMs), y(rateOf(sample))] as const;
      if (sample.atMs - before > LONGEST_GAP_MS) context.moveTo(...point);
      else context.lineTo(...point);
      before = sample.atMs;
    }
    context.stroke();
  };
  context.save();
  context.beginPath();
  context.rect(0, 0, width, height);
  context.clip();
  context.lineJoin = "round";
  context.lineWidth = 2;
  for (const index of mirrors.keys()) {
    curve(colorOf(index), DASHES[patternOf(index)]!, ({ rates }) => rates[index] ?? 0);
  }
  curve(palette.text, [], ({ total }) => total);
  context.restore();
  context.textAlign = "left";
  for (const rate of [top / 2, top]) {
    // Outlined, to be readable where a curve passes.
    context.strokeStyle = palette.card;
    context.lineWidth = 4;
    context.strokeText(`${formatRoundBytes(rate)}/s`, 0, y(rate) - 4);
    context.fillText(`${formatRoundBytes(rate)}/s`, 0, y(rate) - 4);
  }
}

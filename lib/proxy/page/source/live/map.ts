/**
 * Draws the map of a file: which mirror sent which part, and the position of the delivery.
 *
 * @module
 */

import { paintPiece, palette, prepare } from "./canvas.ts";
import { countCells, type Grid, type GridLimits, layOut } from "./cells.ts";
import type { Download, LiveState } from "./state.ts";

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

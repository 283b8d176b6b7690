/**
 * Divides a file into the cells of its map, and counts the blocks in each. Pure.
 *
 * @module
 */

import { type Download, sizeOf } from "./state.ts";

/** Limits of a map's layout, in pixels. */
export interface GridLimits {
  /** Greatest height of all rows. */
  readonly maxHeight: number;
  /** Greatest and smallest distance from one cell to the next. */
  readonly maxPitch: number;
  readonly minPitch: number;
}

/** The layout of a map: each cell holds the same number of whole blocks. */
export interface Grid {
  /** Size of a cell. */
  readonly bytes: number;
  /** Position of the first cell, at most one cell before the file's start. */
  readonly origin: number;
  readonly count: number;
  readonly columns: number;
  readonly rows: number;
  readonly pitch: number;
}

/** The blocks in a cell: their number, and the complete ones of each mirror, if any. */
export interface Cell {
  blocks: number;
  /** By mirror: blocks before the front, then those ahead of it. */
  pieces: Uint32Array | undefined;
}

/**
 * Lays out cells that fill a width and at most a height. Blocks are counted from the download's
 * start, so the first cell may be cut short.
 */
export function layOut(download: Download, width: number, limits: GridLimits): Grid {
  const { maxHeight, maxPitch, minPitch } = limits;
  const { blockSize, start } = download;
  const size = sizeOf(download);
  const fit = (blocksPerCell: number, pitch: number): Grid => {
    const bytes = blocksPerCell * blockSize;
    const origin = start % bytes === 0 ? 0 : start % bytes - bytes;
    const count = Math.max(1, Math.ceil((size - origin) / bytes));
    const columns = Math.max(1, Math.min(count, Math.floor(width / pitch)));
    return { bytes, origin, count, columns, rows: Math.ceil(count / columns), pitch };
  };
  for (let pitch = maxPitch; pitch >= minPitch; pitch--) {
    const grid = fit(1, pitch);
    if (grid.rows * pitch <= maxHeight) return grid;
  }
  const room = Math.floor(width / minPitch) * Math.floor(maxHeight / minPitch);
  let blocksPerCell = Math.max(1, Math.floor(size / blockSize / room));
  while (fit(blocksPerCell, minPitch).rows * minPitch > maxHeight) blocksPerCell++;
  return fit(blocksPerCell, minPitch);
}

/** Counts the blocks in each cell; `owners` has 1 + index of the mirror for complete blocks. */
export function countCells(
  download: Download,
  { bytes, origin, count }: Grid,
  owners: Uint16Array,
  mirrors: number,
): Cell[] {
  const { start, blockSize, front } = download;
  const end = download.end || sizeOf(download);
  const cells = Array.from({ length: count }, (): Cell => ({ blocks: 0, pieces: undefined }));
  for (let index = 0, at = start; at < end; index++, at += blockSize) {
    const cell = cells[Math.floor((at - origin) / bytes)];
    if (cell === undefined) break;
    cell.blocks++;
    const owner = owners[index] ?? 0;
    if (owner === 0) continue;
    cell.pieces ??= new Uint32Array(2 * mirrors);
    cell.pieces[owner - 1 + (at >= front ? mirrors : 0)]! += 1;
  }
  return cells;
}

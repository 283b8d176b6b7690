/**
 * The downloads of a link as the page keeps them: merges the messages of `/live`, and counts the blocks
 * in the cells of a map. Touches neither the document nor the clock.
 *
 * @module
 */

import type {
  LiveBlock,
  LiveDownload,
  LiveMessage,
  LiveMirror,
} from "../../observe/live_message.ts";

/** A download; its outcome is "ended" if the server omitted it while it was running. */
export type Download = Omit<LiveDownload, "outcome"> & {
  readonly outcome: LiveDownload["outcome"] | "ended";
};

/** Rates at one moment, in bytes per second. */
export interface RateSample {
  readonly atMs: number;
  readonly rates: readonly number[];
  readonly total: number;
}

/** Time span of the chart, in milliseconds. */
export const CHART_MS = 60_000;
/** Longest time between two samples that a line of the chart connects, in milliseconds. */
export const LONGEST_GAP_MS = 2000;
/** Maximum number of downloads that are kept. */
const MAX_DOWNLOADS = 6;

/** The downloads of one link. */
export class LiveState {
  /** Origins of the mirrors. */
  mirrors: readonly string[] = [];
  /** The main download first, then the others. */
  downloads: readonly Download[] = [];
  /** Rates in the last minute. */
  readonly history: RateSample[] = [];
  /** For each download by id and each of its blocks: 1 + index of the mirror, or 0. */
  readonly #owners = new Map<number, Uint16Array>();

  /** Forgets the downloads, as after a new connection: the server sends everything again. */
  restart(): void {
    this.downloads = [];
    this.#owners.clear();
  }

  /** Merges a message that arrived at `nowMs`. Reports whether the mirrors have changed. */
  merge({ mirrors, downloads, blocks }: LiveMessage, nowMs: number): boolean {
    const isOther = mirrors.join("\n") !== this.mirrors.join("\n");
    if (isOther) {
      this.mirrors = mirrors;
      this.history.length = 0;
    }
    this.#mergeDownloads(downloads);
    const known = new Set(this.downloads.map(({ id }) => id));
    for (const id of this.#owners.keys()) if (!known.has(id)) this.#owners.delete(id);
    for (const block of blocks) if (known.has(block[0])) this.#setOwner(block);
    if (this.downloads.length > 0) this.#addSample(nowMs);
    return isOther;
  }

  /** Keeps ended downloads, which the server sends once and then omits. */
  #mergeDownloads(downloads: readonly LiveDownload[]): void {
    const sent = new Set(downloads.map(({ id }) => id));
    const ended = this.downloads.filter(({ id }) => !sent.has(id)).map((download) => ({
      ...download,
      outcome: download.outcome === "running" ? "ended" as const : download.outcome,
    }));
    const rank = ({ outcome }: Download) => outcome === "running" ? 0 : 1;
    // Running ones first, then the newest.
    this.downloads = [...downloads, ...ended]
      .sort((one, other) => rank(one) - rank(other) || other.id - one.id)
      .slice(0, MAX_DOWNLOADS);
  }

  #setOwner([id, index, mirror]: LiveBlock): void {
    let owners = this.#owners.get(id) ?? new Uint16Array(256);
    if (index >= owners.length) {
      const longer = new Uint16Array(Math.max(2 * owners.length, index + 1));
      longer.set(owners);
      owners = longer;
    }
    owners[index] = mirror + 1;
    this.#owners.set(id, owners);
  }

  #addSample(atMs: number): void {
    const rates = this.mirrors.map((_, index) => this.mirrorFigures(index).bytesPerSecond);
    const total = sum(this.#running.map(({ bytesPerSecond }) => bytesPerSecond));
    this.history.push({ atMs, rates, total });
    const isOld = (sample: RateSample) => sample.atMs < atMs - CHART_MS - LONGEST_GAP_MS;
    this.history.splice(0, this.history.findIndex((sample) => !isOld(sample)));
  }

  get #running(): readonly Download[] {
    return this.downloads.filter(({ outcome }) => outcome === "running");
  }

  /** Whether a download runs. */
  get isRunning(): boolean {
    return this.#running.length > 0;
  }

  /** The newest rates. */
  get latest(): RateSample {
    return this.history.at(-1) ?? { atMs: 0, rates: [], total: 0 };
  }

  /** Owners of a download's blocks: 1 + index of the mirror, or 0. */
  ownersOf({ id }: Download): Uint16Array {
    return this.#owners.get(id) ?? new Uint16Array(0);
  }

  /** Returns a mirror's bytes and failures in all downloads, and its rate in those that run. */
  mirrorFigures(index: number): LiveMirror {
    const total = (downloads: readonly Download[], name: keyof Omit<LiveMirror, "state">) =>
      sum(downloads.map(({ perMirror }) => perMirror[index]?.[name] ?? 0));
    const state = this.downloads[0]?.perMirror[index]?.state ?? "idle";
    return {
      // The last state that was sent of an ended download may still be "busy".
      state: state === "busy" && !this.isRunning ? "idle" : state,
      bytes: total(this.downloads, "bytes"),
      failures: total(this.downloads, "failures"),
      bytesPerSecond: total(this.#running, "bytesPerSecond"),
    };
  }

  /** Hosts of the mirrors, numbered where a host occurs twice. */
  get mirrorNames(): string[] {
    const hosts = this.mirrors.map((origin) => URL.parse(origin)?.host || origin);
    return hosts.map((host, index) =>
      hosts.indexOf(host) === hosts.lastIndexOf(host)
        ? host
        : `${index + 1}: ${this.mirrors[index]!.replace(/^https?:\/\//, "")}`
    );
  }
}

/** Returns the size of the file, or as much of it as is known. */
export function sizeOf({ size, end, front, buffered }: Download): number {
  return size || end || front + buffered || 1;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

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

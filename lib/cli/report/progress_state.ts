/**
 * The progress of a download, and its sums, for everything that reports it.
 *
 * @module
 */

import type { DownloadStats } from "../../../mod.ts";

export interface ProgressState {
  readonly name: string;
  /** Bytes that existed before the download began. */
  readonly offset: number;
  readonly stats: DownloadStats;
}

export interface Totals {
  /** Bytes that are complete, including those that existed before. */
  readonly done: number;
  /** Size of the whole, if known. */
  readonly total: number | undefined;
  /** Share of the whole, from 0 to 1. */
  readonly share: number | undefined;
  /** Milliseconds until the end, at the current rate. */
  readonly etaMs: number | undefined;
}

/** Sums up a download. */
export function totals({ offset, stats }: ProgressState): Totals {
  const done = offset + stats.consumedBytes;
  if (stats.size === undefined) {
    return { done, total: undefined, share: undefined, etaMs: undefined };
  }
  const total = offset + stats.size;
  return {
    done,
    total,
    share: total === 0 ? 1 : done / total,
    etaMs: stats.bytesPerSecond > 0 ? 1000 * (total - done) / stats.bytesPerSecond : undefined,
  };
}

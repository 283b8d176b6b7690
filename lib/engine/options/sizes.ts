/**
 * The sizes of blocks and of the window: their defaults, and what they must fit.
 *
 * @module
 */

import { whole } from "../../checks.ts";
import { OptionRangeError } from "../../option_errors.ts";
import type { DownloaderOptions } from "./options.ts";

/** What the sizes depend on. */
interface Chosen {
  /** Whether the algorithm is `adaptive`. */
  readonly isAdaptive: boolean;
  /** In bytes per second; `Infinity` for no limit. */
  readonly maxRate: number;
  /** The length of pieces that have to be complete before they are delivered, in bytes; 0 for none. */
  readonly pieceLength: number;
}

interface Sizes {
  readonly splitSize: number;
  readonly windowSize: number;
  /** The most bytes to which the window grows by itself. */
  readonly mostWindowSize: number;
}

const WINDOW = 32 * 1024 * 1024;
const MOST_WINDOW = 128 * 1024 * 1024;

/** Returns the sizes that are chosen, or their defaults. */
export function resolveSizes(
  { splitSize: given, windowSize: window }: DownloaderOptions,
  { isAdaptive, maxRate, pieceLength }: Chosen,
): Sizes {
  const windowSize = whole("windowSize", window ?? WINDOW + 2 * pieceLength, 2000);
  const inTime = isAdaptive ? Infinity : Math.max(1000, Math.ceil(maxRate / 10));
  const byDefault = Math.min(1_000_000, Math.floor(windowSize / 2), inTime);
  const splitSize = whole("splitSize", given ?? byDefault, 1000);
  const mayGrow = window === undefined && isAdaptive;
  return {
    splitSize,
    windowSize: resolveWindowSize(windowSize, splitSize, pieceLength),
    mostWindowSize: mayGrow ? MOST_WINDOW + 2 * pieceLength : windowSize,
  };
}

/** Checks the maximum number of bytes held ahead of the consumer. */
export function resolveWindowSize(
  windowSize: number,
  splitSize: number,
  pieceLength = 0,
): number {
  whole("windowSize", windowSize, 2000);
  if (windowSize >= 2 * Math.max(splitSize, pieceLength)) return windowSize;
  const what = pieceLength > splitSize
    ? `the length of the pieces, ${pieceLength}`
    : `the block size of ${splitSize}`;
  const problem = `is ${windowSize}, but must be at least twice ${what}`;
  throw new OptionRangeError("windowSize", problem);
}

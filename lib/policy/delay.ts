/**
 * The delay request algorithms: which of the blocks not yet requested a free mirror takes next. A
 * slower mirror takes a later block, so that it arrives when its turn comes. An algorithm is a pure
 * function of a view, without state. A new one is a function here with its name in the two tables, and
 * is listed in the help (`lib/cli/arguments/flags.ts`), README.md and the proxy's page.
 * Source: the sphttp thesis (Hiroshima City University, 2018).
 *
 * @module
 */

import type { DelayView } from "../scheduler/view.ts";

/**
 * Returns which block of the queue (those not yet requested, lowest first) a mirror takes next: a
 * position from 0. Anything else counts as 0.
 */
export type DelayRequest = (view: DelayView) => number;

/** The names of the delay request algorithms. */
export const DelayRequestAlgorithm = {
  /** By the links' measured rates and latencies: ranges of any size, over as many connections as are of use. */
  ADAPTIVE: "adaptive",
  /** Every mirror takes the first block: no delay. */
  NORMAL: "normal",
  /** By what the others delivered since the mirror's last request; the original's default. */
  DIFF: "diff",
  /** By the inverse of the mirror's share of what was delivered. */
  INV: "inv",
  /** By a constant for each mirror. */
  STATIC: "static",
} as const;

/** The name of a delay request algorithm. */
export type DelayRequestAlgorithm =
  typeof DelayRequestAlgorithm[keyof typeof DelayRequestAlgorithm];

/** The name of an algorithm that chooses a position in the queue of blocks. */
export type ClassicAlgorithm = Exclude<DelayRequestAlgorithm, "adaptive">;

/** What the named algorithms are set up with. */
export interface DelaySettings {
  /** Whether a mirror's first request is placed by its response time ({@linkcode diff} only). */
  readonly initialDelay: boolean;
  /** Blocks of initial delay for each multiple of the shortest response time. */
  readonly initialDelayCoefficient: number;
  /** Blocks of delay by mirror URL ({@linkcode fixed} only); 0 for other mirrors. */
  readonly staticDelays: ReadonlyMap<string, number>;
}

/** Returns the algorithm by which every mirror takes the first block of the queue. */
export function normal(): DelayRequest {
  return () => 0;
}

/**
 * Returns the algorithm by which a mirror skips as many blocks as the others delivered since its last
 * request, less one for each mirror in use. Its first request is placed by the initial delay instead.
 */
export function diff(settings: Omit<DelaySettings, "staticDelays">): DelayRequest {
  return (view) => {
    const { mirror, mirrors, received, closed } = view;
    if (mirror.requests === 0 && settings.initialDelay) {
      return initialDelay(view, settings.initialDelayCoefficient);
    }
    return Math.max(0, received - mirror.previous - mirrors.length + closed);
  };
}

/**
 * Returns `floor((d / dmin - 1) * coefficient)`, with d the mirror's response time to the probe. A
 * coefficient below 1 counts as 1.
 */
export function initialDelay({ mirror, mirrors }: DelayView, coefficient: number): number {
  const times = mirrors.flatMap(({ answerMs }) => answerMs === undefined ? [] : [answerMs]);
  const shortest = Math.min(...times);
  if (mirror.answerMs === undefined || shortest === 0) return 0;
  return Math.floor((mirror.answerMs / shortest - 1) * Math.max(1, coefficient));
}

/**
 * Returns the algorithm of `floor(1 / (usage / highest usage) - 1)` blocks, at most those that are
 * left. While no mirror has delivered anything the ratio counts as 1; a mirror that has not delivered
 * anything goes to the far end.
 */
export function inverse(): DelayRequest {
  return ({ mirror, mirrors, left }) => {
    const highest = Math.max(...mirrors.map(({ usage }) => usage));
    // The inverse of the ratio in one step: 1 / (1 / 49) is less than 49 in floating point.
    const inverseRatio = highest === 0 ? 1 : highest / mirror.usage;
    return Math.min(left, Math.floor(inverseRatio - 1));
  };
}

/** Returns the algorithm of a constant for each mirror's URL; 0 for other mirrors. */
export function fixed({ staticDelays }: Pick<DelaySettings, "staticDelays">): DelayRequest {
  return ({ mirror }) => staticDelays.get(mirror.url) ?? 0;
}

/** Makes each named algorithm from the settings. */
export const delayRequests: Readonly<
  Record<ClassicAlgorithm, (settings: DelaySettings) => DelayRequest>
> = { normal, diff, inv: inverse, static: fixed };

/**
 * Returns the position to use near the end of a queue of `left` blocks (at least 1). Any mirror takes
 * the last block; one whose position lies too far behind the end is retired (`undefined`), so that a
 * slow mirror never holds up the end.
 */
export function endOfQueue(position: number, left: number): number | undefined {
  if (left === 1) return 0;
  if (position * 0.9 > left) return undefined;
  return Math.min(position, left - 1);
}

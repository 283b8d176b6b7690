/**
 * The duplicate request algorithms: when the block that holds up the front is requested again, from
 * the mirror that has delivered the most. An algorithm is a pure function of a view, without state.
 * Source: the sphttp thesis (Hiroshima City University, 2018).
 *
 * @module
 */

import type { DuplicateView } from "../scheduler/view.ts";

/** Reports whether to request the block that holds up the front a second time. */
export type DuplicateRequest = (view: DuplicateView) => boolean;

/** The names of the duplicate request algorithms. */
export const DuplicateRequestAlgorithm = {
  /** Number of invalid blocks in the buffer; the original's default. */
  NIBIB: "nibib",
  /** Invalid block reception count. */
  IBRC: "ibrc",
  /** No duplicate requests. */
  NONE: "none",
} as const;

/** The name of a duplicate request algorithm. */
export type DuplicateRequestAlgorithm =
  typeof DuplicateRequestAlgorithm[keyof typeof DuplicateRequestAlgorithm];

/** The lowest threshold that {@linkcode nibib} works with; below, it would fire all the time. */
const NIBIB_MINIMUM_THRESHOLD = 20;

/** Reports whether more invalid blocks are in the buffer than the threshold (at least 20). */
export function nibib({ invalidBlocks, threshold }: DuplicateView): boolean {
  return invalidBlocks > Math.max(threshold, NIBIB_MINIMUM_THRESHOLD);
}

/** Reports whether more blocks were received since the front last moved than the threshold. */
export function ibrc({ receivedSinceFront, threshold }: DuplicateView): boolean {
  return receivedSinceFront > threshold;
}

export const duplicateRequests: Readonly<Record<DuplicateRequestAlgorithm, DuplicateRequest>> = {
  nibib,
  ibrc,
  none: () => false,
};

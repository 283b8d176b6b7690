/**
 * Whether and how a mirror is used.
 *
 * @module
 */

import type { MirrorError } from "../../errors.ts";

/** Whether requests may be sent to a mirror. */
export type MirrorState =
  | { readonly type: "ready" }
  /** Failed, and left alone until `until`, in milliseconds; `turn`: its host may take a request sooner. */
  | {
    readonly type: "waiting";
    readonly until: number;
    readonly failure: MirrorError;
    readonly turn: boolean;
  }
  /** Out of use while others work: too slow to help with what is left. */
  | { readonly type: "retired" }
  /** Closed as bad: it held up the front. */
  | { readonly type: "closed" }
  /** Out of use for good. */
  | { readonly type: "dropped"; readonly failure: MirrorError };

/**
 * How a mirror serves: `unknown` until it has been probed and agrees with the others, then by
 * `ranges`, or only the `whole` file.
 */
export type Service = "unknown" | "ranges" | "whole";

/**
 * What the scheduler knows of one mirror.
 *
 * @module
 */

import type { MirrorError } from "../errors.ts";
import type { MirrorView } from "../algorithms/view.ts";
import { RateEstimator } from "./estimator.ts";

/** Where a mirror stands. */
export type MirrorState =
  /** Can be asked. */
  | { readonly type: "idle" }
  /** Has a request under way. */
  | { readonly type: "busy"; readonly request: number }
  /** Failed, and is left alone until `until` (milliseconds). */
  | { readonly type: "waiting"; readonly until: number; readonly failure: MirrorError }
  /** Asks no more: too slow to help with what is left. */
  | { readonly type: "retired" }
  /** Closed as bad: it held up the front. */
  | { readonly type: "closed" }
  /** Given up for good. */
  | { readonly type: "dropped"; readonly failure: MirrorError };

/**
 * How a mirror serves: `unknown` until it has been probed and agreed with the others, then by
 * `ranges`, or only the `whole` file.
 */
export type Service = "unknown" | "ranges" | "whole";

/** One mirror. */
export class Mirror implements MirrorView {
  readonly url: string;
  state: MirrorState = { type: "idle" };
  service: Service = "unknown";
  usage = 0;
  previous = 0;
  requests = 0;
  answerMs: number | undefined;
  /** Failures in a row, without a byte between them. */
  failures = 0;
  /** Failures altogether. */
  totalFailures = 0;
  /** Requests for what another mirror had been asked for already. */
  duplicates = 0;
  /** Bytes that came from it, wasted ones too. */
  bytes = 0;
  /** Bytes of these that had come from another mirror already. */
  wastedBytes = 0;
  /** The rate while requests are under way. */
  readonly rate = new RateEstimator();
  /** Milliseconds that its last requests took for each block, latency included. */
  blockMs: number | undefined;

  constructor(url: string) {
    this.url = url;
  }

  /** Whether it has a request under way or can be given one now or later. */
  get alive(): boolean {
    const { type } = this.state;
    return type === "idle" || type === "busy" || type === "waiting";
  }

  /** Whether ranges can be asked of it, now or later. */
  get servesRanges(): boolean {
    return this.service === "ranges" && this.state.type !== "dropped";
  }

  /** Counts a request that brought `blocks`, or a part of one, in `elapsedMs`. */
  delivered(blocks: number, elapsedMs: number): void {
    this.usage++;
    const blockMs = elapsedMs / blocks;
    this.blockMs = this.blockMs === undefined ? blockMs : 0.7 * this.blockMs + 0.3 * blockMs;
  }
}

/**
 * What an algorithm may see of a download: numbers only, read-only, no clock and no sockets. Where
 * blocks take next to no time, several neighbouring ones are asked for and counted as one.
 *
 * @module
 */

import type { RequestView } from "./policy.ts";

/** One mirror, as an algorithm sees it. */
export interface MirrorView {
  /** The mirror's URL, without credentials. */
  readonly url: string;
  /** Blocks that it has delivered. */
  readonly usage: number;
  /** Total of blocks received from all mirrors when it last asked; 0 before. */
  readonly previous: number;
  /** Requests for blocks that it has been sent. */
  readonly requests: number;
  /** Milliseconds from its first request to the answer's headers; `undefined` before. */
  readonly answerMs: number | undefined;
}

/** The link to a mirror, as the adaptive algorithm sees it. Times are in milliseconds. */
export interface LinkView {
  /** Request to headers on a connection that is open. */
  readonly latencyMs: number;
  /** The same for the next request, which may need a new connection. */
  readonly nextLatencyMs: number;
  /** How far the latency strays from its mean. */
  readonly deviationMs: number;
  /** Bytes per second, all connections together; a guess before enough has come. */
  bytesPerSecond(now: number): number;
  /** Whether it may still be speeding up. */
  ramping(now: number): boolean;
}

/** A mirror, as far as the adaptive algorithm looks at it. */
export interface SourceView {
  /** Whether ranges can be asked of it now. */
  readonly available: boolean;
  /** The requests that it has under way, the oldest first. */
  readonly live: readonly RequestView[];
  readonly link: LinkView;
  /** Failures in a row, without a byte between them. */
  readonly failures: number;
  /** The most requests that it may have under way at once. */
  readonly maxConnections: number;
  /** How many of them are to be kept busy; the others take over without a pause. */
  readonly lanes: number;
}

/** A limit on the rate of the whole download. */
export interface LimitView {
  /** The most bytes per millisecond; `Infinity` for no limit. */
  readonly rate: number;
  /** From when on (in milliseconds) something may be asked for: what was asked for is paid by then. */
  readonly openAt: number;
}

/** What a delay request algorithm sees when a mirror has become free. */
export interface DelayView {
  /** The mirror that asks. */
  readonly mirror: MirrorView;
  /** All mirrors that the download was started with. */
  readonly mirrors: readonly MirrorView[];
  /** How many of them ask no more, because they failed or were closed as bad. */
  readonly closed: number;
  /** Blocks received in total. */
  readonly received: number;
  /** Blocks not yet asked for. */
  readonly left: number;
}

/** What a duplicate request algorithm sees when the most used mirror has become free. */
export interface DuplicateView {
  /** Blocks in the reorder buffer that wait for something before them. */
  readonly invalidBlocks: number;
  /** Blocks received without the front's block becoming complete, since it last did. */
  readonly receivedSinceFront: number;
  /** The option `invalidBlockThreshold`. */
  readonly threshold: number;
}

/**
 * What an algorithm may see of a download: numbers only, read-only, no clock and no sockets. Where
 * blocks take next to no time, several neighbouring ones are asked for and counted as one.
 *
 * @module
 */

import type { ByteRange } from "../http/byte_range.ts";
import type { SendReason } from "../trace/events.ts";

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

/** One step. */
export type Plan =
  /** Ask a mirror for bytes that are free. */
  | {
    readonly type: "ask";
    readonly mirror: number;
    readonly range: ByteRange;
    /** Why these; whether they had been given back is known elsewhere. */
    readonly reason: AskReason;
  }
  /** Ask a mirror for bytes that the request `late` owns and goes on to bring: the first wins. */
  | Takeover<"duplicate">
  /** Ask a mirror for bytes that the request `late` owns; from there on they are not its own any more. */
  | Takeover<"steal">
  /** What a request has yet to bring is free again; whatever of it comes still counts. */
  | { readonly type: "revoke"; readonly request: number }
  /** A mirror asks no more. */
  | { readonly type: "retire"; readonly mirror: number };

/** Why free bytes are asked for. */
export type AskReason = Extract<SendReason, "front" | "ahead" | "end">;

interface Takeover<Type extends string> {
  readonly type: Type;
  readonly mirror: number;
  readonly range: ByteRange;
  readonly late: number;
}

/** Says which mirror is asked for which bytes. */
export interface Policy<View> {
  /** The next step; `undefined` when there is none for now. The view has changed after each step. */
  next(view: View, now: number): Plan | undefined;
  /** When it wants to be asked again though nothing has happened; `Infinity` for never. */
  wakeAt(view: View, now: number): number;
}

/** A request that is under way, as a policy sees it. */
export interface RequestView {
  readonly id: number;
  /** Only a `range` owns bytes that another mirror could bring instead. */
  readonly kind: "probe" | "range" | "whole";
  /** The first byte that comes. */
  readonly start: number;
  /** The byte behind the last one that will come; `Infinity` where that is unknown. */
  readonly end: number;
  /** The byte behind the last one that it owns: at most `end`. */
  readonly claimEnd: number;
  /** The next byte that will come. */
  readonly position: number;
  readonly startedAt: number;
  /** Whether a new connection was needed for it, as far as can be told. */
  readonly cold: boolean;
  /** When headers were expected. */
  readonly dueAt: number;
  /** When headers came. */
  readonly answeredAt: number | undefined;
  /** When anything last came. */
  readonly activeAt: number;
}

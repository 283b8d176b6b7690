/**
 * What a policy sees of a download, and what it says: the one set of read-only views that every
 * algorithm plans from, and the steps that it plans. A policy changes nothing that it is shown. Views
 * hold numbers only, no clock and no sockets; mirrors and requests are numbers in plans. Times are in
 * milliseconds.
 *
 * @module
 */

import type { ByteRange } from "../http/byte_range.ts";
import type { SendReason } from "../trace/events.ts";
import type { Ledger } from "./bytes/ledger.ts";

/** One mirror, as an algorithm sees it. */
export interface MirrorView {
  /** The mirror's URL, without credentials. */
  readonly url: string;
  /** Number of blocks that it has delivered. */
  readonly usage: number;
  /** Total number of blocks received from all mirrors at its last request; 0 before. */
  readonly previous: number;
  /** Number of requests for blocks sent to it. */
  readonly requests: number;
  /** Milliseconds from its first request to the response headers; `undefined` before. */
  readonly answerMs: number | undefined;
}

/** What a delay request algorithm sees when a mirror has become free. */
export interface DelayView {
  /** The mirror that is free. */
  readonly mirror: MirrorView;
  /** All mirrors that the download was started with. */
  readonly mirrors: readonly MirrorView[];
  /** Number of mirrors that are out of use, because they failed or were closed as bad. */
  readonly closed: number;
  /** Total number of blocks received. */
  readonly received: number;
  /** Number of blocks not yet requested. */
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

export interface LinkView {
  /** Time from a request to its headers on an open connection. */
  readonly latencyMs: number;
  /** The shortest such time so far: that of a round trip without queues. */
  readonly leastLatencyMs: number;
  /** Time from the next request to its headers: it may need a new connection. */
  readonly nextLatencyMs: number;
  /** Mean deviation of the latency. */
  readonly deviationMs: number;
  /** Bytes per second, all connections together; a guess until enough has arrived. */
  bytesPerSecond(now: number): number;
  /** Whether the rate is more than a guess. */
  readonly isMeasured: boolean;
  /** Whether its bytes come with pauses, as losses make them, so that one connection does not fill it. */
  readonly isBursty: boolean;
  /** When bytes began to arrive that have arrived without a long pause since; `-Infinity` for never. */
  readonly flowingSince: number;
  /** Reports whether it may still be speeding up. */
  ramping(now: number): boolean;
}

export interface RequestView {
  readonly id: number;
  /** Only a `range` owns bytes that another mirror could deliver instead. */
  readonly kind: "probe" | "range" | "whole" | "check" | "repair";
  /** The first byte to arrive. */
  readonly start: number;
  /** The byte after the last one to arrive by now; `Infinity` where that is unknown. */
  readonly end: number;
  /**
   * The byte after the last one of the response. A response that goes on behind `end` is a stream: it is
   * read no further than `end`, which may be moved on.
   */
  readonly bodyEnd: number;
  /** The first byte that it owns: behind `position` where it has lost what comes before. */
  readonly claimStart: number;
  /** The byte after the last one that it owns: at most `end`. */
  readonly claimEnd: number;
  /** The next byte to arrive. */
  readonly position: number;
  readonly startedAt: number;
  /** Whether a new connection was needed for it, as far as can be told. */
  readonly cold: boolean;
  /** When its headers were expected. */
  readonly dueAt: number;
  readonly answeredAt: number | undefined;
  /** When anything last arrived. */
  readonly activeAt: number;
  /** Whether its body is held back until the mirrors have agreed. */
  readonly held: boolean;
  /** Whether it is a stream that has delivered all that may be read of it by now. */
  readonly isExhausted: boolean;
  /**
   * Whether it is a stream that waits behind bytes that others own or have delivered, but is kept: it
   * could deliver all that is missing, and the mirror may refuse every other request.
   */
  readonly isKeptWaiting: boolean;
  /**
   * Returns for how long it has been delivering, in milliseconds: since its answer, without the time for which
   * it was not read.
   */
  deliveringMs(now: number): number;
}

/** A mirror, as a policy sees it. */
export interface SourceView extends MirrorView {
  readonly state: { readonly type: "ready" | "waiting" | "retired" | "closed" | "dropped" };
  /** Whether it is in use, now or after a wait. */
  readonly alive: boolean;
  /** Whether it is ready, and has no request under way. */
  readonly idle: boolean;
  /** Whether it serves ranges, now or later. */
  readonly servesRanges: boolean;
  /** Whether ranges can be requested from it now. */
  readonly available: boolean;
  /** Whether it has yet to say how it serves. */
  readonly pending: boolean;
  /** Its requests that are under way, the oldest first. */
  readonly live: readonly RequestView[];
  readonly link: LinkView;
  /** When bytes of it last arrived; `-Infinity` for never. */
  readonly deliveredAt: number;
  /** Time that its last requests took for each block, latency included. */
  readonly blockMs: number | undefined;
  /** Failures in a row, without a byte between them. */
  readonly failures: number;
  /** The most requests that it may have under way at once. */
  readonly maxConnections: number;
  /**
   * The most bytes to request at once, since its connections break after about so many, or it refuses more;
   * `Infinity` for no limit.
   */
  readonly mostBytes: number;
  /** Number of these to keep busy; the others take over without a pause. */
  readonly lanes: number;
  /** Whether a second lane is only to show what it brings. */
  readonly isTrial: boolean;
  /** The fewest bytes that are worth a request; 0 unless the server limits the pace of requests. */
  readonly leastBytes: number;
}

/** The limit on the rate of the whole download. */
export interface LimitView {
  /** The most bytes per millisecond; `Infinity` for no limit. */
  readonly rate: number;
  /** When something may be requested again: everything requested so far is paid for by then. */
  readonly openAt: number;
  /** The most bytes to request at once, from a mirror with this latency and so many connections. */
  piece(source?: { readonly latencyMs: number; readonly maxConnections: number }): number;
  /** Reports whether bytes that hold up the front may be requested in spite of debt. */
  mayHurry(now: number): boolean;
  /** The most bytes that may arrive from `from` to `to`. */
  mostBytes(from: number, to: number): number;
}

export type LedgerView = Readonly<
  Omit<Ledger, "take" | "giveBack" | "forget" | "receive" | "close">
>;

/** A download, as a policy sees it. */
export interface DownloadView {
  readonly ledger: LedgerView;
  readonly mirrors: readonly SourceView[];
  readonly requests: Iterable<RequestView>;
  readonly limit: LimitView;
  /** How many other downloads are at each mirror's host; empty unless the window is small. */
  readonly others: readonly number[];
  /** The most bytes held and requested together. */
  readonly windowSize: number;
  /** Whether as many bytes are held as the window has room for. */
  readonly windowIsFull: boolean;
  /** Bytes that the consumer could take, but has not taken yet. */
  readonly readyBytes: number;
  /** Bytes that may be requested besides those held and those on their way. */
  readonly room: number;
  /** The same where bytes from `start` to `end` that are on their way are requested again. */
  roomFor(start: number, end: number): number;
  /** Total number of units received. */
  readonly received: number;
  /** Units received without the front's unit becoming complete, since it last did. */
  readonly receivedSinceFront: number;
}

export type Plan =
  /** Request free bytes from a mirror, as the beginning of a stream up to `bodyEnd` if that is set. */
  | {
    readonly type: "ask";
    readonly mirror: number;
    readonly range: ByteRange;
    readonly reason: AskReason;
    readonly bodyEnd?: number | undefined;
  }
  /**
   * Read a stream further, over free bytes that follow what it owns: up to `end`. One that is kept may
   * also be read over bytes that others own or have delivered.
   */
  | { readonly type: "extend"; readonly request: number; readonly end: number }
  /** Request bytes that the request `late` owns and may still deliver: the first to arrive wins. */
  | Takeover<"duplicate">
  /** Request bytes that the request `late` owns; from their start on it owns none any more. */
  | Takeover<"steal">
  /** Free what a request has yet to deliver, up to `to` if that is set; what arrives of it still counts. */
  | { readonly type: "revoke"; readonly request: number; readonly to?: number | undefined }
  /** End a request that has not been answered, and free what it owns: its place is needed. */
  | { readonly type: "withdraw"; readonly request: number }
  /** Request nothing more from a mirror. */
  | { readonly type: "retire"; readonly mirror: number }
  /** Count and request blocks in units of `unitSize` bytes from now on. */
  | { readonly type: "resize"; readonly unitSize: number };

export type AskReason = Extract<SendReason, "front" | "ahead" | "end">;

interface Takeover<Type extends string> {
  readonly type: Type;
  readonly mirror: number;
  readonly range: ByteRange;
  readonly late: number;
}

/** Says which mirror is to be asked for which bytes. It may keep a state of its own. */
export interface Policy {
  /** Whether it extends streams: only then does a request ask for more than may be read so far. */
  readonly extendsStreams?: boolean | undefined;
  /**
   * So many bytes the consumer takes between two steps, as long as requests have bytes to deliver or it has some to
   * take; `undefined` where a step may follow whenever bytes move.
   */
  readonly restBytes?: number | undefined;
  /** The next step; `undefined` if there is none for now. The view has changed after each step. */
  next(view: DownloadView, now: number): Plan | undefined;
  /** When to ask for a step again though nothing has happened; `Infinity` for never. */
  wakeAt(view: DownloadView, now: number): number;
}

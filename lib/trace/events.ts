/**
 * What a download tells of itself while it runs: the thesis's `send` and `receive` events, and what
 * happened to its mirrors. `atMs` counts milliseconds from the start of the download. URLs carry no
 * credentials.
 *
 * @module
 */

/** Why a range is asked for. */
export type SendReason =
  /** It begins with the first byte that nobody had been asked for. */
  | "front"
  /** It lies where the front will be by the time at which this mirror has brought it. */
  | "ahead"
  /** It is one of the last, chosen so that all mirrors end together and none holds up the end. */
  | "end"
  /** It had been asked for, but was given back: its mirror failed, fell silent or was too slow. */
  | "retry"
  /** Another mirror, which holds up the front, is asked for it as well: the first one wins. */
  | "duplicate"
  /** It was taken from another mirror that would have held up the front with it. */
  | "steal";

/** Why a request, or the rest of one, is given up. */
export type CancelReason =
  /** Another mirror was asked for the rest: this one would have held up the front with it. */
  | "stolen"
  /** Nothing came for a while. */
  | "silent"
  /** Others have brought all that it was to bring. */
  | "lost"
  /** It held up the front, and its mirror is closed for that (`closeBadConnections`). */
  | "closed"
  /** Its mirror is given up. */
  | "dropped"
  /** The mirrors agreed on another file than this one. */
  | "discarded"
  /** The download has ended. */
  | "end";

/**
 * A mirror was asked what the file is, by a request for its first bytes, or for all of it where ranges
 * cannot be had.
 */
export interface AskEvent {
  /** What happened. */
  type: "ask";
  /** Milliseconds since the start of the download. */
  atMs: number;
  /** URL of the mirror. */
  mirror: string;
  /** Number of the request. */
  request: number;
  /** First byte asked for. */
  start: number;
  /** The byte behind the last one asked for; `undefined` for the whole file. */
  end: number | undefined;
}

/** A mirror answered what it was asked by an {@linkcode AskEvent}, in a way that can be used. */
export interface AnswerEvent {
  /** What happened. */
  type: "answer";
  /** Milliseconds since the start of the download. */
  atMs: number;
  /** URL of the mirror. */
  mirror: string;
  /** Number of the request. */
  request: number;
  /** Status of the answer: 206 is a part, 200 the whole file, 416 says that it ends before. */
  status: 200 | 206 | 416;
  /** Size of the file in bytes, if the mirror tells it. */
  size: number | undefined;
  /** Where redirects led, without what may be secret: credentials and the query. */
  location?: string | undefined;
  /** The ETag header, as it came. */
  etag?: string | undefined;
  /** The Last-Modified header, as it came. */
  lastModified?: string | undefined;
}

/** A block was asked for. */
export interface SendEvent {
  /** What happened. */
  type: "send";
  /** Milliseconds since the start of the download. */
  atMs: number;
  /** Index of the block, from 0. */
  block: number;
  /** URL of the mirror. */
  mirror: string;
  /** Number of the request; one request may ask for several neighbouring blocks. */
  request: number;
  /** First byte asked for. */
  start: number;
  /** The byte behind the last one asked for. */
  end: number;
  /** Whether another mirror has been asked for the block already. */
  duplicate: boolean;
  /** Why; missing in traces that were written before there were reasons. */
  reason?: SendReason | undefined;
}

/** A request, or the rest of one, was given up by decision; a request that fails is another event. */
export interface CancelEvent {
  /** What happened. */
  type: "cancel";
  /** Milliseconds since the start of the download. */
  atMs: number;
  /** URL of the mirror. */
  mirror: string;
  /** Number of the request. */
  request: number;
  /** The first byte that it need not bring any more. */
  start: number;
  /** The byte behind the last one of these. */
  end: number;
  /** Whether it goes on all the same: it has more to bring, or may wake up yet. */
  goesOn: boolean;
  /** Why. */
  reason: CancelReason;
}

/** The last missing byte of a block arrived. */
export interface ReceiveEvent {
  /** What happened. */
  type: "receive";
  /** Milliseconds since the start of the download. */
  atMs: number;
  /** Index of the block, from 0. */
  block: number;
  /** Size of the block in bytes. */
  bytes: number;
  /** URL of the mirror that brought the last missing byte. */
  mirror: string;
}

/** The mirrors agreed on what the file is. */
export interface OpenEvent {
  /** What happened. */
  type: "open";
  /** Milliseconds since the start of the download. */
  atMs: number;
  /** Size of the file in bytes, if any mirror knows it. */
  size: number | undefined;
  /** Whether ranges are asked for from several mirrors, or the file streams from one. */
  mode: "ranges" | "whole";
}

/** A mirror changed its state. */
export interface MirrorEvent {
  /** What happened. */
  type: "mirror";
  /** Milliseconds since the start of the download. */
  atMs: number;
  /** URL of the mirror. */
  mirror: string;
  /** The state it is in now. */
  state: "ready" | "spare" | "retired" | "closed" | "dropped";
  /** Why, in words. */
  message: string;
}

/** A request failed; what it did not bring is asked for again. */
export interface FailureEvent {
  /** What happened. */
  type: "failure";
  /** Milliseconds since the start of the download. */
  atMs: number;
  /** URL of the mirror. */
  mirror: string;
  /** What went wrong, in words. */
  message: string;
  /** Milliseconds until this mirror is asked again; `undefined` when it is not. */
  retryInMs: number | undefined;
}

/** Something that its user should know. */
export interface NoteEvent {
  /** What happened. */
  type: "note";
  /** Milliseconds since the start of the download. */
  atMs: number;
  /** What, in words. */
  message: string;
}

/** The download ended. */
export interface EndEvent {
  /** What happened. */
  type: "end";
  /** Milliseconds since the start of the download. */
  atMs: number;
  /** How it ended. */
  outcome: "complete" | "failed" | "cancelled";
  /** Bytes that were used of each mirror, by its URL; missing in older traces. */
  bytes?: Record<string, number> | undefined;
}

/** Anything that a download tells of itself. */
export type TraceEvent =
  | AskEvent
  | AnswerEvent
  | SendEvent
  | CancelEvent
  | ReceiveEvent
  | OpenEvent
  | MirrorEvent
  | FailureEvent
  | NoteEvent
  | EndEvent;

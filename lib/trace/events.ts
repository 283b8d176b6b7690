/**
 * The events of a download: requests, received blocks, and what happened to the mirrors. `send` and
 * `receive` are those of the thesis. URLs in events have no credentials.
 *
 * @module
 */

/** Why a range was requested. */
export type SendReason =
  /** It begins with the first byte that has not been requested. */
  | "front"
  /** It lies where the front will be when this mirror delivers it. */
  | "ahead"
  /** It is one of the last ranges, chosen so that all mirrors end together. */
  | "end"
  /** It was requested before, but its mirror failed, fell silent or was too slow. */
  | "retry"
  /** The mirror that has it holds up the front: the first of the two to deliver it wins. */
  | "duplicate"
  /** It was taken from a mirror that would have held up the front with it. */
  | "steal";

/** Why a request, or the rest of one, was cancelled. */
export type CancelReason =
  /** The rest was requested from another mirror: this one would have held up the front with it. */
  | "stolen"
  /** Nothing was received for a while. */
  | "silent"
  /** Other mirrors have delivered all of it. */
  | "lost"
  /** It held up the front, and its mirror was closed for that (`closeBadConnections`). */
  | "closed"
  /** Its mirror was dropped. */
  | "dropped"
  /** The mirrors agreed on another file than this one. */
  | "discarded"
  /** Its validators contradict earlier ones: the mirror is compared with bytes that are known. */
  | "questioned"
  /** The consumer has paused, and another download waits for a request to the host. */
  | "yielded"
  /** There is no room for it: the window has become smaller. */
  | "shrunk"
  /** The download has ended. */
  | "end";

/** The fields of every event. */
export interface DownloadEvent<Type extends string> {
  /** The kind of event. */
  type: Type;
  /** Milliseconds since the start of the download. */
  atMs: number;
}

/**
 * The file was requested from a mirror: its first bytes, to compare them with those of other mirrors, all
 * of it if there is no other mirror, or the whole file if no mirror serves ranges.
 */
export interface AskEvent extends DownloadEvent<"ask"> {
  /** URL of the mirror. */
  mirror: string;
  /** Number of the request. */
  request: number;
  /** Offset of the first byte. */
  start: number;
  /** Offset of the byte after the last one; `undefined` for all that follow. */
  end: number | undefined;
  /**
   * How it was requested: as `bytes=N-M`, as `bytes=N-`, or without a range; missing in old traces.
   */
  form?: "bounded" | "open" | "plain" | undefined;
}

/** A mirror sent a usable response to the request of an {@linkcode AskEvent}. */
export interface AnswerEvent extends DownloadEvent<"answer"> {
  /** URL of the mirror. */
  mirror: string;
  /** Number of the request. */
  request: number;
  /** Status of the response: 206 for a range, 200 for the whole file, 416 if the file is shorter. */
  status: 200 | 206 | 416;
  /** Size of the file in bytes, if the mirror reports it. */
  size: number | undefined;
  /** Where redirects led, without credentials and query, which may be secret. */
  location?: string | undefined;
  /** The ETag header as received. */
  etag?: string | undefined;
  /** The Last-Modified header as received. */
  lastModified?: string | undefined;
  /** The Content-Encoding with which the file is stored. */
  encoding?: string | undefined;
  /** Hashes of the whole file that the mirror gives, in hexadecimal, by their types, like `sha-256`. */
  hashes?: Readonly<Record<string, string>> | undefined;
  /** Why such hashes are ignored. */
  hashProblem?: string | undefined;
}

/** A block was requested. */
export interface SendEvent extends DownloadEvent<"send"> {
  /** Index of the block, from 0. */
  block: number;
  /** URL of the mirror. */
  mirror: string;
  /** Number of the request; one request may ask for several adjacent blocks. */
  request: number;
  /** Offset of the first byte requested. */
  start: number;
  /** Offset of the byte after the last one requested. */
  end: number;
  /** Whether the block was requested from another mirror before. */
  duplicate: boolean;
  /** Why it was requested; missing in old traces. */
  reason?: SendReason | undefined;
}

/** A request, or the rest of one, was cancelled; a request that fails is another event. */
export interface CancelEvent extends DownloadEvent<"cancel"> {
  /** URL of the mirror. */
  mirror: string;
  /** Number of the request. */
  request: number;
  /** Offset of the first byte that is no longer expected from it. */
  start: number;
  /** Offset of the byte after the last of them. */
  end: number;
  /** Whether the request continues: it has other bytes to deliver, or may resume. */
  goesOn: boolean;
  /** Why it was cancelled. */
  reason: CancelReason;
}

/** The last missing byte of a block arrived. */
export interface ReceiveEvent extends DownloadEvent<"receive"> {
  /** Index of the block, from 0. */
  block: number;
  /** Size of the block in bytes. */
  bytes: number;
  /** URL of the mirror that delivered the last missing byte. */
  mirror: string;
}

/** The mirrors agreed on the file. */
export interface OpenEvent extends DownloadEvent<"open"> {
  /** Size of the file in bytes, if any mirror reports it. */
  size: number | undefined;
  /** Whether ranges are requested from several mirrors, or the whole file from one. */
  mode: "ranges" | "whole";
  /** What proves the file: `pieces`, `digest`, `tags`, `bytes` or `size`; missing in old traces. */
  proof?: string | undefined;
}

/** A mirror changed its state. */
export interface MirrorEvent extends DownloadEvent<"mirror"> {
  /** URL of the mirror. */
  mirror: string;
  /** Its new state; `added`: it was added to a download that was running, and is asked whether it has the file. */
  state: "added" | "ready" | "spare" | "retired" | "closed" | "dropped";
  /** Why, as text. */
  message: string;
}

/** Why a mirror has so many requests under way. */
export type LanesReason =
  /** Little is known of it. */
  | "start"
  /** Its link has room for that many. */
  | "rate"
  /** Its responses pause, as losses make them. */
  | "pauses"
  /** Its bytes flow steadily: one request may fill its link. */
  | "steady"
  /** It is found out whether that many are of use. */
  | "trial"
  /** Another number was of no use. */
  | "useless";

/** The number of requests that a mirror is to be busy with changed. */
export interface LanesEvent extends DownloadEvent<"lanes"> {
  /** URL of the mirror. */
  mirror: string;
  /** The number; some more may be under way, to take over without a pause. */
  lanes: number;
  /** Why there are so many. */
  reason: LanesReason;
}

/** A request failed; what it did not deliver is requested again. */
export interface FailureEvent extends DownloadEvent<"failure"> {
  /** URL of the mirror. */
  mirror: string;
  /** What went wrong, as text. */
  message: string;
  /** Milliseconds until the mirror is used again; `undefined` if it is not. */
  retryInMs: number | undefined;
}

/** A message for the user. */
export interface NoteEvent extends DownloadEvent<"note"> {
  /** The message. */
  message: string;
}

/** The download ended. */
export interface EndEvent extends DownloadEvent<"end"> {
  /** How it ended. */
  outcome: "complete" | "failed" | "cancelled";
  /** Number of bytes used from each mirror, by its URL; missing in old traces. */
  bytes?: Record<string, number> | undefined;
}

/** Any event of a download. */
export type TraceEvent =
  | AskEvent
  | AnswerEvent
  | SendEvent
  | CancelEvent
  | ReceiveEvent
  | OpenEvent
  | MirrorEvent
  | LanesEvent
  | FailureEvent
  | NoteEvent
  | EndEvent;

/**
 * The messages between the scheduler and its driver: events in, commands out. Requests and mirrors are
 * numbers here; sockets, promises and clocks stay with the driver.
 *
 * @module
 */

import type { MirrorError, SphttpError } from "../errors.ts";
import type { ByteRange, RequestForm } from "../http/byte_range.ts";
import type { Hashes } from "../http/hashes.ts";
import type { Page } from "../http/name/html.ts";
import type { AnswerEvent, TraceEvent } from "../trace/events.ts";
import type { Size } from "./bytes/size.ts";

/** The meaning of a response's headers, once they were found usable. */
export type Answer =
  /** The bytes from `start` to `end`: possibly fewer than requested. */
  | { readonly type: "partial"; readonly size?: Size } & ByteRange
  /** The whole file from byte 0. */
  | { readonly type: "whole"; readonly size?: Size }
  /** The range lies outside the file. */
  | { readonly type: "unsatisfiable"; readonly size: number };

/** Headers that are only reported. */
export type AnswerDetails = Pick<
  AnswerEvent,
  "location" | "etag" | "lastModified" | "encoding" | "hashes" | "hashProblem"
>;

/** What proves that a response delivers the file. */
export type Proof =
  /** Its strong ETag: that which the mirror had from the beginning. */
  | "validators"
  /** Its validators are those from the beginning, but weak: pieces of the file are compared now and then. */
  | "hints"
  /** Its validators have changed, or there are none: the same. */
  | "pieces";

/** Something that happened. */
export type SchedulerEvent =
  /** Usable headers have arrived. */
  | {
    readonly type: "response";
    readonly request: number;
    readonly answer: Answer;
    /** Reported; mirrors with the same strong ETag are compared less, and hashes with others. */
    readonly details?: AnswerDetails | undefined;
    /** What proves that it is the same file. @default `validators` */
    readonly proof?: Proof | undefined;
    /** How it contradicts earlier responses of the mirror, like `its ETag was "a" and is "b"`. */
    readonly doubt?: string | undefined;
  }
  /** All bytes of a check have arrived, and were compared; this ends it. */
  | {
    readonly type: "compared";
    readonly request: number;
    readonly length: number;
    /** Offset of the first byte that differs; `undefined` if all are the same. */
    readonly differsAt: number | undefined;
    /** Whether its validators were new: by this comparison they are proved. */
    readonly fresh: boolean;
  }
  /**
   * A probe's first bytes have arrived: all of them, or the whole file where that is shorter. This
   * ends the probe, unless its body goes on.
   */
  | {
    readonly type: "sampled";
    readonly request: number;
    readonly length: number;
    /** Digest of the bytes; `undefined` where fewer arrived than were requested. */
    readonly digest: string | undefined;
    /** Set if they are the beginning of a web page. */
    readonly page?: Page | undefined;
    /** Hashes of the whole file that the mirror gives. */
    readonly hashes?: Hashes | undefined;
  }
  /** Some of a probe's first bytes, or of what is compared, have arrived. */
  | { readonly type: "progress"; readonly request: number }
  /** The next `length` bytes of a request have arrived. */
  | { readonly type: "bytes"; readonly request: number; readonly length: number }
  /** A request's body ended as announced. */
  | { readonly type: "ended"; readonly request: number }
  | { readonly type: "failed"; readonly request: number; readonly failure: MirrorError }
  /** Bytes of a request differ from those that `other` sent, or several mirrors; this ends it. */
  | {
    readonly type: "differs";
    readonly request: number;
    readonly failure: MirrorError;
    /** Offset of the first byte that differs. */
    readonly at: number;
    readonly other: number | undefined;
  }
  /** The bytes of a piece have the digest that is expected. */
  | {
    readonly type: "proved";
    readonly start: number;
    readonly end: number;
    /** Mirrors whose bytes of it were not these. */
    readonly liars: readonly number[];
  }
  /** The bytes of a piece do not have the digest that is expected. */
  | {
    readonly type: "disproved";
    readonly start: number;
    readonly end: number;
    /**
     * The mirrors that sent them, and which of these bytes each had been the first to deliver: none, if it has
     * sent the piece again. Empty if a part was sent again, and it is still not certain who is wrong.
     */
    readonly senders: readonly PieceSender[];
  }
  | { readonly type: "consumed"; readonly bytes: number }
  /** Use another mirror, or one again that was dropped. */
  | { readonly type: "mirror-added" } & NewMirror
  /** Use a mirror no more. */
  | { readonly type: "mirror-dropped"; readonly mirror: number }
  /**
   * For `ms` milliseconds until now, nothing could be noticed: the process was busy or stopped, or the
   * machine was asleep.
   */
  | { readonly type: "stood"; readonly ms: number }
  /** The scheduler's `wakeAt` has come. */
  | { readonly type: "timeout" };

/** A mirror that has sent bytes of a piece. */
export interface PieceSender {
  readonly mirror: number;
  readonly ranges: readonly ByteRange[];
}

/** A mirror that is added to a download. */
export interface NewMirror {
  /** Its URL, without credentials. */
  readonly url: string;
  /** What is known of its link. */
  readonly known?: { readonly bytesPerSecond: number; readonly latencyMs: number } | undefined;
  /** The most requests that it may have under way at once, where that is not what others may. */
  readonly connections?: number | undefined;
}

/** Something that happened to a request. */
export type RequestEvent = Extract<SchedulerEvent, { readonly request: number }>;

/** What is known of a piece, once its digest has been compared. */
export type PieceEvent = Extract<SchedulerEvent, { type: "proved" | "disproved" }>;

export type ResponseEvent = Extract<SchedulerEvent, { type: "response" }>;

/** Something to do. */
export type SchedulerCommand =
  /**
   * Request the bytes from `start` to `end`; all that follow where `end` is `undefined`. The body may be
   * read up to `readTo` so far.
   */
  | {
    readonly type: "start";
    readonly request: number;
    readonly mirror: number;
    readonly kind: RequestKind;
    readonly start: number;
    readonly end: number | undefined;
    /** For a probe: where its sample ends. */
    readonly readTo: number;
    /** The file's size, where it is known, to check the response by. */
    readonly size: Size;
    /** How it is requested: by default `bounded` with an `end`, else `plain`. */
    readonly form?: RequestForm | undefined;
    /** Whether the size in the answer is verified: other mirrors say another one. @default false */
    readonly measures?: boolean | undefined;
  }
  | { readonly type: "cancel"; readonly request: number }
  /** Send later requests over new connections: those that are idle may be dead. */
  | { readonly type: "reconnect" }
  /** Read on a body that was held back, as its response contradicted earlier ones. */
  | { readonly type: "resume"; readonly request: number }
  /** Compare the validators of a mirror no more: they change though the file does not. */
  | { readonly type: "distrust"; readonly mirror: number }
  /** Read the body of a request further, up to the byte `to`. */
  | { readonly type: "read"; readonly request: number; readonly to: number }
  /** Deliver bytes: the mirrors have agreed on what the file is, and `mirror` has it. */
  | { readonly type: "open"; readonly mirror: number; readonly size: Size }
  /** Use a probe's first bytes as the file's; where its body goes on, read on. */
  | { readonly type: "accept"; readonly request: number }
  /** Drop everything that has arrived: it is another file. Only before `open`. */
  | { readonly type: "discard" }
  /** Drop what has arrived from the byte `from` on: there is no room for it, and it will come again. */
  | { readonly type: "forget"; readonly from: number }
  | { readonly type: "report"; readonly event: TraceEvent }
  /** Every byte has been received. */
  | { readonly type: "finish" }
  /** The download cannot go on. */
  | { readonly type: "fail"; readonly error: SphttpError };

/**
 * `probe`: the first request to a mirror, for a few bytes, or for all where the mirror is the only one;
 * `range`: a part of the file; `whole`: all of it, from a mirror that does not serve ranges; `check`: a
 * piece that is known, to compare it; `repair`: a piece that was received, but has another digest than
 * is expected.
 */
export type RequestKind = "probe" | "range" | "whole" | "check" | "repair";

/** A trace event without its time. */
export type Unstamped<Event> = Event extends TraceEvent ? Omit<Event, "atMs"> : never;

/** Gathers the scheduler's commands until the driver takes them. */
export class CommandQueue {
  #commands: SchedulerCommand[] = [];
  /** When the download started: trace events count their time from then, in milliseconds. */
  startedAt = 0;

  push(command: SchedulerCommand): void {
    this.#commands.push(command);
  }

  /** Adds the report of an event at `now`. */
  report(event: Unstamped<TraceEvent>, now: number): void {
    this.push({ type: "report", event: { ...event, atMs: now - this.startedAt } });
  }

  take(): readonly SchedulerCommand[] {
    const commands = this.#commands;
    this.#commands = [];
    return commands;
  }
}

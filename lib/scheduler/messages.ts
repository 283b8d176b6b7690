/**
 * What the scheduler and its driver say to each other: events in, commands out. Requests and mirrors
 * are numbers here; sockets, promises and clocks stay with the driver.
 *
 * @module
 */

import type { MirrorError, SphttpError } from "../errors.ts";
import type { ByteRange } from "../http/byte_range.ts";
import type { AnswerEvent, TraceEvent } from "../trace/events.ts";

/** What a mirror's headers said, once they were found usable. */
export type Answer =
  /** The bytes from `start` to `end`; fewer than asked for, perhaps. */
  | { readonly type: "partial"; readonly size?: Size } & ByteRange
  /** The whole file from byte 0. */
  | { readonly type: "whole"; readonly size?: Size }
  /** The range lies outside the file. */
  | { readonly type: "unsatisfiable"; readonly size: number };

/** A file's size in bytes; `undefined` where the mirror does not tell. */
export type Size = number | undefined;

/** What a mirror's headers said that is only told. */
export type AnswerDetails = Pick<AnswerEvent, "location" | "etag" | "lastModified">;

/** Something that happened. */
export type SchedulerEvent =
  /** Usable headers came. */
  | {
    readonly type: "response";
    readonly request: number;
    readonly answer: Answer;
    /** What else they said; nothing is decided by it. */
    readonly details?: AnswerDetails | undefined;
  }
  /**
   * A probe's first bytes came: all of them, or the whole file where that is shorter. It has ended
   * by that, unless it was answered with the whole file.
   */
  | {
    readonly type: "sampled";
    readonly request: number;
    readonly length: number;
    /** Digest of the bytes; `undefined` where fewer came than were asked for. */
    readonly digest: string | undefined;
  }
  /** Some of a probe's first bytes came. */
  | { readonly type: "progress"; readonly request: number }
  /** The next `length` bytes of a request came. */
  | { readonly type: "bytes"; readonly request: number; readonly length: number }
  /** A request's body ended as announced. */
  | { readonly type: "ended"; readonly request: number }
  /** A request failed. */
  | { readonly type: "failed"; readonly request: number; readonly failure: MirrorError }
  /** The consumer took bytes. */
  | { readonly type: "consumed"; readonly bytes: number }
  /** The time that the scheduler wanted to be woken at has come. */
  | { readonly type: "timeout" };

/** Something to do. */
export type SchedulerCommand =
  /** Ask a mirror for `start` to `end`; for the whole file where `end` is `undefined`. */
  | {
    readonly type: "start";
    readonly request: number;
    readonly mirror: number;
    readonly kind: RequestKind;
    readonly start: number;
    readonly end: number | undefined;
    /** The file's size, where it is known, for the answer to be held against. */
    readonly size: Size;
  }
  /** Give a request up. */
  | { readonly type: "cancel"; readonly request: number }
  /** What the file is has been settled: `mirror` is one that has it. */
  | { readonly type: "open"; readonly mirror: number; readonly size: Size }
  /** Use the first bytes of a probe, but hand nothing over before `open`; where its body is the whole file, go on reading it. */
  | { readonly type: "accept"; readonly request: number }
  /** What came so far is of no use: another file than the mirrors agreed on. Only before `open`. */
  | { readonly type: "discard" }
  /** Tell whoever listens. */
  | { readonly type: "report"; readonly event: TraceEvent }
  /** Every byte has been received. */
  | { readonly type: "finish" }
  /** The download cannot go on. */
  | { readonly type: "fail"; readonly error: SphttpError };

/**
 * `probe`: the first request to a mirror, for a few bytes; `range`: a part of the file;
 * `whole`: all of it, from a mirror that cannot do ranges.
 */
export type RequestKind = "probe" | "range" | "whole";

/** A trace event to which the time has yet to be added. */
export type Unstamped<Event> = Event extends TraceEvent ? Omit<Event, "atMs"> : never;

const NOTHING: readonly SchedulerCommand[] = [];

/** The commands that have been given, but not yet taken. */
export class CommandQueue {
  #commands: SchedulerCommand[] = [];
  #startedAt = 0;

  /** When the download started: trace events count their time from then, in milliseconds. */
  get startedAt(): number {
    return this.#startedAt;
  }

  /** Starts the time of trace events. */
  start(now: number): void {
    this.#startedAt = now;
  }

  /** Gives a command. */
  push(command: SchedulerCommand): void {
    this.#commands.push(command);
  }

  /** Reports what happened at `now`. */
  report(event: Unstamped<TraceEvent>, now: number): void {
    this.push({ type: "report", event: { ...event, atMs: now - this.#startedAt } });
  }

  /** Takes the commands. */
  take(): readonly SchedulerCommand[] {
    if (this.#commands.length === 0) return NOTHING;
    const commands = this.#commands;
    this.#commands = [];
    return commands;
  }
}

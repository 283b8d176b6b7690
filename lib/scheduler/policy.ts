/**
 * What a policy is: it says, one step at a time, which mirror is asked for which bytes. The classic
 * algorithms and the adaptive one are two policies of one scheduler. Mirrors and requests are
 * numbers here. Times are in milliseconds, and passed in.
 *
 * @module
 */

import type { ByteRange } from "../http/byte_range.ts";
import type { SendReason } from "../trace/events.ts";

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

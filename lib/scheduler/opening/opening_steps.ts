/**
 * The events and outcomes of the opening of a download, and its states.
 *
 * @module
 */

import type { Hashes } from "../../http/hashes.ts";
import type { MirrorError, SphttpError } from "../../errors.ts";
import type { FileFacts } from "../../http/agreement.ts";
import type { Size } from "../bytes/size.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { LiveRequest } from "../requests/live_request.ts";
import type { FirstAnswer, OpenFile } from "./first_answer.ts";

/**
 * When the first bytes are delivered: `agreement`, once the mirrors have agreed on the file; `first-answer`,
 * once the first of them has sent its first bytes.
 */
export type DeliverAfter = "agreement" | "first-answer";

export interface OpeningOptions {
  /** First byte wanted. */
  readonly start: number;
  /**
   * Hashes that the whole file has to have.
   *
   * @default {any}
   */
  readonly expectedHashes?: Hashes | undefined;
  /**
   * When the first bytes are delivered.
   *
   * @default {"agreement"}
   */
  readonly deliverAfter?: DeliverAfter | undefined;
}

/** A file that an earlier download has opened. */
export interface KnownFileFacts extends FileFacts {
  /** Its size in bytes. */
  readonly size: number;
  /** URLs of mirrors that serve ranges of it. */
  readonly mirrors: readonly string[];
  /** URLs of those that have been compared behind their first bytes. */
  readonly compared?: readonly string[] | undefined;
}

export type OpeningState =
  /** Nothing but probes is requested. */
  | { readonly type: "probing" }
  /** Ranges are requested from mirrors that say the same as `leader`; nothing is delivered yet. */
  | { readonly type: "speculating"; readonly leader: FirstAnswer }
  /** The mirrors have agreed: bytes are delivered, and later answers are compared with `file`. */
  | { readonly type: "open"; readonly file: OpenFile }
  | { readonly type: "failed"; readonly error: SphttpError };

export type OpeningEvent =
  /** An earlier download knows the file. */
  | { readonly type: "known"; readonly file: KnownFileFacts }
  /** A probe's first bytes have arrived. */
  | { readonly type: "answered"; readonly answer: FirstAnswer }
  | { readonly type: "failed"; readonly mirror: Mirror }
  /** A mirror that was to be compared has the bytes that are known. */
  | { readonly type: "same"; readonly mirror: Mirror }
  /** A mirror that was to be compared has other bytes, from byte `at` on. */
  | { readonly type: "differs"; readonly mirror: Mirror; readonly error: MirrorError; at: number }
  /** Time has passed, or fewer mirrors are outstanding. */
  | { readonly type: "waited" };

/** A mirror that has the file. */
export interface Admission {
  readonly mirror: Mirror;
  readonly service: "ranges" | "whole";
}

export type OpeningStep =
  /** Request ranges of a file of `size` bytes from `mirror`. */
  | { readonly type: "trust"; readonly mirror: Mirror; readonly size: number }
  /** Use a probe's first bytes as the file's; where its body is the whole file, read on. */
  | { readonly type: "accept"; readonly request: LiveRequest }
  /** Drop what has arrived and trust no mirror: it is another file than the mirrors agreed on. */
  | { readonly type: "discard" }
  /** Ask a mirror for its first bytes once more, and verify the size that it says. */
  | { readonly type: "measure"; readonly mirror: Mirror }
  /** Compare bytes of a mirror with those that are known, before it is admitted. */
  | { readonly type: "compare"; readonly mirror: Mirror }
  | { readonly type: "note"; readonly message: string }
  /** Drop a mirror that has another file. */
  | { readonly type: "reject"; readonly mirror: Mirror; readonly error: MirrorError }
  /** Deliver bytes: the mirrors have agreed on what the file is, and `mirror` has it. */
  | {
    readonly type: "open";
    readonly mirror: Mirror;
    readonly size: Size;
    readonly mode: "ranges" | "whole";
  }
  /** Use mirrors that have the file. */
  | { readonly type: "admit"; readonly admissions: readonly Admission[] }
  | { readonly type: "fail"; readonly error: SphttpError };

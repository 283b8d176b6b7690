/**
 * How long a request may be silent. Pure.
 *
 * @module
 */

import { MirrorError } from "../errors.ts";
import type { Ledger } from "./ledger.ts";
import type { LiveRequest, Mirror } from "./mirror.ts";

/** Timeouts, in milliseconds. */
export interface TimeoutOptions {
  /** For a mirror's first answer: connection, TLS and headers. */
  readonly connectTimeoutMs: number;
  /** For the headers of a later answer. */
  readonly headersTimeoutMs: number;
  /** For the next bytes of a body. */
  readonly idleTimeoutMs: number;
  /**
   * For anything at all from the mirror that holds up the front, or did until its range was given to
   * others, while another could help.
   */
  readonly stallTimeoutMs: number;
}

/** A wake-up that comes later than this says that the process stood still. */
export const SUSPEND_MS = 500;

/** A mirror may be silent for this many times what its first answer took. */
const STALL_ANSWERS = 8;

/** What a deadline depends on besides the request. */
export interface DeadlineView {
  readonly ledger: Ledger;
  readonly mirrors: readonly Mirror[];
  readonly heldBytes: number;
  /** The most bytes held and asked for together. */
  readonly windowSize: number;
  /** Until when no more bytes are to come, because of the greatest rate, in milliseconds. */
  readonly openAt: number;
}

/** When a request fails if nothing comes for it, in milliseconds. */
export function deadline(
  request: LiveRequest,
  { ledger, mirrors, heldBytes, windowSize, openAt }: DeadlineView,
  options: TimeoutOptions,
): number {
  const { mirror, kind, answeredAt, position, claimEnd, end } = request;
  if (request.held) return Infinity;
  // The body of a whole file is read only while there is room, and no faster than it may come.
  if (kind === "whole" && heldBytes >= windowSize) return Infinity;
  const activeAt = kind === "whole" ? Math.max(request.activeAt, openAt) : request.activeAt;
  const patience = answeredAt !== undefined
    ? options.idleTimeoutMs
    : mirror.answerMs === undefined
    ? options.connectTimeoutMs
    : options.headersTimeoutMs;
  const lostRange = claimEnd < end && claimEnd <= position;
  const holdsUpFront = lostRange || (position <= ledger.front && ledger.front < end);
  const helped = kind === "range" && holdsUpFront &&
    mirrors.some((other) => other !== mirror && other.servesRanges);
  if (!helped) return activeAt + patience;
  const stall = Math.max(options.stallTimeoutMs, STALL_ANSWERS * (mirror.answerMs ?? 0));
  return activeAt + Math.min(patience, stall);
}

/** The failure of a request that was silent until `now`. */
export function timeoutError(
  { mirror, answeredAt, activeAt }: LiveRequest,
  now: number,
): MirrorError {
  const phase = answeredAt !== undefined
    ? "body"
    : mirror.answerMs === undefined
    ? "connect"
    : "headers";
  const what = { connect: "no answer", headers: "no answer", body: "nothing more" }[phase];
  const seconds = ((now - activeAt) / 1000).toFixed(1);
  return new MirrorError(`${mirror.url}: ${what} came for ${seconds} s`, {
    mirror: mirror.url,
    phase,
    reason: "timeout",
    retryable: true,
  });
}

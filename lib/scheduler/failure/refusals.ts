/**
 * Tells limits from failures: a request that is refused while its host serves others, or soon after
 * it did, has come too many or too soon. Then fewer requests are sent, for longer ranges and after a
 * pause, and what is being delivered goes on. Servers report such limits with all kinds of statuses, or
 * close the connection. Pure, but for what the mirror and its host learn: times are in milliseconds, and passed
 * in.
 *
 * @module
 */

import { MirrorError } from "../../errors.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { LiveRequest } from "../requests/live_request.ts";
import type { RequestView } from "../view.ts";

/** Overload by the book (RFC 6585 section 4, RFC 9110 section 15.6.4), and by habit. */
const OVERLOADED: readonly (number | undefined)[] = [420, 429, 503, 509, 529];

/** Of a mirror that has served nothing yet, these may be limits, too: others say that it has no file. */
const DENIED: readonly (number | undefined)[] = [403, 404, 416];

/** A status that answers a condition, not a request too many. */
const NOT_MODIFIED = 304;

/** How connections are refused. */
const CLOSED: readonly (MirrorError["fault"])[] = ["refused", "reset", "empty"];

/**
 * How a request was refused: by a status that says so, by another one, by closing the connection, or by
 * a page in place of the file.
 */
type Manner = "overloaded" | "denied" | "closed" | "replaced";

/**
 * For this time after a host has delivered, a refusal may be due to the pace of requests. Some servers
 * count them by the minute.
 */
const PACE_MS: Readonly<Record<Manner, number>> = {
  overloaded: 75_000,
  denied: 2000,
  closed: 3000,
  replaced: 0,
};

/** A file that its host denies, while it serves others, may also be missing: it is not waited for long. */
const MISSING_MS = 20_000;

/** How long those that hold a host's connections, but receive nothing, are waited for. */
const QUIET_MS = 60_000;

/** A failure of a mirror. */
export interface FailureCause {
  readonly mirror: Mirror;
  readonly failure: MirrorError;
  /** The request that failed, which has been closed; `undefined` where the mirror itself did. */
  readonly request?: LiveRequest | undefined;
  /** Whether the mirror answers another request with a stream. */
  readonly besideStream?: boolean | undefined;
  /**
   * If the request was kept waiting while its mirror delivered by other requests, the number of those that
   * are still under way.
   */
  readonly passing?: number | undefined;
  /** If it held up the front at a crawl meanwhile, how many of the mirror's responses have done so. */
  readonly crawls?: number | undefined;
}

/** What limits the patience with refusals; times are in milliseconds. */
export interface RefusalOptions {
  readonly retry: {
    readonly jitter: number;
    readonly maxRetryAfterMs: number;
    readonly maxTurnMs: number;
    readonly maxTimeMs: number;
  };
  readonly random: () => number;
}

/** What a refusal means. */
export type RefusalClass =
  /** A limit: the mirror is left alone for a while. */
  | { readonly type: "limit"; readonly pauseMs: number }
  /** A limit that the mirror has waited for in vain. */
  | { readonly type: "hopeless"; readonly failure: MirrorError }
  /** A failure as any other. */
  | { readonly type: "failure" };

const FAILURE: RefusalClass = { type: "failure" };

/** Decides what the failure of a request, which has been closed, means; learns from it if it is a limit. */
export function classifyRefusal(
  { mirror, failure, request, besideStream = false, passing }: FailureCause,
  { retry, random }: RefusalOptions,
  runMs: number,
  now: number,
): RefusalClass {
  const manner = passing !== undefined ? "closed" : mannerOf(failure);
  if (manner === undefined || request === undefined) return FAILURE;
  const { seat } = mirror;
  if (seat.isAt(mirror.url)) {
    // That one address accepts no connections says nothing of the others; a status is that of the host.
    if (manner === "closed" && !mirror.live.some(isAnswered)) return FAILURE;
    if (failure.status !== undefined) seat.move(mirror.url, now);
  }
  const others = seat.occupied(now);
  const meant = !isLastClosed(manner, request, now) &&
    (others > 0
      ? isMeantForOne(manner, failure, request, now)
      : isMeantForPace(manner, failure, request, now));
  if (!meant) {
    // What seemed to be a limit is the answer to what was asked.
    if (manner !== "overloaded") seat.unlearn(now);
    return FAILURE;
  }
  const retryAfterMs = failure.retryAfterMs ?? 0;
  if (others === 0 && retryAfterMs > retry.maxRetryAfterMs) return FAILURE;
  const since = mirror.trackRecord.refused(now);
  if (
    others > 0 && !besideStream &&
    now - since >= patienceMs(manner, failure, mirror, retry.maxTurnMs, now)
  ) {
    return { type: "hopeless", failure: inVain(failure, seat.limit(now), now - since) };
  }
  const jitter = retry.jitter * random();
  const sentAt = request.startedAt;
  const pauseMs = seat.refuse({ sentAt, retryAfterMs, jitter, served: passing }, now);
  // What is on its way goes on.
  return besideStream || runMs + pauseMs < retry.maxTimeMs ? { type: "limit", pauseMs } : FAILURE;
}

function isAnswered({ answeredAt }: RequestView): boolean {
  return answeredAt !== undefined;
}

function mannerOf(
  { reason, status, phase, fault, retryAfterMs }: MirrorError,
): Manner | undefined {
  if (reason === "changed") return status === 200 ? "replaced" : undefined;
  if (OVERLOADED.includes(status)) return "overloaded";
  // Servers deny one request too many by any status, or send it in circles.
  const isDenied = (reason === "status" && status !== NOT_MODIFIED) || reason === "redirect";
  if (isDenied || status === 416) return retryAfterMs === undefined ? "denied" : "overloaded";
  return phase !== "body" && fault !== undefined && CLOSED.includes(fault) ? "closed" : undefined;
}

/** Reports whether a request may have been refused because the host serves others now. */
function isMeantForOne(
  manner: Manner,
  { status }: MirrorError,
  { mirror, ticket: { level, crowd } }: LiveRequest,
  now: number,
): boolean {
  // Of a mirror that has served nothing yet, the file may be missing; and the host has served as many.
  const isNew = mirror.bytes === 0;
  const isPlain = manner === "replaced" || (manner === "denied" && !DENIED.includes(status));
  if (isNew && isPlain) return false;
  const isMissing = manner === "denied" && status !== 403;
  const most = isMissing ? level : crowd;
  return manner === "overloaded" || !isNew || most > mirror.seat.accepted(now);
}

/** Reports whether a connection was closed as the last one of several: no limit leaves none of them. */
function isLastClosed(
  manner: Manner,
  { mirror: { seat, trackRecord }, startedAt }: LiveRequest,
  now: number,
): boolean {
  return manner === "closed" && startedAt < trackRecord.refusedLast && seat.liveRequests(now) === 0;
}

/** Reports whether a request may have been refused because it came too soon. */
function isMeantForPace(
  manner: Manner,
  { retryable }: MirrorError,
  { mirror, form }: LiveRequest,
  now: number,
): boolean {
  // The next file of a list comes too soon, too; but if it is denied, it is missing.
  const deliveredAt = manner === "overloaded" ? mirror.seat.deliveredAt(now) : mirror.deliveredAt;
  // A server that is in trouble is asked again anyway.
  if (manner === "denied" && (retryable || !mirror.forms.hasServed(form))) return false;
  return now < deliveredAt + PACE_MS[manner];
}

/** Returns how long a mirror may wait for its turn. */
function patienceMs(
  manner: Manner,
  { status }: MirrorError,
  mirror: Mirror,
  maxTurnMs: number,
  now: number,
): number {
  if (!mirror.seat.isDelivering(now)) return Math.min(QUIET_MS, maxTurnMs);
  if (mirror.bytes > 0) return Infinity;
  const isMissing = manner === "denied" && status !== 403;
  return Math.min(isMissing ? MISSING_MS : Infinity, maxTurnMs);
}

function inVain(failure: MirrorError, limit: number, waitedMs: number): MirrorError {
  const seconds = Math.round(waitedMs / 1000);
  const most = limit === 1 ? "one request" : `${limit} requests`;
  const message = `${failure.problem}: its host serves no more than ${most} at once, which other ` +
    `downloads hold (waited for ${seconds} s)`;
  const { mirror, phase, reason, status, fault } = failure;
  return new MirrorError(message, {
    ...{ mirror, phase, reason, status, fault },
    retryable: true,
    cause: failure,
  });
}

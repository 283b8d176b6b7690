/**
 * What a failure means for its mirror: it is left alone for a while, asked for less at once, or
 * dropped. Pure, but for the state that it changes: randomness is passed in.
 *
 * @module
 */

import {
  type FailureReason,
  MirrorError,
  type NetworkFault,
  NoMirrorLeftError,
} from "../../errors.ts";
import { type ExpectedSize, sizesOf } from "../bytes/size.ts";
import { makeRoom } from "../mirror/idle_connections.ts";
import type { Mirror } from "../mirror/mirror.ts";
import { classifyRefusal, type FailureCause } from "./refusals.ts";
import { type ResolvedRetry, retryDelay } from "./retries.ts";
import { isPassedBy } from "./timeouts.ts";
import { isTooLong } from "./too_long.ts";
import { awaitTurn } from "./turns.ts";
import type { LiveRequest } from "../requests/live_request.ts";
import type { DownloadState } from "../state.ts";

export interface FailureOptions {
  readonly retry: ResolvedRetry;
  /** Returns another number from 0 to, but without, 1 at each call. */
  readonly random: () => number;
}

/** A mirror that failed after delivering at least this many bytes is retried immediately. */
const GOOD_BYTES = 64 * 1024;

/** How connections break. A timeout is another thing: the silence may last. */
const BROKEN: readonly FailureReason[] = ["network", "truncated"];

/** A pause of the consumer after which a broken connection says nothing, in milliseconds. */
const LONG_PAUSE_MS = 1000;

/** Until the network is back after a sleep, a mirror is tried again after this time, in milliseconds. */
const WAKING_RETRY_MS = 500;

/** So many responses of a mirror may crawl by chance, as losses come; from then on, its server limits them. */
const CHANCE_CRAWLS = 1;

/** How servers refuse a link that was used before. */
const SPENT: readonly (number | undefined)[] = [403, 404, 410, 429];

/** What follows from a failure: `again` means that the mirror may be asked again at once. */
export type Consequence = "again" | "wait" | "dropped";

/** Statuses that another form of asking does not change: not modified, or the proxy wants a login. */
const SETTLED: readonly (number | undefined)[] = [304, 407];
/** Some servers say this to any request for a range. A login that is refused is not tried again. */
const UNAUTHORIZED = 401;

/**
 * Answers with the whole file, or connections that are closed instead of an answer or of the body of an open
 * range, after which a mirror is asked in another form.
 */
const MOST_ALIKE = 2;

/** Updates the state of a mirror that has failed. */
export function penalize(
  { mirror, failure, request, ...known }: FailureCause,
  state: DownloadState,
  { retry, random }: FailureOptions,
  now: number,
): Consequence {
  const useful = request?.useful ?? 0;
  const runMs = now - state.commands.startedAt;
  const besideStream = state.requests.of(mirror).some((other) =>
    other.asksAhead && other.answeredAt !== undefined
  );
  if (failure.fault === "descriptors" && mirror.seat.exhausted(now)) {
    makeRoom(state);
    return awaitSeat(mirror, failure, mirror.seat.turnAt(now) - now, state, now);
  }
  const { crawls, passing = passingOf(failure, request, state) } = known;
  const isLost = crawls === undefined ? isBegun(request) : crawls <= CHANCE_CRAWLS;
  // Its connection is lost: another one delivers the rest.
  if (passing !== undefined && isLost) return askAgain(mirror, failure, state, now);
  const isBreak = request !== undefined && isBroken(failure);
  if (isBreak && mirror.trackRecord.breaksWithAnother(request.startedAt, now)) {
    return breakWithOthers(mirror, failure, useful, state, now);
  }
  if (isBreak && failure.phase === "body") noteBreak(request, now);
  const cause = { mirror, failure, request, besideStream, passing };
  if (isTooLong(cause, now)) return askAgain(mirror, failure, state, now);
  const refusal = classifyRefusal(cause, { retry, random }, runMs, now);
  if (refusal.type === "limit") return awaitSeat(mirror, failure, refusal.pauseMs, state, now);
  if (refusal.type === "hopeless") return reportAndDrop(mirror, refusal.failure, state, now);
  if (crawls !== undefined) return askAgain(mirror, failure, state, now);
  // Whatever comes next, it begins when the host's pause is over.
  const pauseMs = Math.max(0, mirror.seat.openAt(now) - now);
  const isTooLate = pauseMs > 0 && runMs + pauseMs >= retry.maxTimeMs;
  const isUnserved = request !== undefined && isEmpty(failure, request);
  const otherForm = () =>
    !isTooLate && request !== undefined && (isUnserved || isAnswer(failure)) &&
    mirror.refuse(request.form);
  if (!failure.retryable && otherForm()) return askAgain(mirror, failure, state, now);
  if (mirror.trackRecord.isWaking(now) && isUnanswered(failure)) {
    return pause(mirror, failure, WAKING_RETRY_MS, state, now);
  }
  if (request !== undefined && isOurs(failure, request)) return goOn(mirror, failure, state, now);
  const isCut = isBroken(failure) && failure.phase === "body" && !isUnserved;
  if (request?.kind === "range" && isCut) {
    mirror.lengths.broke(request.position - request.start);
  }
  const failures = mirror.countFailure(useful);
  const { retryable, retryAfterMs } = failure;
  const delayMs = isTooLate
    ? undefined
    : retryDelay({ retryable, retryAfterMs, runMs }, failures, retry, random());
  const insists = failures >= MOST_ALIKE &&
    (failure.reason === "range" || isUnserved || isHangUp(failure));
  if ((delayMs === undefined || insists) && otherForm()) {
    return askAgain(mirror, failure, state, now);
  }
  if (delayMs === undefined) return reportAndDrop(mirror, failure, state, now);
  if (useful >= GOOD_BYTES && isBroken(failure)) {
    // It goes on, piece by piece, and is as fast as it was; but its connections are gone.
    mirror.recover();
    return goOn(mirror, failure, state, now);
  }
  if (retryAfterMs !== undefined) mirror.trackRecord.turnedAway(now);
  return pause(mirror, failure, delayMs, state, now);
}

/** Notes that a response broke off. Requests that were closed unanswered just before were not refused, then. */
function noteBreak({ mirror, startedAt }: LiveRequest, now: number): void {
  const { trackRecord, seat } = mirror;
  if (trackRecord.mayHaveBroken(now)) seat.unlearn(now);
  trackRecord.broke(startedAt, now);
}

/**
 * Reports the end of a connection beside others of its mirror, one of which was delivering: all of them have one
 * reason, as where a server or a router restarts. Once it has been dealt with, this one says nothing new.
 */
function breakWithOthers(
  mirror: Mirror,
  failure: MirrorError,
  useful: number,
  state: DownloadState,
  now: number,
): Consequence {
  if (useful >= GOOD_BYTES) {
    mirror.recover();
    if (mirror.state.type === "waiting" && isBroken(mirror.state.failure)) mirror.revive();
  }
  if (mirror.state.type !== "waiting") return goOn(mirror, failure, state, now);
  report(mirror, failure, mirror.state.until - now, state, now);
  return "wait";
}

/**
 * Reports whether a failure is the mirror's answer to what was asked, which may be another one if the
 * same is asked for in another form; but not where it said when to come back.
 */
function isAnswer(failure: MirrorError): boolean {
  const { reason, status, retryAfterMs, hadCredentials } = failure;
  if (retryAfterMs !== undefined || (status === UNAUTHORIZED && hadCredentials)) return false;
  return reason === "range" || reason === "encoding" ||
    (reason === "status" && !SETTLED.includes(status)) ||
    isHangUp(failure);
}

/** Reports whether the body of a range without an end ended before its first byte. */
function isEmpty(failure: MirrorError, { form, position, start }: LiveRequest): boolean {
  return form === "open" && failure.phase === "body" && isBroken(failure) && position === start;
}

/** Reports whether a mirror closed the connection instead of answering. */
function isHangUp({ phase, fault }: MirrorError): boolean {
  return phase !== "body" && (fault === "reset" || fault === "empty");
}

/**
 * Reports whether a connection broke or fell silent for what the client did: a server gives up one that is
 * not read for long, and after a sleep of the machine it may be dead.
 */
function isOurs(failure: MirrorError, { pausedMs, isDoubtful }: LiveRequest): boolean {
  if (isDoubtful && failure.reason === "timeout") return true;
  return (isDoubtful || pausedMs >= LONG_PAUSE_MS) && isBroken(failure);
}

/**
 * Returns, if a request fell silent while the only mirror delivered by others, the number of those that are
 * still under way.
 */
function passingOf(
  { reason }: MirrorError,
  request: LiveRequest | undefined,
  { mirrors, requests }: DownloadState,
): number | undefined {
  if (request === undefined || reason !== "timeout") return undefined;
  if (!isPassedBy(request, mirrors)) return undefined;
  return requests.of(request.mirror).filter(({ activeAt }) => activeAt > request.activeAt).length;
}

/** Reports whether some of the body of a request has arrived. */
function isBegun(request: LiveRequest | undefined): boolean {
  return request !== undefined && request.position > request.start;
}

/** What is wrong with an answer that came, but cannot be read. */
const UNREADABLE: readonly (NetworkFault | undefined)[] = ["garbage", "head"];

/** Reports whether a mirror was not reached, or did not answer. */
function isUnanswered({ phase, reason, fault }: MirrorError): boolean {
  if (UNREADABLE.includes(fault)) return false;
  return phase !== "body" && (reason === "network" || reason === "timeout");
}

function isBroken({ reason, fault }: MirrorError): boolean {
  return BROKEN.includes(reason) && !UNREADABLE.includes(fault);
}

/** Reports a failure after which its mirror is asked again at once. */
function askAgain(
  mirror: Mirror,
  failure: MirrorError,
  state: DownloadState,
  now: number,
): Consequence {
  report(mirror, failure, 0, state, now);
  return "again";
}

/** Reports a failure after which its mirror goes on at once, over new connections. */
function goOn(
  mirror: Mirror,
  failure: MirrorError,
  state: DownloadState,
  now: number,
): Consequence {
  mirror.link.loseConnections();
  return askAgain(mirror, failure, state, now);
}

/** Reports a failure after which its mirror is left alone for `delayMs`, and measured anew. */
function pause(
  mirror: Mirror,
  failure: MirrorError,
  delayMs: number,
  state: DownloadState,
  now: number,
): Consequence {
  mirror.link.reset();
  report(mirror, failure, delayMs, state, now);
  mirror.wait(now + delayMs, failure);
  return "wait";
}

/** Reports a limit: the mirror waits for its turn at the host, unless its other requests go on. */
function awaitSeat(
  mirror: Mirror,
  failure: MirrorError,
  pauseMs: number,
  state: DownloadState,
  now: number,
): Consequence {
  report(mirror, failure, pauseMs, state, now);
  if (mirror.live.length === 0) awaitTurn(mirror, now, failure);
  return "wait";
}

/** Reports a failure after which its mirror is dropped. */
function reportAndDrop(
  mirror: Mirror,
  failure: MirrorError,
  state: DownloadState,
  now: number,
): Consequence {
  report(mirror, failure, undefined, state, now);
  drop(mirror, failure, state, now);
  return "dropped";
}

/** Gives up a mirror, whatever its failure may mean otherwise. */
export function giveUp(
  mirror: Mirror,
  failure: MirrorError,
  state: DownloadState,
  now: number,
): void {
  mirror.countFailure(0);
  reportAndDrop(mirror, failure, state, now);
}

/** Drops a mirror for good. */
export function drop(
  mirror: Mirror,
  failure: MirrorError,
  state: DownloadState,
  now: number,
): void {
  mirror.drop(failure);
  state.forgetHabits(mirror);
  for (const request of state.requests.of(mirror)) state.cancel(request, "dropped", now);
  const { message } = failure;
  state.commands.report({ type: "mirror", mirror: mirror.url, state: "dropped", message }, now);
}

/** Returns the error of a download whose mirrors are all dropped; `undefined` while one is not. */
export function noMirrorLeft(mirrors: readonly Mirror[]): NoMirrorLeftError | undefined {
  const failures = mirrors.flatMap(({ state }) => state.type === "dropped" ? [state.failure] : []);
  if (failures.length < mirrors.length) return undefined;
  const served = mirrors.filter(({ bytes }) => bytes > 0);
  const areSpent = served.length > 0 && served.every(isSpent);
  return new NoMirrorLeftError(failures, areSpent ? adviceOnLinks(mirrors.length) : undefined);
}

/** Reports whether a mirror that is dropped has answered once, and refused whatever it was asked then. */
function isSpent({ state, trackRecord }: Mirror): boolean {
  return trackRecord.hasAnsweredOnce && state.type === "dropped" &&
    SPENT.includes(state.failure.status);
}

function adviceOnLinks(count: number): string {
  return count === 1
    ? "The link may work only once: get a new one"
    : "The links may work only once each: get new ones, and download from one of them alone";
}

/** Returns the failure of a request whose body has ended too early; `undefined` if it is complete. */
export function truncation(
  { mirror, kind, position, bodyEnd }: LiveRequest,
  { ledger, size }: DownloadState,
  wanted: ExpectedSize,
): MirrorError | undefined {
  const received = ledger.receivedBytes > 0 ? ledger.front : 0;
  const known = size ?? Math.max(received, sizesOf(wanted).least);
  const expected = kind === "whole" ? known : Math.min(bodyEnd, ledger.end);
  if (position >= expected || expected === Infinity) return undefined;
  return useless(mirror, "truncated", `the body ended after ${position} of ${expected} bytes`);
}

/** Returns the failure of a mirror whose response is of no use. */
export function useless({ url }: Mirror, reason: FailureReason, message: string): MirrorError {
  const phase = reason === "truncated" ? "body" : "headers";
  const facts = { mirror: url, phase, reason, retryable: true } as const;
  return new MirrorError(message, facts);
}

function report(
  { url }: Mirror,
  { message }: MirrorError,
  retryInMs: number | undefined,
  { commands }: DownloadState,
  now: number,
): void {
  commands.report({ type: "failure", mirror: url, message, retryInMs }, now);
}

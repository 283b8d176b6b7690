/**
 * Sends the checks by which mirrors are compared with one another, and keeps those that are under way.
 * Pure: times are in milliseconds, and passed in.
 *
 * @module
 */

import { Waiting } from "../host/excuses.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { LiveRequest } from "../requests/live_request.ts";
import type { DownloadState } from "../state.ts";
import type { Comparisons } from "./comparisons.ts";
import type { CrossCheck } from "./witnesses.ts";

/** Mirrors are compared where they will send their last bytes at most so many times each. */
const MOST_EARLY = 2;

/** A mirror that is slower than this, in bytes per second, or has just failed, is compared later. */
const LEAST_RATE = 16 * 1024;
/** Where a mirror takes so long, and so many round trips, for its answer, another way is tried, too. */
const LATE_MS = 100;
const LATE_ROUND_TRIPS = 3;
/**
 * How long mirrors that show the last bytes are waited for once all have been received, in milliseconds: this long,
 * or this part of the time so far.
 */
const WITNESS_MS = 10;
const WITNESS_SHARE = 0.01;
/** The same where one mirror has delivered everything and none has shown them, or where one has shown others. */
const MOST_WITNESS_MS = 1500;
/** The most checks that are remembered for their doubts. */
const MOST_DOUBTFUL = 64;

/** A check that is under way. */
export interface SentCheck extends CrossCheck {
  /** How the response contradicts earlier ones of the mirror. */
  doubt: string | undefined;
}

/** The checks of mirrors by one another of one download. */
export class CrossChecks {
  readonly #state: DownloadState;
  readonly #comparisons: Comparisons;
  /** Those that are under way, by their requests. */
  readonly #sent = new Map<LiveRequest, SentCheck>();
  /** Those that have been answered with a doubt. */
  readonly #doubtful: SentCheck[] = [];
  /** Those that have yet to be requested. */
  #wanted: readonly CrossCheck[] = [];
  /** Number of those that were wanted at the end, but before all bytes were received. */
  #early = 0;
  /** Since when all bytes have been received. */
  readonly #complete = new Waiting();
  /** Until when mirrors that have delivered nothing may show the last bytes. */
  #until = Infinity;
  /** Until when mirrors are waited for whose first bytes are arriving. */
  #arrivingUntil = Infinity;
  /** When the next of these times is over. */
  #lookAt = Infinity;
  /** Whether they are not waited for any more. */
  #isUnwitnessed = false;
  /** When the next of those that are under way is late. */
  #lateAt = Infinity;
  readonly #isProved: () => boolean;

  /** `isProved` reports whether the whole file will be proved, so that no witness is needed. */
  constructor(state: DownloadState, comparisons: Comparisons, isProved: () => boolean) {
    this.#state = state;
    this.#comparisons = comparisons;
    this.#isProved = isProved;
  }

  /** When others are asked, or none is waited for any more, in milliseconds; `Infinity` for never. */
  get wakeAt(): number {
    if (this.#isUnwitnessed || this.#lookAt === Infinity) return Infinity;
    return Math.min(this.#lookAt, this.#lateAt);
  }

  /** Waits longer: nothing could be noticed for `ms` until `now`, in milliseconds. */
  excuse(ms: number, now: number): void {
    this.#complete.excuse(ms, now);
  }

  /** Reports whether some are missing that are under way, or have yet to be requested. */
  areAwaited(now: number): boolean {
    if (this.#areWitnessed && this.#comparisons.areArriving(this.#arrivingUntil, now)) return true;
    if (this.#wanted.length + this.#sent.size === 0) return false;
    return this.#missing([], now).length > 0;
  }

  /** Learns how long mirrors that have delivered nothing are waited for. */
  #look(now: number): void {
    const { ledger, commands: { startedAt } } = this.#state;
    if (!ledger.complete) return;
    this.#complete.begin(now);
    const { since } = this.#complete;
    const patienceMs = Math.max(WITNESS_MS, WITNESS_SHARE * (since - startedAt));
    const { isLone, isDisputed } = this.#comparisons;
    const [shortly, longer] = [since + patienceMs, since + MOST_WITNESS_MS];
    this.#arrivingUntil = isDisputed ? longer : shortly;
    this.#until = isLone || isDisputed ? longer : shortly;
    this.#lookAt = now < this.#arrivingUntil ? this.#arrivingUntil : this.#until;
    this.#isUnwitnessed ||= now >= this.#until;
  }

  get #areWitnessed(): boolean {
    return !this.#isUnwitnessed && !this.#isProved();
  }

  #missing(pending: readonly CrossCheck[], now: number): readonly CrossCheck[] {
    const until = this.#areWitnessed ? this.#until : undefined;
    return this.#comparisons.missing(this.#claims, pending, until, now);
  }

  /** Reports whether a mirror is to be asked for a piece. */
  areWantedOf(mirror: Mirror): boolean {
    return this.#wanted.some((check) => check.mirror === mirror);
  }

  /** Returns the check that a request makes; `undefined` for none. */
  of(request: LiveRequest): SentCheck | undefined {
    return this.#sent.get(request);
  }

  /**
   * Returns how the response contradicted earlier ones in which a mirror has shown a byte; `undefined` if it
   * did not, or has not shown it.
   */
  doubtAt(at: number, mirror: Mirror): string | undefined {
    const isOf = (check: CrossCheck) =>
      check.mirror === mirror && check.piece.start <= at && at < check.piece.end;
    return this.#doubtful.find(isOf)?.doubt;
  }

  /** Notes how the response to a check contradicts earlier ones. */
  hear(check: SentCheck, doubt: string): void {
    check.doubt = doubt;
    this.#doubtful.push(check);
    if (this.#doubtful.length > MOST_DOUBTFUL) this.#doubtful.shift();
  }

  /** Sends those that are due, as far as there is room. */
  send(now: number): void {
    const { mirrors, requests } = this.#state;
    this.#look(now);
    const sent = this.#pending(now);
    const wanted = this.#wanted.filter((check) =>
      check.mirror.available && this.#comparisons.isOfUse(check, requests)
    );
    for (const mirror of mirrors) {
      const isFit = mirror.failures === 0 && mirror.link.bytesPerSecond(now) >= LEAST_RATE;
      const isOf = (check: CrossCheck) => check.mirror === mirror;
      // One piece at a time is enough.
      if (!mirror.available || !isFit || sent.some(isOf) || wanted.some(isOf)) continue;
      const due = this.#comparisons.due(mirror);
      if (due !== undefined) wanted.push(due);
    }
    wanted.push(...this.#lastOf([...sent, ...wanted], now));
    this.#wanted = wanted.filter((check) => !this.#sendOne(check, now));
    if (wanted.length > 0) this.#state.look(now);
  }

  /** Asks mirrors that have no work, and have delivered nothing, for the last bytes. */
  askIdle(now: number): void {
    const { ledger } = this.#state;
    if (ledger.complete || ledger.end === Infinity || !this.#areWitnessed) return;
    const checks = this.#comparisons.early(ledger, [...this.#sent.values()]);
    for (const check of checks) this.#sendOne(check, now);
    if (checks.length > 0) this.#state.look(now);
  }

  /** Returns the checks that are under way and not late. */
  #pending(now: number): CrossCheck[] {
    const pending: CrossCheck[] = [];
    this.#lateAt = Infinity;
    for (const [request, check] of this.#sent) {
      const isOver = this.#state.requests.get(request.id) === undefined;
      const lateAt = lateAtOf(request);
      if (isOver) this.#sent.delete(request);
      if (isOver || lateAt <= now) continue;
      this.#lateAt = Math.min(this.#lateAt, lateAt);
      pending.push(check);
    }
    return pending;
  }

  /** Returns those that are missing at the end: before all bytes have been received, a few. */
  #lastOf(pending: readonly CrossCheck[], now: number): readonly CrossCheck[] {
    const { mirrors, ledger, isSettled } = this.#state;
    if (!isSettled || (!ledger.complete && this.#early >= MOST_EARLY * mirrors.length)) return [];
    const missing = this.#missing(pending, now).filter((check) => !this.#isSent(check));
    if (!ledger.complete) this.#early += missing.length;
    return missing;
  }

  /** Reports whether a mirror is being asked for a piece: perhaps in vain, but once is enough. */
  #isSent({ mirror, piece: { start, end } }: CrossCheck): boolean {
    return [...this.#sent.values()].some((one) =>
      one.mirror === mirror && one.piece.start === start && one.piece.end === end
    );
  }

  /** The requests that are to deliver something; what has been received is not expected of them any more. */
  get #claims(): readonly LiveRequest[] {
    const { requests, ledger } = this.#state;
    if (ledger.complete) return [];
    return [...requests].filter(({ kind, position, claimEnd }) =>
      kind === "range" && position < claimEnd
    );
  }

  #sendOne(check: CrossCheck, now: number): boolean {
    const { mirror, piece: { start, end } } = check;
    if (!mirror.mayAsk || mirror.live.length >= mirror.maxConnections) return false;
    const request = this.#state.send({ mirror, kind: "check", start, end }, now);
    this.#sent.set(request, { ...check, doubt: undefined });
    return true;
  }
}

/** Returns when a check is late, so that another way is tried. */
function lateAtOf({ startedAt, mirror: { link } }: LiveRequest): number {
  return startedAt + LATE_MS + LATE_ROUND_TRIPS * link.latencyMs;
}

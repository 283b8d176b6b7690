/**
 * What the scheduler knows of one mirror: its state, how it serves, its measurements, and its
 * requests that are under way. Everything is readable, and changed by the methods only. Pure: times
 * are in milliseconds, and passed in.
 *
 * @module
 */

import type { MirrorError } from "../../errors.ts";
import { isOneTimeLink } from "../../http/address/one_time_link.ts";
import type { RequestForm } from "../../http/byte_range.ts";
import { Forms } from "./forms.ts";
import { type Allowance, HostLimits, type Seat, type Shut } from "../host/host_limits.ts";
import { Lanes } from "./lanes.ts";
import { LengthBound } from "./length_bound.ts";
import type { ConnectionTuner } from "./connection_tuner.ts";
import { type KnownLink, LinkEstimate, RateEstimator, type SentRequest } from "./link_estimate.ts";
import type { MirrorState, Service } from "./mirror_state.ts";
import { RecentRate } from "./recent_rate.ts";
import { TrackRecord } from "./track_record.ts";
import type { RequestView, SourceView } from "../view.ts";

/** A request that has to be cut off costs its connection: it is for this many bytes at least. */
const LEAST_OPEN = 4 * 1024 * 1024;

/** What arrives so soon after a pause was buffered on its way, in milliseconds. */
const BUFFERED_MS = 100;
/** A shorter pause lets next to nothing gather, in milliseconds. */
const LEAST_PAUSE_MS = 10;

export interface MirrorOptions {
  /** What an earlier download measured of its link. */
  readonly known?: KnownLink | undefined;
  /**
   * The most requests that it may have under way at once; `auto` for as many as are of use.
   *
   * @default {2}
   */
  readonly maxConnections?: number | "auto" | undefined;
  /**
   * How many mirrors there are.
   *
   * @default {2}
   */
  readonly mirrors?: number | undefined;
  /**
   * Its place at its host.
   *
   * @default {at a host that no other mirror uses}
   */
  readonly seat?: Seat | undefined;
}

export class Mirror implements SourceView {
  readonly url: string;
  /** Whether it may be good for one request. */
  readonly isOneTime: boolean;
  /** The rate while requests are under way, smoothed. */
  readonly rate = new RateEstimator();
  /** The rate that statistics show. */
  readonly recent = new RecentRate();
  readonly link: LinkEstimate;
  /** Its place at its host, which may limit its requests. */
  readonly seat: Seat;
  /** How much to request at once, where it serves short responses only. */
  readonly lengths = new LengthBound();
  /** How it has answered, and when it was refused. */
  readonly trackRecord = new TrackRecord();
  /** How parts of the file are asked for. */
  readonly forms = new Forms();
  #state: MirrorState = { type: "ready" };
  #service: Service = "unknown";
  #questioned = false;
  readonly #live: RequestView[] = [];
  readonly #lanes: Lanes;
  #allowance: Allowance = { room: Infinity, leastBytes: 0, shut: undefined };
  #deliveredAt = -Infinity;
  #usage = 0;
  #previous = 0;
  #requests = 0;
  #duplicates = 0;
  #answerMs: number | undefined;
  #blockMs: number | undefined;
  #failures = 0;
  #totalFailures = 0;
  #bytes = 0;
  #wastedBytes = 0;

  constructor(url: string, options: MirrorOptions = {}) {
    this.url = url;
    this.isOneTime = isOneTimeLink(url);
    this.link = new LinkEstimate(options.known, options.mirrors === 1);
    this.seat = options.seat ?? new HostLimits().join(url, () => {});
    this.#lanes = new Lanes(options.maxConnections ?? 2, options.mirrors);
  }

  get state(): MirrorState {
    return this.#state;
  }

  get service(): Service {
    return this.#service;
  }

  /**
   * Notes that it refuses what is asked for in this form. Reports whether there is another one to try. One
   * that takes no range serves the whole file, if anything.
   */
  refuse(form: RequestForm): boolean {
    const servesWhole = form === "plain" && this.#service === "whole";
    if (servesWhole || !this.forms.refuse(form)) return false;
    if (this.forms.current === "plain" && this.#service === "ranges") this.#service = "whole";
    return true;
  }

  /** Whether it has to show that it has the file before more is requested from it. */
  get questioned(): boolean {
    return this.#questioned;
  }

  get live(): readonly RequestView[] {
    return this.#live;
  }

  get usage(): number {
    return this.#usage;
  }

  get previous(): number {
    return this.#previous;
  }

  get requests(): number {
    return this.#requests;
  }

  /** Number of requests for bytes that had been requested from another mirror already. */
  get duplicates(): number {
    return this.#duplicates;
  }

  get answerMs(): number | undefined {
    return this.#answerMs;
  }

  get blockMs(): number | undefined {
    return this.#blockMs;
  }

  get failures(): number {
    return this.#failures;
  }

  get totalFailures(): number {
    return this.#totalFailures;
  }

  /** Bytes received from it, wasted ones too. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of these that another mirror had delivered already, or that were not used. */
  get wastedBytes(): number {
    return this.#wastedBytes;
  }

  /** Bytes received that were of use. */
  get usedBytes(): number {
    return this.#bytes - this.#wastedBytes;
  }

  get maxConnections(): number {
    return Math.min(this.#lanes.maxConnections, this.#mostNow);
  }

  /** Finds the number of lanes, where it is not fixed. */
  get tuner(): ConnectionTuner | undefined {
    return this.#lanes.tuner;
  }

  /** How many lanes its link is worth at first sight. */
  get worth(): number {
    const { rate, roundTripMs, flowMeter, product } = this.link;
    if (flowMeter.flow !== "unknown") return this.#lanes.worth(product, true);
    return this.#lanes.worth((rate.at(this.#deliveredAt) ?? 0) * roundTripMs / 1000, false);
  }

  get lanes(): number {
    return Math.min(this.#lanes.count, this.#mostNow);
  }

  get isTrial(): boolean {
    return this.#lanes.tuner?.isTrying ?? false;
  }

  /** The most requests that its host lets it have now; one, where it may have none. */
  get #mostNow(): number {
    return Math.max(1, this.#live.length + this.#allowance.room);
  }

  /** The fewest bytes that are worth a request to it; 0 where nothing is known against short ranges. */
  get leastBytes(): number {
    return Math.max(this.#allowance.leastBytes, this.forms.current === "open" ? LEAST_OPEN : 0);
  }

  /** When it last delivered anything; `-Infinity` for never. */
  get deliveredAt(): number {
    return this.#deliveredAt;
  }

  /** Whether its host lets it have a request now. */
  get mayAsk(): boolean {
    return this.#live.length > 0 || this.#allowance.room > 0;
  }

  get alive(): boolean {
    return this.#state.type === "ready" || this.#state.type === "waiting";
  }

  get idle(): boolean {
    return this.#state.type === "ready" && !this.#questioned && this.#live.length === 0 &&
      this.#allowance.room > 0;
  }

  get servesRanges(): boolean {
    return this.#service === "ranges" && this.#state.type !== "dropped";
  }

  get available(): boolean {
    return this.#service === "ranges" && this.#state.type === "ready" && !this.#questioned &&
      this.mayAsk;
  }

  get pending(): boolean {
    return this.#service === "unknown" && this.#state.type === "ready";
  }

  /** Puts a mirror into use again that was waiting, retired or closed. */
  revive(): void {
    if (this.#state.type !== "dropped") this.#state = { type: "ready" };
  }

  /** Leaves it alone until `until`, or longer where an earlier failure demands that. */
  wait(until: number, failure: MirrorError): void {
    const before = this.#state.type === "waiting" && !this.#state.turn ? this.#state.until : 0;
    this.#state = { type: "waiting", until: Math.max(until, before), failure, turn: false };
  }

  /** Leaves it alone until its host takes another request, which it may do by `until`. */
  waitForTurn(until: number, failure: MirrorError): void {
    this.#state = { type: "waiting", until, failure, turn: true };
  }

  retire(): void {
    this.#state = { type: "retired" };
  }

  close(): void {
    this.#state = { type: "closed" };
  }

  drop(failure: MirrorError): void {
    this.#state = { type: "dropped", failure };
  }

  /** Puts it into use again as it was before it was dropped. */
  recall(): void {
    this.#state = { type: "ready" };
  }

  /** Begins anew, if it was dropped: nothing is known of its file. Reports whether it was. */
  rejoin(): boolean {
    if (this.#state.type !== "dropped") return false;
    this.#state = { type: "ready" };
    this.#service = "unknown";
    this.#questioned = false;
    this.#failures = 0;
    return true;
  }

  /** Sets how it serves the file, once that is known. */
  serve(service: "ranges" | "whole"): void {
    // It served ranges once, but is known to have refused them since.
    const isRefused = this.#answerMs === undefined && this.forms.current === "plain";
    this.#service = isRefused ? "whole" : service;
  }

  /** Sets whether it has to show that it has the file. */
  question(questioned: boolean): void {
    this.#questioned = questioned;
  }

  /** Forgets how it serves, and wastes what it delivered: that was another file. */
  discard(): void {
    this.#service = "unknown";
    this.#wastedBytes = this.#bytes;
  }

  /** Whether its host refuses every request, those of other downloads too. */
  get shut(): Shut | undefined {
    return this.#allowance.shut;
  }

  /** Learns what its host allows now. */
  allow(allowance: Allowance): void {
    this.#allowance = allowance;
  }

  opened(request: RequestView): void {
    this.#live.push(request);
  }

  /** Counts a request for blocks, sent when `received` blocks had been received in total. */
  asked(received: number, duplicate: boolean): void {
    this.#previous = received;
    this.#requests++;
    if (duplicate) this.#duplicates++;
  }

  answered(request: RequestView & SentRequest, now: number): void {
    this.#answerMs ??= now - request.startedAt;
    this.trackRecord.answered(request.startedAt);
    this.link.answered(request, now);
    if (request.kind === "check") return;
    this.rate.resume(now);
    this.link.rate.resume(now);
  }

  /** Counts bytes that have arrived, after a pause in their response. */
  received(bytes: number, now: number, pauseMs = 0): void {
    this.#bytes += bytes;
    this.#deliveredAt = now;
    this.rate.add(bytes, now);
    this.recent.add(bytes, now);
    this.link.received(bytes, now, pauseMs);
  }

  /** Notes that a response is not read on, for lack of room or because it is held back: none is expected. */
  paused(now: number): void {
    if (!this.#live.some(isExpected)) this.link.rate.pause(now);
  }

  /** Notes that a response is read on after `pausedMs`: what is buffered says nothing about the link. */
  resumed(pausedMs: number, now: number): void {
    this.link.rate.resume(now, pausedMs > LEAST_PAUSE_MS ? BUFFERED_MS : 0);
  }

  /** Counts bytes that were compared only: a few, which say nothing about the link. */
  compared(bytes: number): void {
    this.#bytes += bytes;
    this.#wastedBytes += bytes;
  }

  /** Counts received bytes as wasted; a negative number takes that back. */
  waste(bytes: number): void {
    this.#wastedBytes += bytes;
  }

  /** Removes a request that is over; `kept`: its connection can serve another one. */
  closed(request: RequestView, kept: boolean, now: number): void {
    this.#live.splice(this.#live.indexOf(request), 1);
    if (kept) this.link.keepConnection();
    if (!this.#live.some(isExpected)) this.link.rate.pause(now);
    const delivers = ({ kind, answeredAt }: RequestView) =>
      kind !== "check" && answeredAt !== undefined;
    if (!this.#live.some(delivers)) this.rate.pause(now);
  }

  get mostBytes(): number {
    return this.lengths.mostBytes;
  }

  /** Counts a request that delivered `blocks`, or a part of one, in `elapsedMs`. */
  delivered(blocks: number, elapsedMs: number): void {
    this.#usage++;
    const blockMs = elapsedMs / blocks;
    this.#blockMs = this.#blockMs === undefined ? blockMs : 0.7 * this.#blockMs + 0.3 * blockMs;
  }

  /** Counts a failure; returns how many there are in a row if it counts as one of them. */
  countFailure(useful: number): number {
    this.#totalFailures++;
    // Others of its requests may have failed before this one did, without a byte.
    this.#failures = useful > 0 ? 1 : this.#failures + 1;
    return this.#failures;
  }

  /** Ends a row of failures: it has delivered bytes that were of use. */
  recover(): void {
    this.#failures = 0;
  }
}

/** Reports whether bytes of a response are expected. */
function isExpected({ kind, answeredAt, held, isExhausted }: RequestView): boolean {
  return kind !== "check" && answeredAt !== undefined && !held && !isExhausted;
}

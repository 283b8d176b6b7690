/**
 * One request that is under way. Invariant: a request for a range or the whole file owns the bytes
 * from its `claimStart` to its `claimEnd`; what it delivers besides counts, but belongs to others
 * or is free. A stream is a request for a range whose response goes on behind what may be read of it
 * so far; what it may deliver, and owns, is moved on as bytes arrive. Pure: times are in milliseconds,
 * and passed in.
 *
 * @module
 */

import type { ByteRange, RequestForm } from "../../http/byte_range.ts";
import { Excuses } from "../host/excuses.ts";
import type { Ticket } from "../host/host_limits.ts";
import type { Ledger } from "../bytes/ledger.ts";
import type { Answer, Proof, RequestKind } from "../messages.ts";
import { WARM_UP_ROUND_TRIPS } from "../mirror/flow.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { RequestView } from "../view.ts";

/** A stream that was not read for so long may have been given up on the other side, in milliseconds. */
const UNREAD_MS = 10_000;
/** A response trickles below this part of its share of what the mirror delivers. */
const TRICKLE_SHARE = 1 / 16;
/** A connection that still works after this time is alive, in milliseconds. */
const DOUBT_MS = 5000;

export interface NewRequest extends ByteRange {
  readonly mirror: Mirror;
  readonly kind: RequestKind;
  /** Where the response ends, if it is to be a stream; by default `end`. */
  readonly bodyEnd?: number | undefined;
  /** How it is asked for; by default as its mirror is asked. */
  readonly form?: RequestForm | undefined;
  /** Whether the size in its answer is verified before it is used. */
  readonly measures?: boolean | undefined;
}

/** One request that is under way. Everything is readable, and changed by the methods only. */
export class LiveRequest implements RequestView {
  readonly id: number;
  readonly mirror: Mirror;
  readonly cold: boolean;
  readonly form: RequestForm;
  /** Its place among the requests that its host serves at once. */
  readonly ticket: Ticket;
  /** Whether it asks for more than may be read of it at first. */
  readonly asksAhead: boolean;
  #kind: RequestKind;
  #start: number;
  #end: number;
  #bodyEnd: number;
  #claimEnd: number;
  /** Where what it owns begins, once its position is there, too. */
  #claimStart: number;
  #position: number;
  #answer: Answer | undefined;
  #startedAt: number;
  #dueAt: number;
  #answeredAt: number | undefined;
  #activeAt: number;
  #silentMs = 0;
  #isExcused = false;
  readonly #excuses = new Excuses();
  #wasInterrupted = false;
  #doubtUntil = -Infinity;
  #held = false;
  #proof: Proof = "validators";
  #paid = 0;
  #useful = 0;
  #pausedMs = 0;
  #unreadMs = 0;
  #isAnnounced: boolean;
  #isKept = false;
  #isKeptWaiting = false;

  constructor(id: number, wanted: NewRequest, now: number) {
    const { mirror, kind, start, end, bodyEnd = end, form } = wanted;
    this.id = id;
    this.mirror = mirror;
    this.form = form ?? (kind === "whole" ? "plain" : mirror.forms.current);
    this.#startedAt = this.#activeAt = now;
    this.ticket = mirror.seat.send(now);
    const { cold, dueAt } = mirror.link.sent(now);
    this.cold = cold;
    this.#dueAt = dueAt;
    this.#kind = kind;
    this.#start = this.#position = this.#claimStart = start;
    this.#end = this.#claimEnd = end;
    this.#bodyEnd = bodyEnd;
    this.asksAhead = end < bodyEnd;
    this.#isAnnounced = kind !== "probe";
    if (mirror.trackRecord.isWaking(now)) this.doubt(now);
  }

  get kind(): RequestKind {
    return this.#kind;
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  get bodyEnd(): number {
    return this.#bodyEnd;
  }

  get claimStart(): number {
    return Math.min(this.#claimEnd, Math.max(this.#position, this.#claimStart));
  }

  get claimEnd(): number {
    return this.#claimEnd;
  }

  get position(): number {
    return this.#position;
  }

  /** What the headers said. */
  get answer(): Answer | undefined {
    return this.#answer;
  }

  /** When it was sent; later by the time for which the process stood still since. */
  get startedAt(): number {
    return this.#startedAt;
  }

  get dueAt(): number {
    return this.#dueAt;
  }

  get answeredAt(): number | undefined {
    return this.#answeredAt;
  }

  get activeAt(): number {
    return this.#activeAt;
  }

  /**
   * Returns the pause in its body before what arrives now, in milliseconds. While its connection starts,
   * there is none that means anything; and those of a response that trickles say nothing about the link.
   */
  pauseMs(now: number): number {
    const { cold, mirror: { link, live } } = this;
    const elapsedMs = now - (this.#answeredAt ?? now);
    const isStarting = this.#position === this.#start ||
      (cold && elapsedMs < WARM_UP_ROUND_TRIPS * link.latencyMs);
    if (isStarting || this.#silentMs === 0) return 0;
    const share = link.bytesPerSecond(now) / 1000 * elapsedMs / live.length;
    return this.#position - this.#start < TRICKLE_SHARE * share ? 0 : this.#silentMs;
  }

  get held(): boolean {
    return this.#held;
  }

  /** What proves that it delivers the file. */
  get proof(): Proof {
    return this.#proof;
  }

  /** Whether it owns bytes, so that no other request is sent for them. */
  get owns(): boolean {
    return this.#kind === "range" || this.#kind === "whole";
  }

  /** Bytes that are paid for (see `RateLimit`), but have yet to arrive. */
  get paid(): number {
    return this.#paid;
  }

  /** Bytes that it was the first to deliver. */
  get useful(): number {
    return this.#useful;
  }

  /** Notes that something has arrived, or that its silence does not count until `now`. */
  touch(now: number): void {
    this.#silentMs = this.#isExcused ? 0 : now - this.#activeAt;
    this.#isExcused = false;
    this.#excuses.reset();
    this.#activeAt = now;
  }

  /** Counts nothing of the last `ms` until `now`: the process stood still. */
  excuse(ms: number, now: number): void {
    this.#isExcused = true;
    // Nothing is expected of one that is not read.
    const isRead = !this.#held && !this.isExhausted;
    if (isRead && !this.#excuses.take(ms)) return;
    this.#startedAt = Math.min(now, this.#startedAt + ms);
    // A stream that is not read goes on being paused.
    if (!this.isExhausted) this.#activeAt = Math.min(now, this.#activeAt + ms);
    if (this.#answeredAt !== undefined) {
      if (!this.isExhausted) this.#unreadMs += ms;
      return;
    }
    this.#dueAt += ms;
    this.#wasInterrupted = true;
  }

  /** Whether the process stood still while it waited for an answer. */
  get wasInterrupted(): boolean {
    return this.#wasInterrupted;
  }

  /** Doubts its connection: if it falls silent or breaks soon, that is not the mirror's fault. */
  doubt(now: number): void {
    this.#doubtUntil = now + DOUBT_MS;
  }

  /** Whether its connection may be dead, or was when its silence began. */
  get isDoubtful(): boolean {
    return this.#activeAt <= this.#doubtUntil;
  }

  /** Notes what its headers said. A probe that is answered with the whole file begins at byte 0. */
  answered(answer: Answer, now: number, proof: Proof = "validators"): void {
    this.#answer = answer;
    this.#proof = proof;
    this.#answeredAt = now;
    if (!this.#wasInterrupted) this.#doubtUntil = -Infinity;
    this.ticket.accepted(now);
    this.mirror.answered(this, now);
    if (this.#kind !== "probe" || answer.type !== "whole") return;
    this.#start = this.#position = 0;
    this.#end = this.#claimEnd = this.#bodyEnd = answer.size ?? Infinity;
  }

  /** Moves on by bytes that have arrived, `useful` of which no other request had delivered. */
  advance(length: number, useful = 0): void {
    this.#position += length;
    this.#useful += useful;
    // Some was being read when less was allowed.
    if (this.#position > this.#end) this.#end = this.#claimEnd = this.#position;
  }

  /** Holds back its body: that of a probe until the mirrors have agreed, others until a doubt is settled. */
  hold(): void {
    this.#held = true;
  }

  /** Lets the body that is held back be read on: as the whole file, or as a stream. */
  release(): void {
    this.#held = false;
    this.#kind = this.#answer?.type === "whole" ? "whole" : "range";
    if (this.#kind === "range") this.#end = this.#claimEnd = this.#position;
  }

  /** Lets a body that was held back for a doubt be read on. */
  resume(now: number): void {
    this.#held = false;
    this.touch(now);
  }

  /** Whether its response has more than has been read: the host has to notice that it is cancelled. */
  get goesOn(): boolean {
    return this.#position < this.#bodyEnd;
  }

  /** Whether its response goes on behind what it may deliver. */
  get isStream(): boolean {
    return this.#kind === "range" && this.#end < this.#bodyEnd;
  }

  /** Whether it is a stream that has delivered all that may be read of it: no more is expected. */
  get isExhausted(): boolean {
    return this.isStream && this.#position >= this.#end;
  }

  /** Whether it is not given up for others: it could deliver all that is missing. */
  get isKept(): boolean {
    return this.#isKept;
  }

  get isKeptWaiting(): boolean {
    return this.#isKeptWaiting;
  }

  /** Sets whether it is kept. */
  keep(kept: boolean, ledger: Ledger): void {
    this.#isKept = kept;
    this.#isKeptWaiting = kept && this.isExhausted && !this.isExtensible(ledger);
  }

  /** Reports whether more of its response can be read: it is a stream, and what follows is free. */
  isExtensible(ledger: Ledger): boolean {
    return this.isStream && this.#claimEnd === this.#end && ledger.isFree(this.#end);
  }

  /** Lets a stream be read, and own what it delivers, up to `end`. */
  extend(end: number, now: number): void {
    if (this.isExhausted) {
      const pausedMs = now - this.#activeAt;
      if (pausedMs >= UNREAD_MS) this.doubt(now);
      this.#pausedMs = Math.max(this.#pausedMs, pausedMs);
      this.#unreadMs += pausedMs;
      this.#activeAt = now;
    }
    this.#end = this.#claimEnd = end;
    this.#isAnnounced = true;
  }

  /** The longest time for which it was not read, since there was no room, in milliseconds. */
  get pausedMs(): number {
    return this.#pausedMs;
  }

  deliveringMs(now: number): number {
    return this.#answeredAt === undefined
      ? 0
      : Math.max(0, now - this.#answeredAt - this.#unreadMs);
  }

  /** Whether the bytes that it asks for were reported: those of a probe are once it is extended. */
  get isAnnounced(): boolean {
    return this.#isAnnounced;
  }

  /** Moves back to the first byte: those delivered so far are counted anew. */
  rewind(): void {
    this.#position = this.#start;
  }

  /** Gives up what it owns from `claimEnd` on, but nothing before its position; returns that. */
  cut(claimEnd: number): ByteRange {
    const { claimStart: start, claimEnd: end } = this;
    this.#claimEnd = Math.max(this.#position, Math.min(claimEnd, end));
    return { start: Math.max(start, this.#claimEnd), end };
  }

  /** Gives up what it owns before `claimStart`; returns that. */
  cutHead(claimStart: number): ByteRange {
    const { claimStart: start } = this;
    this.#claimStart = Math.max(start, Math.min(claimStart, this.#claimEnd));
    return { start, end: this.#claimStart };
  }

  /** Lets no more of its response be read than up to `end`: it is a stream from then on. */
  curtail(end: number): void {
    this.#end = Math.max(this.#position, Math.min(end, this.#end));
  }

  /** Learns that its response ends before `end`, or that a stream ends sooner than expected. */
  shorten(end: number): void {
    this.#bodyEnd = end;
    this.#end = Math.min(this.#end, end);
  }

  pay(bytes: number): void {
    this.#paid += bytes;
  }

  /** Takes back the payment for up to `bytes`; returns for how many. */
  unpay(bytes: number): number {
    const unpaid = Math.min(this.#paid, bytes);
    this.#paid -= unpaid;
    return unpaid;
  }

  /** Reports whether others have delivered all that it could. */
  isLost(ledger: Ledger): boolean {
    return this.#kind === "range" && ledger.hasReceived(this.#position, this.#end) &&
      !this.isExtensible(ledger);
  }

  /** Reports whether it is a stream, even if read to its end, whose response has all that is missing. */
  covers(ledger: Ledger): boolean {
    return this.#kind === "range" && this.asksAhead && this.#answeredAt !== undefined &&
      this.#position <= ledger.front && this.#bodyEnd >= ledger.end;
  }

  /** Reports whether it has delivered all that it owned, and others deliver what follows. */
  isRemnant(ledger: Ledger): boolean {
    const position = this.#position;
    return this.#kind === "range" && position >= this.#claimEnd && position < this.#end &&
      !ledger.isFree(position);
  }

  /**
   * Reports whether cancelling it is worth a connection: a new one takes longer than a few more bytes
   * on the old one.
   */
  isWorthCancelling(now: number): boolean {
    // A request that lost its range by a silence is left to its deadline: as long as it is silent,
    // another one to the same mirror would be of no use.
    const revoked = this.#claimEnd <= this.#position && this.#claimEnd < this.#end;
    if (revoked && now > this.#activeAt) return false;
    const left = this.#end - this.#position;
    const finishMs = left === 0 ? 0 : left * 1000 / this.mirror.rate.rate(now);
    return finishMs > (this.mirror.answerMs ?? 0);
  }
}

/**
 * Decides which mirror is asked for which bytes. Events go in, commands come out, and time and
 * randomness are passed in: it does no I/O and reads no clock, so that the driver and the virtual-time
 * simulator run the same code.
 *
 * @module
 */

import {
  type FailureReason,
  FileChangedError,
  MirrorError,
  NoMirrorLeftError,
  RangeNotSatisfiableError,
  type SphttpError,
} from "../errors.ts";
import type { CancelReason } from "../trace/events.ts";
import { Assigner, type AssignerOptions } from "./assigner.ts";
import { drop, type FailureOptions, penalize, useless } from "./failure/failures.ts";
import { Identity, type Landmarks, NO_LANDMARKS, unprovable } from "./identity/identity.ts";
import type { Ledger } from "./ledger.ts";
import type { SchedulerCommand, SchedulerEvent } from "./messages.ts";
import type { Mirror } from "./mirror/mirror.ts";
import type { FirstAnswer } from "./opening/first_answer.ts";
import {
  type KnownFileFacts,
  Opening,
  type OpeningEvent,
  type OpeningStep,
} from "./opening/opening.ts";
import { probeOf } from "./opening/probe.ts";
import type { RateLimit } from "./rate_limit.ts";
import { awaitTurn } from "./failure/refusals.ts";
import type { LiveRequest } from "./requests.ts";
import { DownloadState, type DownloadStateOptions, hostOf } from "./state.ts";
import { SUSPEND_MS, timeoutError, Watch, type WatchOptions } from "./failure/timeouts.ts";

export interface SchedulerOptions
  extends DownloadStateOptions, AssignerOptions, WatchOptions, FailureOptions {
  /** Number of bytes in the first request to each mirror. */
  readonly probeSize: number;
  /** What an earlier download knows of the file. */
  readonly knownFile?: KnownFileFacts | undefined;
  /** The size that the file has to have, in bytes. */
  readonly expectedSize?: number | undefined;
  /** Pieces of the file that are known. */
  readonly landmarks?: Landmarks | undefined;
}

type RequestEvent = Exclude<SchedulerEvent, { type: "consumed" | "timeout" }>;

type ResponseEvent = Extract<SchedulerEvent, { type: "response" }>;
type SampledEvent = Extract<SchedulerEvent, { type: "sampled" }>;
type ComparedEvent = Extract<SchedulerEvent, { type: "compared" }>;

/** How bodies break off. */
const BROKEN: readonly FailureReason[] = ["network", "truncated", "timeout"];

/** The last checks are waited for as long as this while none can be sent, in milliseconds. */
const LAST_CHECKS_MS = 10_000;

const STATUS = { partial: 206, whole: 200, unsatisfiable: 416 } as const;

/** The scheduler of one download. Times are in milliseconds. */
export class Scheduler {
  /** The mirrors, in the order in which they were given. */
  readonly mirrors: readonly Mirror[];
  /** The requests that are under way. */
  readonly requests: Iterable<LiveRequest>;
  /** The limit on the download's rate, which may change at any time. */
  readonly limit: RateLimit;
  readonly #options: SchedulerOptions;
  readonly #state: DownloadState;
  readonly #opening: Opening;
  readonly #assigner: Assigner;
  readonly #watch: Watch;
  readonly #identity: Identity;
  /** First answers of mirrors that have to show pieces of the file before they count. */
  readonly #unproved = new Map<Mirror, FirstAnswer>();
  /** Mirrors that were asked for their last checks. */
  readonly #lastChecked = new Set<Mirror>();
  /** Until when a last check may wait to be sent, once all bytes have been received. */
  #checksUntil = Infinity;
  #ended = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#state = new DownloadState(options);
    ({ mirrors: this.mirrors, requests: this.requests, limit: this.limit } = this.#state);
    this.#opening = new Opening(this.#state.mirrors, options);
    this.#assigner = new Assigner(this.#state, options);
    this.#watch = new Watch(this.#state, options);
    const { landmarks = NO_LANDMARKS } = options;
    this.#identity = new Identity(this.#state.mirrors, landmarks, options.random);
    this.#state.isQuestioned = (mirror) => this.#identity.isOpen(mirror);
  }

  /** Which bytes are received, requested, and free. */
  get ledger(): Ledger {
    return this.#state.ledger;
  }

  /** Bytes received, but not yet taken by the consumer. */
  get heldBytes(): number {
    return this.#state.heldBytes;
  }

  /** The most bytes held and requested together; what is held already stays when it shrinks. */
  get windowSize(): number {
    return this.#state.windowSize;
  }

  set windowSize(bytes: number) {
    this.#state.windowSize = bytes;
  }

  /** When the next `timeout` event is wanted, in milliseconds; `Infinity` for never. */
  get wakeAt(): number {
    if (this.#ended) return Infinity;
    const { turnAt } = this.#state;
    const { graceUntil } = this.#opening;
    const checksUntil = this.#isChecking ? Infinity : this.#checksUntil;
    return Math.min(graceUntil, this.#watch.wakeAt, this.#assigner.wakeAt, turnAt, checksUntil);
  }

  get #isChecking(): boolean {
    return [...this.requests].some(({ kind }) => kind === "check");
  }

  /** Digest of the file's first bytes, once the mirrors have agreed on it. */
  get digest(): string | undefined {
    const { state } = this.#opening;
    return state.type === "open" ? state.file.digest : undefined;
  }

  /** Reports whether a mirror and the others have been compared behind their first bytes. */
  isCompared(mirror: Mirror): boolean {
    return this.#identity.isCompared(mirror);
  }

  /** Starts: probes every mirror at once that is not known to have the file. */
  start(now: number): readonly SchedulerCommand[] {
    this.#state.commands.startedAt = now;
    this.#state.limit.start(now);
    const { knownFile } = this.#options;
    for (const mirror of this.mirrors) {
      if (knownFile?.compared?.includes(mirror.url)) this.#identity.trust(mirror);
    }
    if (knownFile !== undefined) this.#advance({ type: "known", file: knownFile }, now);
    if (!this.#ended) {
      for (const mirror of this.mirrors) if (mirror.service === "unknown") this.#probe(mirror, now);
    }
    return this.#state.commands.take();
  }

  /** Ends the download from outside, at `now`: its places at the mirrors' hosts are free. */
  stop(now: number): void {
    this.#ended = true;
    for (const { ticket } of this.requests) ticket.release(now, true);
    for (const { seat } of this.mirrors) seat.leave(now);
  }

  /** Handles what happened at `now`, and returns what to do. */
  handle(event: SchedulerEvent, now: number): readonly SchedulerCommand[] {
    if (this.#ended) return [];
    const tooSlow = this.#watch.tooSlow(now);
    for (const [mirror, failure] of tooSlow) {
      penalize({ mirror, failure }, this.#state, this.#options, now);
      if (this.#failIfAlone(now)) return this.#state.commands.take();
    }
    if (event.type === "consumed") this.#consumed(event.bytes, now);
    else if (event.type === "timeout") this.#timeout(now);
    else {
      // A request that was cancelled may still have something on its way.
      const request = this.#state.requests.get(event.request);
      if (request !== undefined) this.#progress(request, event, now);
      // What the slow mirrors owned is for others, though this event itself says nothing any more.
      else if (tooSlow.length > 0) this.#advance({ type: "waited" }, now);
    }
    return this.#state.commands.take();
  }

  #progress(request: LiveRequest, event: RequestEvent, now: number): void {
    request.touch(now);
    switch (event.type) {
      case "response":
        return this.#answered(request, event, now);
      case "progress":
        return;
      case "sampled":
        return this.#sampled(request, event, now);
      case "compared":
        return this.#compared(request, event, now);
      case "bytes":
        this.#state.arrived(request, event.length, now);
        return this.#receive(request, event.length, now);
      case "ended":
        return this.#bodyEnded(request, now);
      case "failed":
        return this.#failed(request, event.failure, now);
    }
  }

  #sampled(request: LiveRequest, { length, digest, page }: SampledEvent, now: number): void {
    const { mirror } = request;
    const answer = request.answer!;
    request.advance(length);
    this.#state.arrived(request, length, now);
    // Of the mirrors' first bytes, which are the same, those of one mirror will be used.
    mirror.waste(length);
    // The rest of the body waits for the mirrors to agree.
    const goesOn = answer.type === "partial" && request.position < request.bodyEnd;
    if (goesOn || answer.type === "whole") {
      request.hold();
      mirror.paused(now);
    } else this.#state.close(request, now);
    const first: FirstAnswer = { mirror, request, answer, size: answer.size, digest, page };
    const { expectedSize } = this.#options;
    if (expectedSize !== undefined && ![undefined, expectedSize].includes(answer.size)) {
      const message = `has ${answer.size} bytes, but ${expectedSize} are expected`;
      const facts = { mirror: mirror.url, phase: "headers", reason: "mismatch" } as const;
      const failure = new MirrorError(message, { ...facts, retryable: false });
      return this.#dropUnproved(mirror, failure, now);
    }
    // A whole file is compared as it arrives.
    if (this.#identity.hasEvidence && answer.type === "partial") {
      this.#unproved.set(mirror, first);
      this.#identity.ask(mirror, "admission");
      return this.#assign(now);
    }
    this.#advance({ type: "answered", answer: first }, now);
  }

  /** Drops a mirror whose first answer shows that it has another file. */
  #dropUnproved(mirror: Mirror, failure: MirrorError, now: number): void {
    this.#unproved.delete(mirror);
    drop(mirror, failure, this.#state, now);
    if (!this.#failIfAlone(now)) this.#advance({ type: "failed", mirror }, now);
  }

  #compared(request: LiveRequest, event: ComparedEvent, now: number): void {
    const { mirror } = request;
    request.advance(event.length);
    this.#state.compared(request, event.length, now);
    this.#state.close(request, now);
    const admits = this.#identity.isAdmitting(mirror);
    const verdict = this.#identity.compared(mirror, request, event);
    if (verdict.type === "open") return this.#assign(now);
    if (verdict.type === "passed") {
      if (admits) return this.#prove(mirror, now);
      if (verdict.unreliable) {
        this.#state.commands.push({ type: "distrust", mirror: this.mirrors.indexOf(mirror) });
      }
      this.#resume(mirror, now);
      return this.#advance({ type: "waited" }, now);
    }
    const { error, at } = verdict;
    if (!admits) {
      const { purpose, subject } = verdict;
      if (subject !== undefined) return this.#fail(this.#opening.mismatch(subject, at), now);
      const isOther = purpose === "trial" && mirror !== this.#identity.reference;
      if (isOther && this.#identity.doubtOf(mirror) === undefined) {
        return this.#fail(this.#opening.mismatch(mirror, at), now);
      }
      drop(mirror, error, this.#state, now);
      if (verdict.used) return this.#fail(new FileChangedError(error), now);
      if (!this.#failIfAlone(now)) this.#advance({ type: "waited" }, now);
    } else if (this.#unproved.has(mirror)) this.#dropUnproved(mirror, error, now);
    else this.#advance({ type: "differs", mirror, error, at }, now);
  }

  /** Counts the first answer of a mirror that has shown bytes of the file. */
  #prove(mirror: Mirror, now: number): void {
    const first = this.#unproved.get(mirror);
    this.#unproved.delete(mirror);
    if (first === undefined) return this.#advance({ type: "same", mirror }, now);
    this.#advance({ type: "answered", answer: { ...first, isProved: true } }, now);
  }

  #answered(request: LiveRequest, event: ResponseEvent, now: number): void {
    const { answer, details, proof, doubt } = event;
    const { mirror, kind, bodyEnd } = request;
    request.answered(answer, now, proof);
    // What is limited is the place that answered.
    if (details?.location !== undefined) mirror.seat.move(hostOf(details.location), now);
    if (kind !== "check") this.#identity.tag(mirror, details?.etag);
    if (kind === "probe" || kind === "whole") {
      const facts = { mirror: mirror.url, request: request.id, size: answer.size, ...details };
      const status = STATUS[answer.type];
      this.#state.commands.report({ type: "answer", status, ...facts }, now);
    }
    if (kind === "probe") {
      if (answer.type === "partial" && answer.end < bodyEnd) request.shorten(answer.end);
      return;
    }
    if (kind === "range" && doubt !== undefined) {
      this.#question(request, doubt, now);
      if (answer.type !== "partial") return this.#assign(now);
    }
    // Of a check the bytes decide; its validators are part of what is said if they differ.
    if (kind === "check" && doubt !== undefined) this.#identity.hear(mirror, doubt);
    if (kind !== "whole" && answer.type !== "partial") {
      const message = "sent the whole file in response to a range request";
      this.#refuse(request, useless(mirror, "range", message), now);
    } else if (kind !== "check" && answer.type === "partial" && answer.end < bodyEnd) {
      // RFC 9110 section 15.3.7: a server may send less; the rest is requested again.
      this.#state.shorten(request, answer.end);
      this.#assign(now);
    } else if (request.held) this.#assign(now);
  }

  /** Compares a mirror whose validators contradict earlier ones with bytes that are known. */
  #question(request: LiveRequest, doubt: string, now: number): void {
    const { mirror } = request;
    if (!mirror.questioned) {
      const message = `${mirror.url}: ${doubt}; its bytes are compared with those that are known`;
      this.#state.commands.report({ type: "note", message }, now);
    }
    this.#identity.ask(mirror, "doubt", doubt);
    // Its bytes may be those of the file: they wait.
    if (request.answer?.type === "partial") {
      request.hold();
      mirror.paused(now);
    } else this.#state.cancel(request, "questioned", now);
  }

  /** Reads on what waited for the doubt about a mirror to be settled. */
  #resume(mirror: Mirror, now: number): void {
    for (const request of this.#state.requests.of(mirror)) {
      if (!request.held || request.kind !== "range") continue;
      const { activeAt } = request;
      request.resume(now);
      mirror.resumed(now - activeAt, now);
      this.#state.commands.push({ type: "resume", request: request.id });
    }
  }

  /** Makes room for a check: bodies that wait for it give up their connections. */
  #hasRoom(mirror: Mirror, now: number): boolean {
    // The body of a probe is held back until more is known: this is how.
    const busy = mirror.live.filter(({ kind, held }) => kind === "range" || !held);
    if (mirror.mayAsk && busy.length < mirror.maxConnections) return true;
    const last = busy.at(-1);
    if (last === undefined || !busy.every(({ held }) => held)) return false;
    this.#state.cancel(this.#state.requests.get(last.id)!, "questioned", now);
    this.#state.look(now);
    return mirror.mayAsk;
  }

  #receive(request: LiveRequest, length: number, now: number): void {
    const { ledger, requests } = this.#state;
    const { useful } = request;
    const completed = this.#state.receive(request, length, now);
    this.#identity.used(request, request.useful - useful, request.proof);
    if (ledger.complete) return this.#finishIfComplete(now);
    if (completed > 0) {
      const lost = [...requests].filter((one) => one.isLost(ledger) && one.isWorthCancelling(now));
      for (const one of lost) this.#cancel(one, "lost", now);
    }
    const live = requests.get(request.id) !== undefined;
    if (live && request.isRemnant(ledger) && request.isWorthCancelling(now)) {
      this.#cancel(request, "stolen", now);
    }
    if (this.#assigner.isDue(now) || request.isExhausted) this.#assign(now);
  }

  #cancel(request: LiveRequest, reason: CancelReason, now: number): void {
    this.#state.cancel(request, reason, now);
    this.#assign(now);
  }

  #bodyEnded(request: LiveRequest, now: number): void {
    const { mirror, kind, start, position } = request;
    const { ledger, size } = this.#state;
    const expected = size ?? this.#options.expectedSize ??
      (ledger.receivedBytes > 0 ? ledger.front : 0);
    if (kind === "whole" && position < expected) {
      const message = `the body ended after ${position} of ${expected} bytes`;
      return this.#refuse(request, useless(mirror, "truncated", message), now);
    }
    this.#state.close(request, now);
    if (kind === "whole") {
      this.#state.reportReceived(ledger.close(position), mirror, now);
      const beyond = position <= ledger.start && ledger.start > 0;
      if (beyond) return this.#fail(new RangeNotSatisfiableError(ledger.start, position), now);
      return this.#finish(now);
    }
    if (kind === "range") {
      this.#state.countReceived();
      mirror.breaks.completed(position - start);
      mirror.delivered((position - start) / this.#options.splitSize, now - request.startedAt);
    }
    this.#assign(now);
  }

  /** Ends a request whose response is of no use, or does not come. */
  #refuse(request: LiveRequest, failure: MirrorError, now: number): void {
    this.#state.commands.push({ type: "cancel", request: request.id });
    this.#failed(request, failure, now);
  }

  #failed(request: LiveRequest, failure: MirrorError, now: number): void {
    const { mirror, kind } = request;
    this.#state.close(request, now);
    // Bytes of both versions may have been used; a whole file was compared from its beginning.
    const contradicts = kind === "range" && failure.reason === "changed" &&
      failure.phase === "body";
    if (contradicts) return this.#fail(new FileChangedError(failure), now);
    if (kind === "range" && BROKEN.includes(failure.reason)) this.#identity.broke(mirror);
    const then = penalize({ mirror, failure, request }, this.#state, this.#options, now);
    if (then === "dropped") this.#unproved.delete(mirror);
    if (this.#failIfAlone(now)) return;
    const isAnswered = this.#identity.isOpen(mirror);
    if (then === "again" && mirror.service === "unknown" && !isAnswered) this.#probe(mirror, now);
    const isOut = kind === "probe" || (kind === "check" && then === "dropped");
    this.#advance(isOut ? { type: "failed", mirror } : { type: "waited" }, now);
  }

  #failIfAlone(now: number): boolean {
    const failures = this.mirrors.flatMap(({ state }) =>
      state.type === "dropped" ? [state.failure] : []
    );
    if (failures.length < this.mirrors.length) return false;
    this.#fail(new NoMirrorLeftError(failures), now);
    return true;
  }

  #consumed(bytes: number, now: number): void {
    this.#state.consume(bytes);
    // The body of a whole file is read only as far as there is room: its silence was ours.
    this.#state.requests.whole?.touch(now);
    this.#assign(now);
  }

  #timeout(now: number): void {
    // A timer that fires far too late means that the process stood still.
    if (now - this.wakeAt > SUSPEND_MS) this.#watch.excuse(now);
    for (const request of this.#watch.yielding(now)) this.#state.cancel(request, "yielded", now);
    for (const mirror of this.#watch.revive(now)) {
      const isAnswered = this.#identity.isOpen(mirror);
      if (mirror.service === "unknown" && !isAnswered) this.#probe(mirror, now);
    }
    for (const request of this.#watch.silent(now)) {
      // A mirror that has gone silent altogether has failed once, however many requests it had.
      const silentSince = now - (now - request.activeAt) / 2;
      for (const other of this.#state.requests.of(request.mirror)) {
        const isExpected = other !== request && !other.held && !other.isExhausted;
        const silent = isExpected && other.activeAt < silentSince;
        if (silent) this.#state.cancel(other, "silent", now);
      }
      this.#refuse(request, timeoutError(request, now), now);
      if (this.#ended) return;
    }
    this.#advance({ type: "waited" }, now);
  }

  /** Lets the opening handle an event, executes its steps, and gives work to idle mirrors. */
  #advance(event: OpeningEvent, now: number): void {
    const outstanding = this.#state.requests.probing + this.#unproved.size;
    for (const step of this.#opening.handle(event, outstanding, now)) {
      this.#execute(step, now);
      if (this.#ended) return;
    }
    this.#finishIfComplete(now);
    this.#assign(now);
  }

  #execute(step: OpeningStep, now: number): void {
    switch (step.type) {
      case "trust":
        step.mirror.serve("ranges");
        return this.#state.learnSize(step.size);
      case "accept":
        return this.#accept(step.request, now);
      case "discard":
        this.#identity.discard();
        return this.#state.discard(now);
      case "reject":
        drop(step.mirror, step.error, this.#state, now);
        this.#failIfAlone(now);
        return;
      case "compare":
        return this.#identity.ask(step.mirror, "admission");
      case "note":
        return this.#state.commands.report({ type: "note", message: step.message }, now);
      case "open":
        return this.#state.open(step.mirror, step.size, step.mode, now);
      case "admit":
        for (const { mirror, service } of step.admissions) mirror.serve(service);
        for (const { mirror } of step.admissions) this.#state.admit(mirror, now);
        return;
      case "fail":
        return this.#fail(step.error, now);
    }
  }

  /** Uses a probe's first bytes as the file's. */
  #accept(request: LiveRequest, now: number): void {
    this.#state.commands.push({ type: "accept", request: request.id });
    if (request.held) {
      const { start, end } = request;
      request.release();
      if (request.kind === "whole") {
        this.ledger.take(start, end);
        request.mirror.resumed(now - request.activeAt, now);
      }
    }
    const length = request.position - request.start;
    request.rewind();
    request.mirror.waste(-length);
    this.#state.receive(request, length, now);
    this.#identity.used(request, length, request.proof);
  }

  #assign(now: number): void {
    this.#check(now);
    const { type } = this.#opening.state;
    if (!this.#ended && type !== "probing") this.#assigner.assign(now);
  }

  /** Sends the checks of mirrors that are questioned. */
  #check(now: number): void {
    this.#state.look(now);
    let waits = false;
    for (const mirror of this.mirrors) {
      const due = mirror.available ? this.#identity.dueOf(mirror) : undefined;
      if (due !== undefined) this.#identity.ask(mirror, due);
      if (this.#ended || !this.#identity.isOpen(mirror)) continue;
      const { type } = mirror.state;
      // A mirror that turns out to serve no ranges is compared as its whole file arrives.
      if (type === "dropped" || mirror.service === "whole") this.#identity.close(mirror);
      while (type === "ready" && this.#hasRoom(mirror, now)) {
        const piece = this.#identity.next(mirror);
        if (piece === undefined) break;
        this.#state.send({ mirror, kind: "check", ...piece }, now);
        this.#state.look(now);
      }
      if (type === "ready" && this.#identity.isStuck(mirror)) this.#decideUncompared(mirror, now);
      waits ||= mirror.live.length === 0;
    }
    // Those that could not be sent wait for their turn.
    if (waits && !this.#ended) this.#state.look(now);
  }

  /** Decides on a mirror with which nothing can be compared, unless others may deliver something. */
  #decideUncompared(mirror: Mirror, now: number): void {
    const others = this.mirrors.some((other) =>
      other !== mirror && other.alive && !this.#identity.isStuck(other)
    );
    if (others) return;
    const doubt = this.#identity.doubtOf(mirror);
    const admits = this.#identity.isAdmitting(mirror);
    this.#identity.close(mirror);
    if (admits && this.ledger.receivedBytes === 0) return this.#prove(mirror, now);
    const failure = unprovable(mirror, doubt ?? "its first bytes could not be compared");
    if (admits) return this.#dropUnproved(mirror, failure, now);
    drop(mirror, failure, this.#state, now);
    this.#failIfAlone(now);
  }

  /**
   * Reports whether the last checks are still to come of mirrors whose validators prove nothing, and
   * whose bytes have been used since the checks before.
   */
  #awaitsChecks(now: number): boolean {
    const isLast = (mirror: Mirror) =>
      mirror.servesRanges && mirror.state.type === "ready" && this.#identity.hasUnproved(mirror);
    for (const mirror of this.mirrors.filter(isLast)) {
      const voucher = this.#identity.voucherOf(mirror);
      if (voucher !== undefined) {
        this.#identity.ask(voucher, "vouch", undefined, mirror);
        continue;
      }
      // What it was asked before says less than this.
      if (this.#identity.isOpen(mirror) || this.#lastChecked.has(mirror)) continue;
      const last = this.#identity.lastOf(mirror);
      if (last === "last") this.#lastChecked.add(mirror);
      this.#identity.ask(mirror, last);
    }
    const awaits = () =>
      this.mirrors.some((mirror) =>
        this.#identity.isVouching(mirror) || (isLast(mirror) && this.#identity.isOpen(mirror))
      );
    if (!awaits()) return false;
    // What could be in their way is of no use any more.
    for (const request of [...this.requests]) {
      const isOver = request.owns && request.position < request.bodyEnd;
      if (isOver) this.#state.cancel(request, "lost", now);
    }
    if (this.#checksUntil === Infinity) this.#checksUntil = now + LAST_CHECKS_MS;
    if (now >= this.#checksUntil && !this.#isChecking) {
      return this.#giveUpChecks(this.mirrors.filter(isLast), now);
    }
    this.#check(now);
    return awaits();
  }

  /** Waits no longer for checks that cannot be sent; reports whether the download has failed by that. */
  #giveUpChecks(mirrors: readonly Mirror[], now: number): boolean {
    for (const mirror of mirrors) {
      const doubt = this.#identity.doubtOf(mirror);
      if (!mirror.questioned || doubt === undefined) continue;
      this.#fail(new FileChangedError(unprovable(mirror, doubt)), now);
      return true;
    }
    return false;
  }

  #probe(mirror: Mirror, now: number): void {
    mirror.allow(mirror.seat.room(now), 0);
    if (!mirror.mayAsk) return awaitTurn(mirror, now);
    const { start, end, probeSize, windowSize } = this.#options;
    // The only mirror is asked for everything: a link may be good for one request, and an answer may
    // take its time.
    const isStream = this.mirrors.length === 1 && this.#assigner.extendsStreams &&
      this.limit.bytesPerSecond === Infinity;
    const sampleSize = Math.min(probeSize, windowSize);
    this.#state.send(probeOf(mirror, { start, end, sampleSize, isStream }), now);
  }

  #finishIfComplete(now: number): void {
    // Until the mirrors agree, it may turn out to be another file.
    if (!this.ledger.complete || this.#opening.state.type !== "open" || this.#ended) return;
    if (!this.#awaitsChecks(now)) this.#finish(now);
  }

  #finish(now: number): void {
    this.#end(now, "complete", { type: "finish" });
  }

  #fail(error: SphttpError, now: number): void {
    this.#end(now, "failed", { type: "fail", error });
  }

  #end(now: number, outcome: "complete" | "failed", command: SchedulerCommand): void {
    for (const request of [...this.#state.requests]) this.#state.cancel(request, "end", now);
    this.stop(now);
    this.#state.commands.report({ type: "end", outcome }, now);
    this.#state.commands.push(command);
  }
}

/**
 * Decides which mirror is asked for which bytes. Events go in, commands come out, and time and
 * randomness are passed in: it does no I/O and reads no clock, so that the driver and the virtual-time
 * simulator run the same code.
 *
 * @module
 */

import { type MirrorError, RangeNotSatisfiableError, type SphttpError } from "../errors.ts";
import { Assigner, type AssignerOptions } from "./assignment/assigner.ts";
import type { Crawl } from "./failure/crawl.ts";
import { FileHashes } from "./identity/file_hashes.ts";
import {
  drop,
  type FailureOptions,
  giveUp,
  noMirrorLeft,
  penalize,
  truncation,
  useless,
} from "./failure/failures.ts";
import { Checks, type ChecksOptions } from "./identity/checks.ts";
import type { Outcome } from "./identity/disputes.ts";
import type { Ledger } from "./bytes/ledger.ts";
import { Membership, type MembershipEvent } from "./membership.ts";
import { Repairs } from "./identity/repairs.ts";
import type { RequestEvent, ResponseEvent, SchedulerCommand, SchedulerEvent } from "./messages.ts";
import type { Mirror } from "./mirror/mirror.ts";
import type { OpenFile } from "./opening/first_answer.ts";
import { needless } from "./assignment/needless.ts";
import { Opening } from "./opening/opening.ts";
import type { OpeningEvent, OpeningStep } from "./opening/opening_steps.ts";
import { leaderOf, probeOf } from "./opening/probe.ts";
import { goOn, takeSample, useSample } from "./opening/sample.ts";
import { isPlausible, noteAnswer } from "./requests/request_events.ts";
import type { RateLimit } from "./bytes/rate_limit.ts";
import type { LiveRequest } from "./requests/live_request.ts";
import { DownloadState, type DownloadStateOptions } from "./state.ts";
import { standStill } from "./failure/standstill.ts";
import { timeoutError, Watch, type WatchOptions } from "./failure/timeouts.ts";
import { awaitTurn } from "./failure/turns.ts";

export interface SchedulerOptions
  extends DownloadStateOptions, AssignerOptions, WatchOptions, FailureOptions, ChecksOptions {
  /** Number of bytes in the first request to each mirror. */
  readonly probeSize: number;
}

/** The scheduler of one download. Times are in milliseconds. */
export class Scheduler {
  /** The mirrors, in the order in which they were given or added: others may follow. */
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
  readonly #checks: Checks;
  readonly #hashes = new FileHashes();
  readonly #membership: Membership;
  /** Set if pieces are expected by their digests. */
  readonly #repairs: Repairs | undefined;
  #ended = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#state = new DownloadState(options);
    ({ mirrors: this.mirrors, requests: this.requests, limit: this.limit } = this.#state);
    this.#opening = new Opening(this.#state.mirrors, options);
    this.#assigner = new Assigner(this.#state, options);
    this.#watch = new Watch(this.#state, options);
    this.#checks = new Checks(this.#state, this.#opening, options);
    this.#membership = new Membership(this.#state, this.#opening, this.#checks);
    this.#repairs = options.pieces && new Repairs(this.#state, options.pieces.length);
  }

  /** Which bytes are received, requested, and free. */
  get ledger(): Ledger {
    return this.#state.ledger;
  }

  /** Bytes received, but not yet taken by the consumer. */
  get heldBytes(): number {
    return this.#state.heldBytes;
  }

  /** The most bytes held and requested together. */
  get windowSize(): number {
    return this.#state.windowSize;
  }

  set windowSize(bytes: number) {
    this.#state.window.fix(bytes);
  }

  /** When the next `timeout` event is wanted, in milliseconds; `Infinity` for never. */
  get wakeAt(): number {
    if (this.#ended) return Infinity;
    const alarm = Math.min(this.#watch.wakeAt, this.#assigner.wakeAt, this.#checks.wakeAt);
    return Math.min(this.#opening.graceUntil, this.#state.turnAt, alarm);
  }

  /** What the mirrors have agreed on; `undefined` before. */
  get file(): OpenFile | undefined {
    const { state } = this.#opening;
    return state.type === "open" ? state.file : undefined;
  }

  /** Reports whether a mirror and the others have been compared behind their first bytes. */
  isCompared(mirror: Mirror): boolean {
    return this.#checks.isCompared(mirror);
  }

  /** Starts: probes every mirror at once that is not known to have the file. */
  start(now: number): readonly SchedulerCommand[] {
    this.#state.commands.startedAt = now;
    this.#state.limit.start(now);
    this.#state.recallHabits(now);
    const { knownFile } = this.#options;
    if (knownFile !== undefined) this.#advance({ type: "known", file: knownFile }, now);
    const probed = this.#ended || this.#failIfAlone(now) ? [] : this.mirrors;
    for (const mirror of probed) this.#probe(mirror, now);
    return this.#state.commands.take();
  }

  /** Ends the download from outside, at `now`: its places at the mirrors' hosts are free. */
  stop(now: number): void {
    this.#ended = true;
    for (const { ticket, goesOn } of this.requests) ticket.release(now, goesOn);
    for (const { seat } of this.mirrors) seat.end(now);
  }

  /** Handles what happened at `now`, and returns what to do. */
  handle(event: SchedulerEvent, now: number): readonly SchedulerCommand[] {
    if (this.#ended) return [];
    // Where the process stood still, that is not the mirrors' fault.
    const hopeless = event.type === "stood" ? [] : this.#watch.hopeless(now);
    for (const [mirror, failure] of hopeless) {
      giveUp(mirror, failure, this.#state, now);
      if (this.#failIfAlone(now)) return this.#state.commands.take();
    }
    const crawl = this.#watch.crawls.look(now);
    if (crawl !== undefined) this.#refuse(crawl.request, crawl.failure, now, crawl);
    if (event.type === "consumed") this.#consumed(event.bytes, now);
    else if (event.type === "proved" || event.type === "disproved") {
      this.#follow(this.#repairs?.judged(event, now), now);
    } else if (event.type === "stood") standStill(this.#state, this.#checks, event.ms, now);
    else if (event.type === "timeout") this.#timeout(now);
    else if ("request" in event) {
      // A request that was cancelled may still have something on its way.
      const request = this.#state.requests.get(event.request);
      if (request !== undefined && isPlausible(event, request)) this.#progress(request, event, now);
      // What these mirrors owned is for others, though this event itself says nothing any more.
      else if (hopeless.length > 0) this.#advance({ type: "waited" }, now);
    } else this.#change(event, now);
    return this.#state.commands.take();
  }

  #progress(request: LiveRequest, event: RequestEvent, now: number): void {
    request.touch(now);
    switch (event.type) {
      case "response":
        return this.#answered(request, event, now);
      case "progress":
        return;
      case "sampled": {
        const first = takeSample(request, event, this.#state, now);
        this.#hashes.sampled(first);
        return this.#follow(this.#checks.sampled(first, now), now);
      }
      case "compared":
        return this.#follow(this.#checks.compared(request, event, now), now);
      case "bytes":
        if (request.kind === "repair") return this.#repairs?.received(request, event.length, now);
        this.#state.arrived(request, event.length, now);
        return this.#receive(request, event.length, now);
      case "ended":
        return this.#bodyEnded(request, now);
      case "failed":
        return this.#failed(request, event.failure, now);
      case "differs": {
        // A whole file starts over at its first byte: others have delivered what it differs from.
        if (request.kind === "whole") return this.#failed(request, event.failure, now);
        this.#state.close(request, now);
        return this.#follow(this.#checks.differs(request, event, now), now);
      }
    }
  }

  #answered(request: LiveRequest, event: ResponseEvent, now: number): void {
    const { answer, details, doubt } = event;
    const { mirror, kind, bodyEnd } = request;
    noteAnswer(request, event, this.#state, now);
    const contrary = this.#hashes.judge(request, details?.hashes, this.file?.hashes);
    if (contrary !== undefined) return this.#refuse(request, contrary, now);
    this.#checks.answered(request, details?.etag, doubt);
    if (kind === "probe") {
      if (answer.type === "partial" && answer.end < bodyEnd) request.shorten(answer.end);
      return;
    }
    if (kind === "range" && doubt !== undefined) {
      this.#checks.question(request, doubt, now);
      if (answer.type !== "partial") return this.#assign(now);
    }
    if (kind !== "whole" && answer.type !== "partial") {
      const message = "sent the whole file in response to a range request";
      this.#refuse(request, useless(mirror, "range", message), now);
    } else if (request.owns && answer.type === "partial" && answer.end < bodyEnd) {
      // RFC 9110 section 15.3.7: a server may send less; the rest is requested again.
      this.#state.shorten(request, answer.end);
      this.#assign(now);
    } else if (request.held) this.#assign(now);
  }

  #receive(request: LiveRequest, length: number, now: number): void {
    const { useful } = request;
    const completed = this.#state.receive(request, length, now);
    this.#checks.used(request, request.useful - useful);
    if (this.ledger.complete) return this.#finishIfComplete(now);
    for (const [one, reason] of needless(request, completed, this.#state, now)) {
      this.#state.cancel(one, reason, now);
      this.#assign(now);
    }
    if (this.#assigner.isDue(now) || request.isExhausted) this.#assign(now);
  }

  #bodyEnded(request: LiveRequest, now: number): void {
    const { mirror, kind, position } = request;
    const { ledger } = this.#state;
    if (kind === "repair") return this.#repairs?.ended(request, now);
    const failure = truncation(request, this.#state, this.#options);
    if (failure !== undefined) return this.#failed(request, failure, now);
    this.#state.close(request, now);
    if (kind === "whole") {
      this.#state.reportReceived(ledger.close(position), mirror, now);
      const beyond = position <= ledger.start && ledger.start > 0;
      if (beyond) return this.#fail(new RangeNotSatisfiableError(ledger.start, position), now);
      return this.#repairs === undefined ? this.#finish(now) : this.#finishIfComplete(now);
    }
    if (kind === "range") this.#state.delivered(request, now);
    this.#assign(now);
  }

  /** Ends a request whose response is of no use, or does not come. */
  #refuse(request: LiveRequest, failure: MirrorError, now: number, crawl?: Crawl): void {
    this.#state.commands.push({ type: "cancel", request: request.id });
    this.#failed(request, failure, now, crawl);
  }

  #failed(request: LiveRequest, failure: MirrorError, now: number, crawl?: Crawl): void {
    const { mirror, kind } = request;
    this.#state.close(request, now);
    if (kind === "range") this.#checks.failed(mirror, failure);
    const cause = { mirror, failure, request, ...crawl };
    const then = penalize(cause, this.#state, this.#options, now);
    if (this.#failIfAlone(now)) return;
    if (then === "again") this.#probe(mirror, now);
    const isOut = kind === "probe" || (kind === "check" && then === "dropped");
    this.#advance(isOut ? { type: "failed", mirror } : { type: "waited" }, now);
  }

  #failIfAlone(now: number): boolean {
    const error = noMirrorLeft(this.mirrors);
    if (error === undefined) return false;
    this.#fail(this.#repairs?.failure ?? error, now);
    return true;
  }

  /** Adds or drops a mirror. */
  #change(event: MembershipEvent, now: number): void {
    const mirror = this.#membership.change(event, now);
    if (mirror !== undefined && this.#failIfAlone(now)) return;
    if (mirror !== undefined) this.#probe(mirror, now);
    this.#advance(mirror?.alive === false ? { type: "failed", mirror } : { type: "waited" }, now);
  }

  #consumed(bytes: number, now: number): void {
    const most = this.#opening.state.type === "open" ? this.#state.readyBytes : 0;
    this.#state.consume(Math.min(bytes, most));
    // The body of a whole file is read only as far as there is room: its silence was ours.
    this.#state.requests.whole?.touch(now);
    if (bytes === 0 || !this.#assigner.mayRest) this.#assign(now);
  }

  #timeout(now: number): void {
    for (const request of this.#watch.yielding(now)) this.#state.cancel(request, "yielded", now);
    for (const mirror of this.#watch.revive(now)) this.#probe(mirror, now);
    for (const request of this.#watch.silent(now)) {
      // A mirror that has gone silent altogether has failed once, however many requests it had.
      this.#watch.giveUpBeside(request, now);
      this.#refuse(request, timeoutError(request, now), now);
      if (this.#ended) return;
    }
    this.#advance({ type: "waited" }, now);
  }

  /** Lets the opening handle an event, executes its steps, and gives work to idle mirrors. */
  #advance(event: OpeningEvent, now: number): void {
    const outstanding = this.#state.requests.probing + this.#checks.waiting;
    for (const step of this.#opening.handle(event, outstanding, now)) {
      this.#execute(step, now);
      if (this.#ended) return;
    }
    goOn(this.#state);
    this.#finishIfComplete(now);
    this.#assign(now);
  }

  #execute(step: OpeningStep, now: number): void {
    switch (step.type) {
      case "trust":
        step.mirror.serve("ranges");
        return this.#state.learnSize(step.size);
      case "accept":
        return this.#checks.used(step.request, useSample(step.request, this.#state, now));
      case "discard":
        this.#checks.discard(now);
        return this.#state.discard(now);
      case "reject":
        drop(step.mirror, step.error, this.#state, now);
        this.#failIfAlone(now);
        return;
      case "compare":
        return this.#checks.admit(step.mirror);
      case "measure":
        return this.#probe(step.mirror, now);
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

  #assign(now: number): void {
    if (this.#ended) return;
    const outcome = this.#checks.send(now) ?? this.#repairs?.send(now);
    if (outcome !== undefined) return this.#follow(outcome, now);
    if (this.#opening.state.type === "probing" || this.#repairs?.awaitsDigests) return;
    this.#assigner.assign(now);
    this.#checks.askIdle(now);
  }

  /** Goes on with what follows from comparisons; without that, with the requests. */
  #follow(outcome: Outcome | undefined, now: number): void {
    if (outcome === undefined) return this.#assign(now);
    if (outcome.type === "fail") return this.#fail(outcome.error, now);
    if (!this.#failIfAlone(now)) this.#advance(outcome, now);
  }

  /** Asks a mirror for its first bytes, unless it has sent them; one that waits is asked after that. */
  #probe(mirror: Mirror, now: number): void {
    if (!mirror.pending || this.#checks.isOpen(mirror)) return;
    const { seat } = mirror;
    mirror.allow({ room: seat.room(now), leastBytes: 0, shut: seat.shut(now) });
    if (!mirror.mayAsk) return awaitTurn(mirror, now);
    const { start, end, probeSize, windowSize } = this.#options;
    const { state } = this.#opening;
    // Once the file is open, its first bytes come from others; only of a link that works once, the rest may be of use.
    const isLate = this.#opening.hasJoined(mirror) || (state.type === "open" && !mirror.isOneTime);
    const isStream = this.#assigner.extendsStreams && !isLate &&
      mirror.mostBytes === Infinity && mirror === leaderOf(this.#state);
    const [isAlone, sampleSize] = [this.mirrors.length === 1, Math.min(probeSize, windowSize)];
    const probe = probeOf(mirror, { start, end, sampleSize, isStream, isAlone });
    this.#state.send({ ...probe, measures: this.#opening.isMeasured(mirror) }, now);
  }

  #finishIfComplete(now: number): void {
    // Until the mirrors agree, it may turn out to be another file.
    if (!this.ledger.complete || this.#opening.state.type !== "open" || this.#ended) return;
    if (this.#repairs?.awaits(now)) return this.#assign(now);
    const outcome = this.#checks.finish(now);
    if (outcome === "done") this.#finish(now);
    else if (outcome !== "waits") this.#follow(outcome, now);
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

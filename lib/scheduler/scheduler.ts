/**
 * Decides which mirror is asked for which bytes. Events go in, commands come out, and time and
 * chance are passed in: it does no I/O and reads no clock, so that the driver and the virtual-time
 * simulator run the very same code.
 *
 * @module
 */

import {
  type MirrorError,
  NoMirrorLeftError,
  RangeNotSatisfiableError,
  type SphttpError,
} from "../errors.ts";
import type { CancelReason } from "../trace/events.ts";
import {
  type Admission,
  type KnownFileFacts,
  Opening,
  type OpeningEvent,
  type OpeningStep,
} from "./opening.ts";
import { Assigner, type AssignerOptions } from "./assigner.ts";
import { SUSPEND_MS, timeoutError, Watch, type WatchOptions } from "./timeouts.ts";
import { DownloadState, type DownloadStateOptions } from "./state.ts";
import { drop, type FailureOptions, penalize, useless } from "./failures.ts";
import type { Ledger } from "./ledger.ts";
import { isRemnant, losers } from "./requests.ts";
import type { SchedulerCommand, SchedulerEvent } from "./messages.ts";
import type { LiveRequest, Mirror } from "./mirror.ts";
import type { RateLimit } from "./rate_limit.ts";

/** What a scheduler is set up with. */
export interface SchedulerOptions
  extends DownloadStateOptions, AssignerOptions, WatchOptions, FailureOptions {
  /** Bytes that each mirror is asked for first. */
  readonly probeSize: number;
  /** What an earlier download found out. */
  readonly knownFile?: KnownFileFacts | undefined;
}

type ResponseEvent = Extract<SchedulerEvent, { type: "response" }>;

const STATUS = { partial: 206, whole: 200, unsatisfiable: 416 } as const;

/** The scheduler of one download. Times are in milliseconds. */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #state: DownloadState;
  readonly #opening: Opening;
  readonly #assigner: Assigner;
  readonly #watch: Watch;
  #ended = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#state = new DownloadState(options);
    this.#opening = new Opening(this.#state.mirrors, options);
    this.#assigner = new Assigner(this.#state, options);
    this.#watch = new Watch(this.#state, options);
  }

  /** The mirrors, in the order in which they were given. */
  get mirrors(): readonly Mirror[] {
    return this.#state.mirrors;
  }

  /** Which bytes are received, asked for, and free. */
  get ledger(): Ledger {
    return this.#state.ledger;
  }

  /** The requests that are under way. */
  get requests(): Iterable<LiveRequest> {
    return this.#state.requests;
  }

  /** Bytes received, but not yet taken by the consumer. */
  get heldBytes(): number {
    return this.#state.heldBytes;
  }

  /** The most bytes held and asked for together; what is held already stays when it shrinks. */
  get windowSize(): number {
    return this.#state.windowSize;
  }

  set windowSize(bytes: number) {
    this.#state.windowSize = bytes;
  }

  /** What keeps the download within its greatest rate, which may change at any time. */
  get limit(): RateLimit {
    return this.#state.limit;
  }

  /** When the next `timeout` event is wanted, in milliseconds; `Infinity` for never. */
  get wakeAt(): number {
    if (this.#ended) return Infinity;
    return Math.min(this.#opening.graceUntil, this.#watch.wakeAt, this.#assigner.wakeAt);
  }

  /** Digest of the file's first bytes, once the mirrors have agreed on it. */
  get digest(): string | undefined {
    const { state } = this.#opening;
    return state.type === "open" ? state.file.digest : undefined;
  }

  /** Starts: every mirror is probed at once, unless the file is known. */
  start(now: number): readonly SchedulerCommand[] {
    this.#state.commands.startedAt = now;
    this.#state.limit.start(now);
    const { knownFile } = this.#options;
    if (knownFile !== undefined) this.#advance({ type: "known", file: knownFile }, now);
    if (!this.#ended) {
      for (const mirror of this.mirrors) if (mirror.service === "unknown") this.#probe(mirror, now);
    }
    return this.#state.commands.take();
  }

  /** Takes in what happened at `now`, and says what to do. */
  handle(event: SchedulerEvent, now: number): readonly SchedulerCommand[] {
    if (this.#ended) return [];
    const tooSlow = this.#watch.tooSlow(now);
    for (const { mirror, failure } of tooSlow) {
      penalize({ mirror, failure, useful: 0 }, this.#state, this.#options, now);
      if (this.#failIfAlone(now)) return this.#state.commands.take();
    }
    if (event.type === "consumed") this.#consumed(event.bytes, now);
    else if (event.type === "timeout") this.#timeout(now);
    else {
      // A request that was cancelled may still have something on its way.
      const request = this.#state.requests.get(event.request);
      if (request !== undefined) this.#progress(request, event, now);
      // What the mirror did not bring is for others, though its own event says nothing any more.
      else if (tooSlow.length > 0) this.#advance({ type: "waited" }, now);
    }
    return this.#state.commands.take();
  }

  #progress(
    request: LiveRequest,
    event: Exclude<SchedulerEvent, { type: "consumed" | "timeout" }>,
    now: number,
  ): void {
    request.activeAt = now;
    switch (event.type) {
      case "response":
        return this.#answered(request, event, now);
      case "progress":
        return;
      case "sampled":
        return this.#sampled(request, event.length, event.digest, now);
      case "bytes":
        this.#state.arrived(request, event.length, now);
        return this.#receive(request, event.length, now);
      case "ended":
        return this.#bodyEnded(request, now);
      case "failed":
        return this.#failed(request, event.failure, now);
    }
  }

  #sampled(request: LiveRequest, length: number, digest: string | undefined, now: number): void {
    const { mirror } = request;
    const answer = request.answer!;
    // The rest of a whole file waits for the mirrors to agree.
    request.held = answer.type === "whole";
    request.position += length;
    this.#state.arrived(request, length, now);
    // Of the mirrors' first bytes, which are the same, those of one mirror will be used.
    mirror.wastedBytes += length;
    if (!request.held) this.#state.close(request, now);
    const first = { mirror, request, answer, size: answer.size, digest };
    this.#advance({ type: "answered", answer: first }, now);
  }

  #answered(request: LiveRequest, { answer, details }: ResponseEvent, now: number): void {
    const { mirror, kind, end } = request;
    mirror.answered(request, answer, now);
    if (kind !== "range") {
      const facts = { mirror: mirror.url, request: request.id, size: answer.size, ...details };
      const status = STATUS[answer.type];
      this.#state.commands.report({ type: "answer", status, ...facts }, now);
    }
    if (kind === "probe") {
      if (answer.type !== "whole") return;
      request.start = request.position = 0;
      request.end = request.claimEnd = answer.size ?? Infinity;
    } else if (kind === "range" && answer.type !== "partial") {
      const message = "a range was asked for, but the whole file came";
      this.#refuse(request, useless(mirror, "range", message), now);
    } else if (answer.type === "partial" && answer.end < end) {
      // RFC 9110 section 15.3.7: a server may send less; the rest is asked for again.
      this.#state.shorten(request, answer.end);
      this.#assign(now);
    }
  }

  #receive(request: LiveRequest, length: number, now: number): void {
    const completed = this.#count(request, length, now);
    if (this.ledger.complete) return this.#finishIfComplete(now);
    if (completed > 0) {
      for (const one of losers(this.#state, now)) this.#giveUp(one, "lost", now);
    }
    const live = this.#state.requests.get(request.id) !== undefined;
    if (live && isRemnant(request, this.#state, now)) this.#giveUp(request, "stolen", now);
    if (this.#assigner.isDue(now)) this.#assign(now);
  }

  /** Counts the next bytes of a request as received; returns how many blocks they completed. */
  #count(request: LiveRequest, length: number, now: number): number {
    const { mirror } = request;
    const { bytes, completed } = this.ledger.receive(request.position, request.position + length);
    request.position += length;
    mirror.wastedBytes += length - bytes;
    request.useful += bytes;
    if (bytes > 0) mirror.failures = 0;
    this.#state.reportReceived(completed, mirror, now);
    return completed.length;
  }

  #giveUp(request: LiveRequest, reason: CancelReason, now: number): void {
    this.#state.cancel(request, reason, now);
    this.#assign(now);
  }

  #bodyEnded(request: LiveRequest, now: number): void {
    const { mirror, kind, start, position } = request;
    const { ledger, size } = this.#state;
    const expected = size ?? (ledger.receivedBytes > 0 ? ledger.front : 0);
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
      mirror.delivered((position - start) / this.#options.splitSize, now - request.startedAt);
    }
    this.#assign(now);
  }

  /** Ends a request that has failed, though its driver does not know. */
  #refuse(request: LiveRequest, failure: MirrorError, now: number): void {
    this.#state.commands.push({ type: "cancel", request: request.id });
    this.#failed(request, failure, now);
  }

  #failed(request: LiveRequest, failure: MirrorError, now: number): void {
    const { mirror, kind, useful } = request;
    this.#state.close(request, now);
    penalize({ mirror, failure, useful }, this.#state, this.#options, now);
    if (this.#failIfAlone(now)) return;
    this.#advance(kind === "probe" ? { type: "failed", mirror } : { type: "waited" }, now);
  }

  /** Ends the download when no mirror is left. */
  #failIfAlone(now: number): boolean {
    const failures = this.mirrors.flatMap(({ state }) =>
      state.type === "dropped" ? [state.failure] : []
    );
    if (failures.length < this.mirrors.length) return false;
    this.#fail(new NoMirrorLeftError(failures), now);
    return true;
  }

  #consumed(bytes: number, now: number): void {
    this.#state.consumedBytes += bytes;
    // The body of a whole file is read only as far as there is room: its silence was ours.
    const { whole } = this.#state.requests;
    if (whole !== undefined) whole.activeAt = now;
    this.#assign(now);
  }

  #timeout(now: number): void {
    // A timer that fires far too late means that the process stood still.
    if (now - this.wakeAt > SUSPEND_MS) this.#watch.excuse(now);
    for (const mirror of this.#watch.rested(now)) {
      if (mirror.service === "unknown") this.#probe(mirror, now);
    }
    for (const request of this.#watch.silent(now)) {
      // A mirror that has gone silent altogether has failed once, however much was asked of it.
      const silentSince = now - (now - request.activeAt) / 2;
      for (const other of request.mirror.live.filter(({ activeAt }) => activeAt < silentSince)) {
        if (other !== request) this.#state.cancel(other, "silent", now);
      }
      this.#refuse(request, timeoutError(request, now), now);
      if (this.#ended) return;
    }
    this.#advance({ type: "waited" }, now);
  }

  /** Lets the opening react to an event, executes its steps, and gives work to idle mirrors. */
  #advance(event: OpeningEvent, now: number): void {
    const outstanding = this.#state.requests.probing;
    for (const step of this.#opening.handle(event, { now, outstanding })) {
      this.#execute(step, now);
      if (this.#ended) return;
    }
    this.#assign(now);
  }

  #execute(step: OpeningStep, now: number): void {
    switch (step.type) {
      case "trust":
        step.mirror.service = "ranges";
        return this.#state.learnSize(step.size);
      case "accept":
        return this.#accept(step.request, now);
      case "discard":
        return this.#state.discard(now);
      case "reject":
        drop(step.mirror, step.error, this.#state, now);
        this.#failIfAlone(now);
        return;
      case "open":
        this.#state.open(step, now);
        return this.#finishIfComplete(now);
      case "admit":
        return this.#admit(step.admissions, now);
      case "fail":
        return this.#fail(step.error, now);
    }
  }

  /** Uses a probe's first bytes as the file's. */
  #accept(request: LiveRequest, now: number): void {
    this.#state.commands.push({ type: "accept", request: request.id });
    if (request.held) {
      request.kind = "whole";
      request.held = false;
      this.ledger.take(request.start, request.end);
    }
    const length = request.position - request.start;
    request.position = request.start;
    request.mirror.wastedBytes -= length;
    this.#count(request, length, now);
    this.#finishIfComplete(now);
  }

  #admit(admissions: readonly Admission[], now: number): void {
    for (const { mirror, service } of admissions) mirror.service = service;
    for (const { mirror } of admissions) this.#state.admit(mirror, now);
  }

  #assign(now: number): void {
    const { type } = this.#opening.state;
    if (!this.#ended && type !== "probing") this.#assigner.assign(now);
  }

  #probe(mirror: Mirror, now: number): void {
    const { start, end = Infinity, probeSize, windowSize } = this.#options;
    const size = Math.min(probeSize, windowSize, end - start);
    this.#state.send({ mirror, kind: "probe", start, end: start + size }, now);
  }

  #finishIfComplete(now: number): void {
    // Before the mirrors have agreed, the file may turn out to be another one.
    if (this.ledger.complete && this.#opening.state.type === "open") this.#finish(now);
  }

  #finish(now: number): void {
    this.#end(now, "complete", { type: "finish" });
  }

  #fail(error: SphttpError, now: number): void {
    this.#end(now, "failed", { type: "fail", error });
  }

  #end(now: number, outcome: "complete" | "failed", command: SchedulerCommand): void {
    for (const request of [...this.#state.requests]) this.#state.cancel(request, "end", now);
    this.#ended = true;
    this.#state.commands.report({ type: "end", outcome }, now);
    this.#state.commands.push(command);
  }
}

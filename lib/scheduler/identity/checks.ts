/**
 * Sends the checks by which mirrors are questioned, holds what waits for their results, and says what
 * follows from these. Pure: times are in milliseconds, and passed in.
 *
 * @module
 */

import { type FailureReason, FileChangedError, type MirrorError } from "../../errors.ts";
import { drop } from "../failure/failures.ts";
import type { SchedulerEvent } from "../messages.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { ExpectedSize } from "../bytes/size.ts";
import { type FirstAnswer, unexpectedSize } from "../opening/first_answer.ts";
import type { Opening } from "../opening/opening.ts";
import type { KnownFileFacts, OpeningOptions } from "../opening/opening_steps.ts";
import type { LiveRequest } from "../requests/live_request.ts";
import type { DownloadState } from "../state.ts";
import { Comparisons } from "./comparisons.ts";
import { CrossChecks } from "./cross_checks.ts";
import { Disputes, type Outcome } from "./disputes.ts";
import { hasRoomFor, letGo, resume } from "./held_responses.ts";
import { Identity, unprovable } from "./identity.ts";
import { type Landmarks, NO_LANDMARKS } from "./pieces.ts";

/** What the file has to be, for the opening and for checks. */
export interface ChecksOptions extends OpeningOptions, ExpectedSize {
  /** Pieces of the file that are known. */
  readonly landmarks?: Landmarks | undefined;
  /** What an earlier download knows of the file. */
  readonly knownFile?: KnownFileFacts | undefined;
  /** Returns another number from 0 to, but without, 1 at each call. */
  readonly random: () => number;
}

/** The last checks are waited for as long as this while none can be sent, in milliseconds. */
const LAST_CHECKS_MS = 10_000;

/** How bodies break off. */
const BROKEN: readonly FailureReason[] = ["network", "truncated", "timeout"];

/** The checks of one download. */
export class Checks {
  readonly #state: DownloadState;
  readonly #opening: Opening;
  readonly #landmarks: Landmarks;
  readonly #identity: Identity;
  readonly #comparisons: Comparisons;
  readonly #cross: CrossChecks;
  readonly #disputes: Disputes;
  readonly #expected: ExpectedSize;
  /** Whether a hash of the whole file is expected. */
  readonly #isHashed: boolean;
  /** First answers of mirrors that have to show pieces of the file before they count. */
  readonly #unproved = new Map<Mirror, FirstAnswer>();
  /** Mirrors that were asked for their last checks. */
  readonly #lastChecked = new Set<Mirror>();
  /** Until when a last check may wait to be sent, once all bytes have been received. */
  #until = Infinity;

  constructor(state: DownloadState, opening: Opening, options: ChecksOptions) {
    const { landmarks = NO_LANDMARKS, knownFile, random, expectedHashes = {} } = options;
    this.#state = state;
    this.#opening = opening;
    this.#landmarks = landmarks;
    this.#expected = options;
    this.#isHashed = Object.keys(expectedHashes).length > 0;
    this.#identity = new Identity(state.mirrors, landmarks, random);
    this.#comparisons = new Comparisons(state.mirrors, landmarks, random);
    this.#cross = new CrossChecks(state, this.#comparisons, () => this.#isProved);
    const [identity, comparisons, cross] = [this.#identity, this.#comparisons, this.#cross];
    this.#disputes = new Disputes({ state, opening, identity, comparisons, cross });
    state.isQuestioned = (mirror) =>
      this.#identity.isOpen(mirror) || this.#cross.areWantedOf(mirror);
    for (const mirror of state.mirrors) {
      if (!knownFile?.compared?.includes(mirror.url)) continue;
      this.#comparisons.trust(mirror);
      this.#identity.trust(mirror);
    }
  }

  /** When last checks are given up that cannot be sent, in milliseconds; `Infinity` for never. */
  get wakeAt(): number {
    return Math.min(this.#giveUpAt, this.#cross.wakeAt);
  }

  /** When those of the mirrors themselves are given up, in milliseconds. */
  get #giveUpAt(): number {
    return this.#until === Infinity || this.#isChecking() ? Infinity : this.#until;
  }

  /** Whether the file will be proved by its hash. */
  get #isProved(): boolean {
    const { ledger: { start, end }, size } = this.#state;
    return this.#isHashed && start === 0 && end === size;
  }

  #isChecking(): boolean {
    for (const { kind } of this.#state.requests) if (kind === "check") return true;
    return false;
  }

  /** Number of mirrors whose first answers wait for a check. */
  get waiting(): number {
    return [...this.#unproved.keys()].filter(({ state }) => state.type !== "dropped").length;
  }

  /** Waits longer for last checks: nothing could be noticed for `ms` until `now`, in milliseconds. */
  excuse(ms: number, now: number): void {
    this.#cross.excuse(ms, now);
  }

  /** Reports whether a mirror and the others have been compared behind their first bytes. */
  isCompared(mirror: Mirror): boolean {
    return this.#comparisons.isCompared(mirror);
  }

  /** Reports whether a mirror is being questioned. */
  isOpen(mirror: Mirror): boolean {
    return this.#identity.isOpen(mirror);
  }

  /** Compares a mirror before it is admitted. */
  admit(mirror: Mirror): void {
    this.#identity.ask(mirror, "admission");
  }

  /** Asks a mirror no more, and forgets its first answer: it is used no more, or begins anew. */
  forget(mirror: Mirror): void {
    this.#unproved.delete(mirror);
    this.#lastChecked.delete(mirror);
    this.#identity.close(mirror);
    this.#comparisons.forget(mirror);
  }

  /** Takes the first answer of a mirror; returns nothing while it has to be proved. */
  sampled(first: FirstAnswer, now: number): Outcome | undefined {
    const { mirror, answer } = first;
    const failure = unexpectedSize(first, this.#expected);
    if (failure !== undefined) return this.#reject(mirror, failure, now);
    // A whole file is compared as it arrives.
    if (!this.#identity.hasEvidence || answer.type !== "partial") {
      return { type: "answered", answer: first };
    }
    this.#unproved.set(mirror, first);
    this.admit(mirror);
    return undefined;
  }

  /** Notes the response to a request. */
  answered(
    request: LiveRequest,
    etag: string | undefined,
    doubt: string | undefined,
  ): void {
    const { mirror, kind } = request;
    if (kind !== "check") return this.#comparisons.tag(mirror, etag);
    if (doubt === undefined) return;
    // Of a check the bytes decide; its validators are part of what is said if they differ.
    this.#identity.hear(mirror, doubt);
    const check = this.#cross.of(request);
    if (check !== undefined) this.#cross.hear(check, doubt);
  }

  /** Notes that bytes of a request are used. */
  used(request: LiveRequest, bytes: number): void {
    if (bytes === 0) return;
    this.#identity.used(request, bytes, request.proof);
    this.#comparisons.used(request.mirror);
  }

  /** Forgets the bytes that were used: they were discarded. */
  discard(now: number): void {
    this.#identity.discard();
    this.#comparisons.discard();
    // What was asked compares bytes with those that were discarded.
    for (const mirror of this.#state.mirrors) {
      if (this.#identity.isOpen(mirror) && !this.#unproved.has(mirror)) {
        this.#identity.close(mirror);
      }
    }
    for (const request of [...this.#state.requests]) {
      const isOver = request.kind === "check" && !this.#identity.isOpen(request.mirror);
      if (isOver) this.#state.cancel(request, "discarded", now);
    }
  }

  /** Notes that a request for a range has failed: its body may have broken off. */
  failed(mirror: Mirror, { reason }: MirrorError): void {
    if (BROKEN.includes(reason)) this.#identity.broke(mirror);
  }

  /** Compares a mirror whose validators contradict earlier ones with bytes that are known. */
  question(request: LiveRequest, doubt: string, now: number): void {
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

  /** Sends the checks that are due, until something follows. */
  send(now: number): Outcome | undefined {
    this.#state.look(now);
    const outcome = this.#sendQuestions(now);
    if (outcome === undefined) this.#cross.send(now);
    return outcome;
  }

  /** Compares mirrors that have got no work. */
  askIdle(now: number): void {
    this.#cross.askIdle(now);
  }

  /** Sends the checks of mirrors that are questioned. */
  #sendQuestions(now: number): Outcome | undefined {
    let waits = false;
    const { isSettled } = this.#state;
    for (const mirror of this.#state.mirrors) {
      const due = mirror.available ? this.#identity.dueOf(mirror, isSettled) : undefined;
      if (due !== undefined) this.#identity.ask(mirror, due);
      if (!this.#identity.isOpen(mirror)) continue;
      const { type } = mirror.state;
      // A mirror that turns out to serve no ranges is compared as its whole file arrives.
      if (type === "dropped" || mirror.service === "whole") this.#identity.close(mirror);
      while (type === "ready" && hasRoomFor(mirror, this.#state, now)) {
        const piece = this.#identity.next(mirror);
        if (piece === undefined) break;
        this.#state.send({ mirror, kind: "check", ...piece }, now);
        this.#state.look(now);
      }
      if (type === "ready" && this.#identity.isStuck(mirror)) {
        if (!this.#hasHelp(mirror)) return this.#decideUncompared(mirror, now);
        letGo(mirror, this.#state, now);
      }
      waits ||= mirror.live.length === 0;
    }
    // Those that could not be sent wait for their turn.
    if (waits) this.#state.look(now);
    return undefined;
  }

  /** Notes the result of a check; returns nothing while more are to come. */
  compared(
    request: LiveRequest,
    event: Extract<SchedulerEvent, { type: "compared" }>,
    now: number,
  ): Outcome | undefined {
    const { mirror } = request;
    request.advance(event.length);
    this.#state.compared(request, event.length, now);
    this.#state.close(request, now);
    const sent = this.#cross.of(request);
    if (sent !== undefined) {
      const check = this.#comparisons.resolved(sent);
      if (event.differsAt !== undefined) return this.#disputes.shown(check, event.differsAt, now);
      this.#comparisons.shown(check);
      return { type: "waited" };
    }
    const admits = this.#identity.isAdmitting(mirror);
    const conclusion = this.#identity.compared(mirror, request, event);
    if (conclusion.type === "open") return undefined;
    if (conclusion.type === "passed") {
      if (admits) return this.#prove(mirror);
      if (conclusion.unreliable) {
        const { mirrors, commands } = this.#state;
        commands.push({ type: "distrust", mirror: mirrors.indexOf(mirror) });
      }
      resume(mirror, this.#state, now);
      return { type: "waited" };
    }
    const { error, at, used } = conclusion;
    if (admits && this.#unproved.has(mirror)) return this.#reject(mirror, error, now);
    if (admits) return { type: "differs", mirror, error, at };
    const sender = this.#landmarks.senderOf(request);
    const other = sender === undefined ? mirror : this.#state.mirrors[sender]!;
    if (used && other !== mirror) return this.#disputes.differ(mirror, other, at, now);
    drop(mirror, error, this.#state, now);
    return used ? { type: "fail", error: new FileChangedError(error) } : { type: "waited" };
  }

  /** Says what follows as the bytes of a request differ from those that have arrived before. */
  differs(
    request: LiveRequest,
    event: Extract<SchedulerEvent, { type: "differs" }>,
    now: number,
  ): Outcome {
    return this.#disputes.arrived(request, event, now);
  }

  /** Counts the first answer of a mirror that has shown bytes of the file. */
  #prove(mirror: Mirror): Outcome {
    const first = this.#unproved.get(mirror);
    this.#unproved.delete(mirror);
    if (first === undefined) return { type: "same", mirror };
    return { type: "answered", answer: { ...first, isProved: true } };
  }

  /** Drops a mirror whose first answer shows that it has another file. */
  #reject(mirror: Mirror, failure: MirrorError, now: number): Outcome {
    this.#unproved.delete(mirror);
    drop(mirror, failure, this.#state, now);
    return { type: "failed", mirror };
  }

  /** Reports whether another mirror may deliver what a mirror can be compared with. */
  #hasHelp(mirror: Mirror): boolean {
    return this.#state.mirrors.some((other) =>
      other !== mirror && other.alive && !this.#identity.isStuck(other) &&
      (other.service !== "whole" || other.live.length > 0)
    );
  }

  #decideUncompared(mirror: Mirror, now: number): Outcome {
    const doubt = this.#identity.doubtOf(mirror);
    const admits = this.#identity.isAdmitting(mirror);
    this.#identity.close(mirror);
    if (admits && this.#state.ledger.receivedBytes === 0) return this.#prove(mirror);
    const failure = unprovable(mirror, doubt ?? "its first bytes could not be compared");
    if (admits) return this.#reject(mirror, failure, now);
    drop(mirror, failure, this.#state, now);
    return { type: "waited" };
  }

  /**
   * Asks for the last checks: of mirrors whose validators prove nothing, and whose bytes have been used
   * since the checks before, and of mirrors that have not been compared with others where they sent
   * their last bytes. All bytes have been received: returns whether these checks are waited for, or what
   * follows.
   */
  finish(now: number): Outcome | "waits" | "done" {
    const last = this.#finish(now);
    return last === "done" ? this.#disputes.settle(now) ?? last : last;
  }

  #finish(now: number): Outcome | "waits" | "done" {
    const { mirrors, requests } = this.#state;
    for (const mirror of mirrors) if (this.#lacksLast(mirror)) this.#askLast(mirror);
    this.#cross.send(now);
    if (!this.#awaitsLast(now)) return "done";
    // What could be in their way is of no use any more.
    for (const request of [...requests]) {
      const isOver = request.owns && request.position < request.bodyEnd;
      if (isOver) this.#state.cancel(request, "lost", now);
    }
    if (this.#until === Infinity) this.#until = now + LAST_CHECKS_MS;
    if (now >= this.#giveUpAt) return this.#giveUp();
    return this.send(now) ?? (this.#awaitsLast(now) ? "waits" : "done");
  }

  #lacksLast(mirror: Mirror): boolean {
    return mirror.servesRanges && mirror.state.type === "ready" &&
      this.#identity.hasUnproved(mirror);
  }

  #awaitsLast(now: number): boolean {
    return this.#cross.areAwaited(now) ||
      this.#state.mirrors.some((mirror) =>
        this.#lacksLast(mirror) && this.#identity.isOpen(mirror)
      );
  }

  #askLast(mirror: Mirror): void {
    // What it was asked before says less than this.
    if (this.#identity.isOpen(mirror) || this.#lastChecked.has(mirror)) return;
    const last = this.#identity.closingOf(mirror);
    if (last === "last") this.#lastChecked.add(mirror);
    this.#identity.ask(mirror, last);
  }

  /** Waits no longer for checks that cannot be sent: what nothing proves any more fails. */
  #giveUp(): Outcome | "done" {
    for (const mirror of this.#state.mirrors) {
      const doubt = this.#identity.doubtOf(mirror);
      if (!this.#lacksLast(mirror) || !mirror.questioned || doubt === undefined) continue;
      return { type: "fail", error: new FileChangedError(unprovable(mirror, doubt)) };
    }
    return "done";
  }
}

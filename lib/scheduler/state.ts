/**
 * The state of one download, which the parts of the scheduler share, and the steps by which requests
 * begin and end. Invariants: every byte is received, free, or owned by a live request; bytes held and on their way
 * never exceed the window, unless it has shrunk. Pure: times are in milliseconds, and passed in.
 *
 * @module
 */

import type { ByteRange } from "../http/byte_range.ts";
import { MirrorHabits } from "../http/mirror_habits.ts";
import type { CancelEvent, CancelReason } from "../trace/events.ts";
import { Ledger } from "./bytes/ledger.ts";
import type { Size } from "./bytes/size.ts";
import { CommandQueue, type NewMirror } from "./messages.ts";
import type { Mirror } from "./mirror/mirror.ts";
import { MirrorList, type MirrorListOptions } from "./mirror/mirror_list.ts";
import { RateLimit } from "./bytes/rate_limit.ts";
import { keepOneStream } from "./requests/kept_stream.ts";
import { Requests } from "./requests/request_set.ts";
import type { LiveRequest, NewRequest } from "./requests/live_request.ts";
import type { DownloadView } from "./view.ts";
import { type Proofs, Window } from "./bytes/window.ts";

export interface DownloadStateOptions extends MirrorListOptions {
  /** First byte wanted. */
  readonly start: number;
  /** The byte after the last one wanted; `undefined` for the end of the file. */
  readonly end: number | undefined;
  /** The size of a block, in bytes. */
  readonly splitSize: number;
  /** The most bytes held and requested together. */
  readonly windowSize: number;
  /**
   * The most bytes to which that may grow.
   *
   * @default {`windowSize`}
   */
  readonly mostWindowSize?: number | undefined;
  /** Whether someone reads, or will. @default {true} */
  readonly isRead?: (() => boolean) | undefined;
  /** The most bytes per second, all mirrors together; `Infinity` for no limit. */
  readonly maxRate: number;
  /**
   * How the mirrors are to be requested, as far as is known; downloads share it.
   *
   * @default {nothing}
   */
  readonly habits?: MirrorHabits | undefined;
}

export class DownloadState implements DownloadView {
  /** In the order in which they were given or added: others may follow. */
  readonly mirrors: readonly Mirror[];
  readonly requests = new Requests();
  readonly commands = new CommandQueue();
  /** Keeps what is requested, probes and repetitions too, within the greatest rate. */
  readonly limit: RateLimit;
  readonly window: Window;
  /** How many other downloads are at each mirror's host; empty where that does not matter. */
  others: readonly number[] = [];
  /** Reports whether a piece of the file is to be requested from a mirror, to compare it. */
  isQuestioned: (mirror: Mirror) => boolean = () => false;
  /** What is known of the file's pieces by their digests, if these are expected. */
  proofs: Proofs | undefined = undefined;
  readonly #options: DownloadStateOptions;
  readonly #list: MirrorList;
  readonly #habits: MirrorHabits;
  #ledger!: Ledger;
  #size: Size;
  #received = 0;
  #receivedSinceFront = 0;
  /** Where the unit ends that was at the front when the last one was received. */
  #frontUnitEnd = 0;
  #consumedBytes = 0;
  #turnAt = Infinity;

  constructor(options: DownloadStateOptions) {
    this.#options = options;
    this.window = new Window(options.windowSize, options.mostWindowSize, options.isRead);
    this.limit = new RateLimit(options.maxRate);
    this.#habits = options.habits ?? new MirrorHabits();
    this.#list = new MirrorList(options);
    this.mirrors = this.#list.mirrors;
    this.#reset();
  }

  #reset(): void {
    const { start, end, splitSize } = this.#options;
    this.#size = undefined;
    this.#ledger = new Ledger(start, end ?? Infinity, splitSize);
    this.#frontUnitEnd = this.#ledger.unitRange(0).end;
    this.#received = this.#receivedSinceFront = 0;
  }

  /** Adds a mirror, and returns it; `undefined` if it is in use already. */
  add(wanted: NewMirror, now: number): Mirror | undefined {
    const mirror = this.#list.add(wanted);
    if (mirror !== undefined) this.#recall(mirror, now);
    return mirror;
  }

  /** Which bytes are received, requested, and free; endless until the file's size is known. */
  get ledger(): Ledger {
    return this.#ledger;
  }

  /** The file's size, once the mirrors have agreed and where they give it. */
  get size(): Size {
    return this.#size;
  }

  get received(): number {
    return this.#received;
  }

  get receivedSinceFront(): number {
    return this.#receivedSinceFront;
  }

  get consumedBytes(): number {
    return this.#consumedBytes;
  }

  /** Bytes received, but not yet taken by the consumer. */
  get heldBytes(): number {
    return this.ledger.receivedBytes - this.#consumedBytes;
  }

  get windowSize(): number {
    return this.window.sizeFor(this.readyBytes);
  }

  get windowIsFull(): boolean {
    return this.heldBytes >= this.windowSize;
  }

  /** Whether nothing is free: who sends the last bytes is settled, but for what others will take over. */
  get isSettled(): boolean {
    return this.ledger.free.length === 0 && this.ledger.end < Infinity;
  }

  get readyBytes(): number {
    const { front, start } = this.ledger;
    return (this.proofs?.completeTo(front) ?? front) - start - this.#consumedBytes;
  }

  get room(): number {
    return this.roomFor(0, 0);
  }

  roomFor(start: number, end: number): number {
    const { windowSize, ledger } = this;
    let room = windowSize - this.heldBytes - ledger.askedBytes;
    // What a request may deliver though it does not own it any more will be held, too.
    for (const remnant of this.requests.remnants) {
      room -= ledger.freeIn(remnant.start, Math.min(remnant.end, Math.max(start, remnant.start)));
      room -= ledger.freeIn(Math.max(remnant.start, end), remnant.end);
    }
    return room;
  }

  /** When a mirror may be asked that its host does not serve now, in milliseconds; `Infinity` for never. */
  get turnAt(): number {
    return this.#turnAt;
  }

  /** Learns from earlier downloads how the mirrors are to be requested. */
  recallHabits(now: number): void {
    for (const mirror of this.mirrors) this.#recall(mirror, now);
  }

  #recall({ url, forms, lengths }: Mirror, now: number): void {
    forms.avoid(this.#habits.avoided(url, now));
    lengths.recall(this.#habits.mostBytes(url, now));
  }

  /** Remembers what the mirror of a request refuses, though it has answered this one. */
  rememberHabits({ mirror: { url, forms, lengths }, form }: LiveRequest, now: number): void {
    this.#habits.refused(url, forms.refusedBefore(form), now);
    if (lengths.shown !== undefined) this.#habits.limited(url, lengths.shown, now);
  }

  /** Forgets how a mirror is to be requested, as that was of no use. */
  forgetHabits({ url }: Mirror): void {
    this.#habits.forget(url);
  }

  /** Learns how many requests the mirrors' hosts take now; those that have work for one wait for it. */
  look(now: number): void {
    this.#turnAt = Infinity;
    this.window.grow(this.mirrors, this.readyBytes, now);
    for (const mirror of this.mirrors) {
      const { seat, state, live } = mirror;
      const room = seat.room(now);
      mirror.allow({ room, leastBytes: seat.leastBytes(now), shut: seat.shut(now) });
      if (state.type === "dropped") seat.leave(now);
      if (room > 0 || state.type !== "ready") continue;
      const isWanted = (!this.windowIsFull && this.ledger.free.length > 0) ||
        this.isQuestioned(mirror);
      if (isWanted && live.length === 0) seat.wait(now);
      this.#turnAt = Math.min(this.#turnAt, seat.turnAt(now));
    }
    this.keepStream();
  }

  /** Decides which stream is kept for the case that everything else is refused. */
  keepStream(): void {
    keepOneStream(this.requests, this.mirrors, this.ledger);
  }

  /** Learns the size of the file, or that no mirror gives it. */
  learnSize(size: Size): void {
    this.#size = size;
    if (size !== undefined && size < this.ledger.end) this.ledger.close(size);
  }

  /** Opens the file that the mirrors have agreed on, as `mirror` has it: bytes are delivered from now on. */
  open(mirror: Mirror, size: Size, mode: "ranges" | "whole", now: number): void {
    this.learnSize(size);
    this.commands.push({ type: "open", mirror: this.mirrors.indexOf(mirror), size });
    this.commands.report({ type: "open", size, mode }, now);
  }

  /** Drops everything that has arrived: it is another file. Only before anything was delivered. */
  discard(now: number): void {
    for (const request of [...this.requests]) {
      if (request.kind === "range") this.cancel(request, "discarded", now);
    }
    for (const mirror of this.mirrors) mirror.discard();
    this.#reset();
    this.proofs?.forget(0, now);
    this.commands.push({ type: "discard" });
  }

  /**
   * Reports that a mirror has the file, and cancels the body of a probe that is held back. Does nothing
   * if the mirror was dropped meanwhile.
   */
  admit(mirror: Mirror, now: number): void {
    if (mirror.state.type === "dropped") return;
    const spare = mirror.service === "whole";
    const message = spare ? "serves the whole file only" : "serves ranges";
    const held = spare ? this.requests.of(mirror).find((request) => request.held) : undefined;
    if (held !== undefined) this.cancel(held, "end", now);
    const others = this.mirrors.some((other) => other.servesRanges);
    const state = spare && others ? "spare" : "ready";
    this.commands.report({ type: "mirror", mirror: mirror.url, state, message }, now);
  }

  send(wanted: NewRequest, now: number): LiveRequest {
    const { mirror, kind, start, end, measures } = wanted;
    const request = this.requests.open(wanted, now);
    const { id, bodyEnd, form } = request;
    if (request.owns) this.ledger.take(start, end);
    // The whole file is not requested in pieces: its bytes are paid for when they arrive.
    if (kind !== "whole") {
      request.pay(end - start);
      this.limit.take(end - start, now);
    }
    const requestedEnd = kind === "whole" || bodyEnd === Infinity ? undefined : bodyEnd;
    this.commands.push({
      type: "start",
      request: id,
      mirror: this.mirrors.indexOf(mirror),
      kind,
      start,
      end: requestedEnd,
      readTo: end,
      form,
      measures,
      // The answer to a probe is compared with those of other mirrors, not checked by them.
      size: kind === "probe" ? undefined : this.size,
    });
    if (kind === "probe" || kind === "whole") {
      const facts = { mirror: mirror.url, request: id, start, end: requestedEnd, form };
      this.commands.report({ type: "ask", ...facts }, now);
    }
    return request;
  }

  /** Lets a stream be read further: up to `end`, over free bytes. */
  extend(request: LiveRequest, end: number, now: number): void {
    const { end: start, isExhausted, activeAt } = request;
    this.ledger.take(start, end);
    request.pay(end - start);
    this.limit.take(end - start, now);
    request.extend(end, now);
    if (isExhausted) request.mirror.resumed(now - activeAt, now);
    this.commands.push({ type: "read", request: request.id, to: end });
  }

  arrived(request: LiveRequest, length: number, now: number): void {
    request.mirror.received(length, now, request.pauseMs(now));
    request.ticket.delivered(now);
    this.limit.take(length - request.unpay(length), now);
  }

  /** Counts the bytes of a check. */
  compared(request: LiveRequest, length: number, now: number): void {
    request.mirror.compared(length);
    request.ticket.delivered(now);
    this.limit.take(length - request.unpay(length), now);
  }

  /** Counts the next bytes of a request as received; returns how many blocks they completed. */
  receive(request: LiveRequest, length: number, now: number): number {
    const { mirror, position } = request;
    const { bytes, completed } = this.ledger.receive(position, position + length);
    request.advance(length, bytes);
    if (request.isExhausted) mirror.paused(now);
    mirror.waste(length - bytes);
    if (bytes > 0) mirror.recover();
    if (request.kind === "range") mirror.forms.served(request.form);
    this.reportReceived(completed, mirror, now);
    return completed.length;
  }

  reportReceived(blocks: readonly number[], { url }: Mirror, now: number): void {
    for (const block of blocks) {
      const { start, end } = this.ledger.blockRange(block);
      this.commands.report({ type: "receive", block, bytes: end - start, mirror: url }, now);
    }
  }

  /** Counts a request for a range that has delivered all of it. */
  delivered({ mirror, start, position, startedAt }: LiveRequest, now: number): void {
    this.countReceived();
    mirror.lengths.completed(position - start);
    mirror.delivered((position - start) / this.#options.splitSize, now - startedAt);
  }

  countReceived(): void {
    const { ledger, ledger: { front } } = this;
    this.#receivedSinceFront = front >= this.#frontUnitEnd ? 0 : this.#receivedSinceFront + 1;
    this.#received++;
    this.#frontUnitEnd = ledger.unitRange(ledger.unitOf(front)).end;
  }

  consume(bytes: number): void {
    this.#consumedBytes += bytes;
  }

  /** Cancels a request; does nothing if it is over. */
  cancel(request: LiveRequest, reason: CancelReason, now: number): void {
    if (this.requests.get(request.id) === undefined) return;
    this.commands.push({ type: "cancel", request: request.id });
    const { position, end } = request;
    this.#reportCancelled(request, { start: position, end, goesOn: false, reason }, now);
    request.ticket.release(now, request.goesOn);
    this.close(request, now);
  }

  /**
   * Forgets a request that has ended; what it owned and has not delivered is free again. Does nothing
   * if it is over: while requests are cancelled, new ones are assigned, which may cancel others.
   */
  close(request: LiveRequest, now: number): void {
    if (this.requests.get(request.id) === undefined) return;
    const { owns, position, claimStart, claimEnd, bodyEnd } = request;
    this.requests.close(request, position >= bodyEnd, now);
    this.limit.giveBack(request.unpay(Infinity));
    if (owns) this.#giveBack({ start: claimStart, end: claimEnd });
  }

  /** Takes from a request what it owns from `claimEnd` on; it may deliver it all the same. */
  cut(request: LiveRequest, claimEnd: number, reason: CancelReason, now: number): void {
    this.#lose(request, request.cut(claimEnd), reason, now);
  }

  /** Takes from a request what it owns before `claimStart`; it may deliver it all the same. */
  cutHead(request: LiveRequest, claimStart: number, reason: CancelReason, now: number): void {
    this.#lose(request, request.cutHead(claimStart), reason, now);
  }

  #lose(request: LiveRequest, lost: ByteRange, reason: CancelReason, now: number): void {
    this.#reportCancelled(request, { ...lost, goesOn: true, reason }, now);
    this.#giveBack(lost);
  }

  /** Learns that a request will deliver less than was requested. */
  shorten(request: LiveRequest, end: number): void {
    this.limit.giveBack(request.unpay(Math.max(0, request.end - end)));
    request.shorten(end);
    this.#giveBack(request.cut(end));
  }

  #reportCancelled(
    { id, kind, mirror: { url } }: LiveRequest,
    facts: Pick<CancelEvent, "start" | "end" | "goesOn" | "reason">,
    now: number,
  ): void {
    // A request that has just delivered the last byte of all has nothing to lose.
    if (kind !== "range" || facts.start >= facts.end) return;
    this.commands.report({ type: "cancel", mirror: url, request: id, ...facts }, now);
  }

  #giveBack({ start, end }: ByteRange): void {
    if (start < end) this.ledger.giveBack(start, end, this.requests.claims);
  }
}

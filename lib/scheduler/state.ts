/**
 * The state of one download, which the parts of the scheduler share, and the few steps by which
 * requests begin and end. Pure.
 *
 * @module
 */

import type { CancelEvent, CancelReason } from "../trace/events.ts";
import { Ledger } from "./ledger.ts";
import type { KnownLink } from "./link_estimate.ts";
import { type LiveRequest, Mirror } from "./mirror.ts";
import { CommandQueue } from "./messages.ts";
import { RateLimit } from "./rate_limit.ts";
import { type NewRequest, Requests } from "./requests.ts";

/** What a download is about. */
export interface DownloadStateOptions {
  /** The mirrors' URLs, without credentials. */
  readonly urls: readonly string[];
  /** First byte wanted. */
  readonly start: number;
  /** The byte behind the last one wanted; `undefined` for the end of the file. */
  readonly end: number | undefined;
  /** The unit of splitting, in bytes. */
  readonly splitSize: number;
  /** The most bytes held and asked for together. */
  readonly windowSize: number;
  /** What is known of the mirrors' links, in the order of the URLs. */
  readonly known?: readonly (KnownLink | undefined)[];
  /** The most bytes per second, all mirrors together; `Infinity` for no limit. */
  readonly maxRate: number;
  /** The most requests that a mirror may have under way at once. */
  readonly maxConnectionsPerMirror: number | "auto";
}

/** What the mirrors have agreed on. */
export interface OpenedFile {
  readonly mirror: Mirror;
  readonly size: number | undefined;
  readonly mode: "ranges" | "whole";
}

/** The state of one download. Times are in milliseconds. */
export class DownloadState {
  readonly mirrors: readonly Mirror[];
  readonly requests = new Requests();
  readonly commands = new CommandQueue();
  /** Keeps what is asked for, probes and repetitions too, within the greatest rate. */
  readonly limit: RateLimit;
  /** Which bytes are received, asked for, and free; endless until the file's size is known. */
  ledger!: Ledger;
  /** The most bytes held and asked for together. */
  windowSize: number;
  /** The file's size, once the mirrors have agreed and where they tell it. */
  size: number | undefined;
  /** Units received in total. */
  received = 0;
  /** Units received without the front's one becoming complete, since it last did. */
  receivedSinceFront = 0;
  /** Where the unit ends that was at the front when the last one was received. */
  #frontUnitEnd = 0;
  /** Bytes that the consumer has taken. */
  consumedBytes = 0;
  readonly #options: DownloadStateOptions;

  constructor(options: DownloadStateOptions) {
    this.#options = options;
    this.windowSize = options.windowSize;
    this.limit = new RateLimit(options.maxRate);
    this.mirrors = options.urls.map((url, index) =>
      new Mirror(url, {
        known: options.known?.[index],
        maxConnections: options.maxConnectionsPerMirror,
      })
    );
    this.reset();
  }

  /** Begins anew: nothing has been received. */
  reset(): void {
    const { start, end, splitSize } = this.#options;
    this.size = undefined;
    this.ledger = new Ledger(start, end ?? Infinity, splitSize);
    this.#frontUnitEnd = this.ledger.unitRange(0).end;
    this.received = this.receivedSinceFront = 0;
  }

  /** Bytes received, but not yet taken by the consumer. */
  get heldBytes(): number {
    return this.ledger.receivedBytes - this.consumedBytes;
  }

  /** Bytes that the consumer could take, but has not taken yet. */
  get readyBytes(): number {
    return this.ledger.front - this.ledger.start - this.consumedBytes;
  }

  /** Bytes that may be asked for besides those held and those that are on their way. */
  get room(): number {
    return this.roomFor(0, 0);
  }

  /** The same where some of what is on its way is to be asked for again. */
  roomFor(start: number, end: number): number {
    const { windowSize, ledger } = this;
    let room = windowSize - this.heldBytes - ledger.askedBytes;
    // What a request goes on to bring though it is not its own any more will be held, too.
    for (const remnant of this.requests.remnants) {
      room -= ledger.freeIn(remnant.start, Math.min(remnant.end, Math.max(start, remnant.start)));
      room -= ledger.freeIn(Math.max(remnant.start, end), remnant.end);
    }
    return room;
  }

  /** Learns the size of the file, or that no mirror tells it. */
  learnSize(size: number | undefined): void {
    this.size = size;
    if (size !== undefined && size < this.ledger.end) this.ledger.close(size);
  }

  /** Reports what the mirrors have agreed on; `mirror` is one that has the file. */
  open({ mirror, size, mode }: OpenedFile, now: number): void {
    this.learnSize(size);
    this.commands.push({ type: "open", mirror: this.mirrors.indexOf(mirror), size });
    this.commands.report({ type: "open", size, mode }, now);
  }

  /** Drops everything that has arrived, and trusts no mirror. Only before anything was delivered. */
  discard(now: number): void {
    for (const request of [...this.requests]) {
      if (request.kind === "range") this.cancel(request, "discarded", now);
    }
    for (const mirror of this.mirrors) {
      mirror.wastedBytes = mirror.bytes;
      mirror.service = "unknown";
    }
    this.reset();
    this.commands.push({ type: "discard" });
  }

  /** Reports that a mirror has the file; the body of a probe that is held back is not needed. */
  admit(mirror: Mirror, now: number): void {
    const spare = mirror.service === "whole";
    const message = spare ? "serves the whole file only" : "serves ranges";
    const held = spare && mirror.live.find((request) => request.held);
    if (held) this.cancel(held, "end", now);
    const others = this.mirrors.some((other) => other.servesRanges);
    const state = spare && others ? "spare" : "ready";
    this.commands.report({ type: "mirror", mirror: mirror.url, state, message }, now);
  }

  /** Reports blocks that a mirror has completed. */
  reportReceived(blocks: readonly number[], { url }: Mirror, now: number): void {
    for (const block of blocks) {
      const { start, end } = this.ledger.blockRange(block);
      this.commands.report({ type: "receive", block, bytes: end - start, mirror: url }, now);
    }
  }

  /** Counts a unit that has been received. */
  countReceived(): void {
    const { front } = this.ledger;
    const moved = front >= this.#frontUnitEnd;
    this.received++;
    this.receivedSinceFront = moved ? 0 : this.receivedSinceFront + 1;
    this.#frontUnitEnd = this.ledger.unitRange(this.ledger.unitOf(front)).end;
  }

  /** Sends a request. */
  send(asked: NewRequest, now: number): LiveRequest {
    const { mirror, kind, start, end } = asked;
    const request = this.requests.open(asked, now);
    if (kind !== "probe") this.ledger.take(start, end);
    // A whole file is not asked for in pieces: its bytes are paid for when they come.
    if (kind !== "whole") this.#pay(request, end - start, now);
    this.commands.push({
      type: "start",
      request: request.id,
      mirror: this.mirrors.indexOf(mirror),
      kind,
      start,
      end: kind === "whole" ? undefined : end,
      // What a probe says is compared with what the other mirrors said, not judged by it.
      size: kind === "probe" ? undefined : this.size,
    });
    if (kind !== "range") {
      const facts = { mirror: mirror.url, request: request.id, start };
      const behind = kind === "whole" ? undefined : end;
      this.commands.report({ type: "ask", ...facts, end: behind }, now);
    }
    return request;
  }

  /** Bytes of a request came. */
  arrived(request: LiveRequest, length: number, now: number): void {
    request.mirror.received(length, now);
    const unpaid = Math.max(0, length - request.paid);
    request.paid = Math.max(0, request.paid - length);
    this.limit.take(unpaid, now);
  }

  /** Gives a request up. */
  cancel(request: LiveRequest, reason: CancelReason, now: number): void {
    this.commands.push({ type: "cancel", request: request.id });
    const { position, end } = request;
    this.#reportCancelled(request, { start: position, end, goesOn: false, reason }, now);
    this.close(request, now);
  }

  /** Forgets a request that has ended; what it owned and has not brought is free again. */
  close(request: LiveRequest, now: number): void {
    const { kind, position, claimEnd, end } = request;
    this.requests.close(request, position >= end, now);
    this.#refund(request, request.paid);
    if (kind !== "probe") this.#giveBack(position, claimEnd);
  }

  /** Takes from a request what it owns from `claimEnd` on; it may bring it all the same. */
  cut(request: LiveRequest, claimEnd: number, reason: CancelReason, now: number): void {
    const start = Math.max(request.position, claimEnd);
    this.#reportCancelled(request, { start, end: request.claimEnd, goesOn: true, reason }, now);
    this.#cut(request, start);
  }

  /** Learns that a request will bring less than was asked for. */
  shorten(request: LiveRequest, end: number): void {
    this.#refund(request, request.end - end);
    request.end = end;
    this.#cut(request, Math.max(request.position, Math.min(end, request.claimEnd)));
  }

  #cut(request: LiveRequest, claimEnd: number): void {
    const before = request.claimEnd;
    request.claimEnd = claimEnd;
    this.#giveBack(claimEnd, before);
  }

  #pay(request: LiveRequest, bytes: number, now: number): void {
    request.paid += bytes;
    this.limit.take(bytes, now);
  }

  #refund(request: LiveRequest, bytes: number): void {
    const refund = Math.min(request.paid, bytes);
    request.paid -= refund;
    this.limit.giveBack(refund);
  }

  #reportCancelled(
    { id, kind, mirror: { url } }: LiveRequest,
    facts: Pick<CancelEvent, "start" | "end" | "goesOn" | "reason">,
    now: number,
  ): void {
    // Who has just brought the last byte of all has nothing to give up.
    if (kind !== "range" || facts.start >= facts.end) return;
    this.commands.report({ type: "cancel", mirror: url, request: id, ...facts }, now);
  }

  #giveBack(start: number, end: number): void {
    if (start < end) this.ledger.giveBack(start, end, this.requests.claims);
  }
}

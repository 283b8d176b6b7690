/**
 * The state of one download, which the parts of the scheduler share, and the few steps by which
 * requests begin and end. Pure.
 *
 * @module
 */

import { Ledger } from "./ledger.ts";
import { Mirror } from "./mirror.ts";
import { Outbox } from "./outbox.ts";
import { type LiveRequest, type NewRequest, Requests } from "./requests.ts";

/** What a download is about. */
export interface DownloadOptions {
  /** The mirrors' URLs, without credentials. */
  readonly urls: readonly string[];
  /** First byte wanted. */
  readonly start: number;
  /** The byte behind the last one wanted; `undefined` for the end of the file. */
  readonly end: number | undefined;
  /** The unit of splitting, in bytes. */
  readonly splitSize: number;
}

/** The state of one download. Times are in milliseconds. */
export class Download {
  readonly mirrors: readonly Mirror[];
  readonly requests = new Requests();
  readonly outbox = new Outbox();
  /** Which bytes are received, asked for, and free; endless until the file's size is known. */
  readonly ledger: Ledger;
  /** The file's size, once the mirrors have agreed and where they tell it. */
  size: number | undefined;
  /** Units received in total. */
  received = 0;
  /** Units received without the front's one becoming complete, since it last did. */
  receivedSinceFront = 0;
  /** Where the unit ends that was at the front when the last one was received. */
  #frontUnitEnd: number;
  /** Bytes that the consumer has taken. */
  consumedBytes = 0;

  constructor({ urls, start, end, splitSize }: DownloadOptions) {
    this.mirrors = urls.map((url) => new Mirror(url));
    this.ledger = new Ledger(start, end ?? Infinity, splitSize);
    this.#frontUnitEnd = this.ledger.unitRange(0).end;
  }

  /** Bytes received, but not yet taken by the consumer. */
  get heldBytes(): number {
    return this.ledger.receivedBytes - this.consumedBytes;
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
    this.outbox.push({
      type: "start",
      request: request.id,
      mirror: this.mirrors.indexOf(mirror),
      kind,
      start,
      end: kind === "whole" ? undefined : end,
      // What a probe says is compared with what the other mirrors said, not judged by it.
      size: kind === "probe" ? undefined : this.size,
    });
    return request;
  }

  /** Gives a request up. */
  cancel(request: LiveRequest, now: number): void {
    this.outbox.push({ type: "cancel", request: request.id });
    this.close(request, now);
  }

  /** Forgets a request that has ended; what it has not brought is free again. */
  close(request: LiveRequest, now: number): void {
    this.requests.close(request, now);
    if (request.kind !== "probe") this.giveBack(request.position, request.end);
  }

  /** Frees bytes that a request will not bring. */
  giveBack(start: number, end: number): void {
    this.ledger.giveBack(start, end, this.requests.outstanding);
  }
}

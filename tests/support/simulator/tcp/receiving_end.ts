/**
 * The receiving end of a connection in virtual time: it puts segments in order, and acknowledges them
 * as Linux does: two or more when they are read, those out of order at once, and a single one after a while.
 *
 * @module
 */

import type { EventQueue } from "../event_queue.ts";
import { ReceiveWindow } from "./receive_window.ts";
import type { Acknowledgement } from "./scoreboard.ts";

const TABLE = 8192;
const MASK = TABLE - 1;

/** Two or more segments are acknowledged when the client wakes up to read them, a single one after a while. */
const WAKE_MS = 0.1;
const DELAY_MS = 40;
/** The first segments of a connection are acknowledged one by one. */
const QUICK = 16;
/** So many acknowledgements of segments out of order are sent at once; later ones wait for more. */
const QUICK_OUT_OF_ORDER = 3;
/** They wait this part of a round trip, at most this long. */
const WAIT_PART = 1 / 20;
const LONGEST_WAIT_MS = 1;

export class ReceivingEnd {
  readonly window: ReceiveWindow;
  readonly #queue: EventQueue;
  readonly #roundTripMs: number;
  readonly #acknowledge: (acknowledgement: Acknowledgement) => void;
  /** Number of bytes that were not read. */
  readonly #unread: () => number;
  /** The next segment in order. */
  next = 0;
  /** Segments behind it that have arrived. */
  readonly #early = new Uint8Array(TABLE);
  #earlyCount = 0;
  #arrived: number[] = [];
  #isDuplicate = false;
  #windowEnd = 0;
  #quick = QUICK;
  #unacknowledged = 0;
  #outOfOrder = 0;
  /** When the acknowledgement that waits is sent. */
  #dueAt = Infinity;
  #alarmAt = Infinity;

  constructor(queue: EventQueue, { roundTripMs, segmentBytes, acknowledge, unread }: {
    readonly roundTripMs: number;
    readonly segmentBytes: number;
    readonly acknowledge: (acknowledgement: Acknowledgement) => void;
    readonly unread: () => number;
  }) {
    this.#queue = queue;
    this.#roundTripMs = roundTripMs;
    this.#acknowledge = acknowledge;
    this.#unread = unread;
    this.window = new ReceiveWindow(roundTripMs, segmentBytes);
  }

  /** Returns the end of the window; it never goes back. */
  windowEnd(): number {
    const fresh = this.next + this.window.segments(this.#unread());
    return this.#windowEnd = Math.max(this.#windowEnd, fresh);
  }

  /** A segment has arrived; returns the number of segments that are in order now and were not before. */
  take(segment: number): number {
    if (segment < this.next || this.#early[segment & MASK] === 1) {
      this.#isDuplicate = true;
      this.flush();
      return 0;
    }
    if (segment > this.next) {
      this.#early[segment & MASK] = 1;
      this.#earlyCount++;
      this.#arrived.push(segment);
      this.#takeOutOfOrder();
      return 0;
    }
    const before = this.next++;
    const hadEarly = this.#earlyCount > 0;
    for (; this.#early[this.next & MASK] === 1; this.next++) {
      this.#early[this.next & MASK] = 0;
      this.#earlyCount--;
    }
    this.#unacknowledged += this.next - before;
    if (hadEarly) this.#outOfOrder = 0;
    if (hadEarly || this.#quick > 0) this.flush();
    else this.#flushAt(this.#queue.now + (this.#unacknowledged >= 2 ? WAKE_MS : DELAY_MS));
    return this.next - before;
  }

  /** Sends the acknowledgement that waits, if one does. */
  flushWaiting(): void {
    if (this.#dueAt < Infinity) this.flush();
  }

  /** Sends an acknowledgement. */
  flush(): void {
    this.#dueAt = Infinity;
    this.#unacknowledged = 0;
    if (this.#quick > 0) this.#quick--;
    const acknowledgement = {
      next: this.next,
      arrived: this.#arrived,
      windowEnd: this.windowEnd(),
      isDuplicate: this.#isDuplicate,
    };
    this.#isDuplicate = false;
    if (this.#arrived.length > 0) this.#arrived = [];
    this.#acknowledge(acknowledgement);
  }

  /** An acknowledgement was lost on its way: the next one tells what it would have told. */
  lost({ arrived }: Acknowledgement): void {
    this.#arrived.push(...arrived);
  }

  /** Bytes were read: tells the sender where that opens the window. */
  opened(): void {
    const before = this.#windowEnd - this.next;
    const fresh = this.window.segments(this.#unread());
    if (fresh > 0 && fresh >= 2 * before && fresh > before) this.flush();
  }

  #takeOutOfOrder(): void {
    if (this.#outOfOrder < QUICK_OUT_OF_ORDER) {
      this.#outOfOrder++;
      return this.flush();
    }
    this.#flushAt(this.#queue.now + Math.min(LONGEST_WAIT_MS, WAIT_PART * this.#roundTripMs));
  }

  #flushAt(at: number): void {
    this.#dueAt = Math.min(this.#dueAt, at);
    if (this.#dueAt >= this.#alarmAt) return;
    const alarmAt = this.#alarmAt = this.#dueAt;
    this.#queue.at(alarmAt, () => {
      if (this.#alarmAt !== alarmAt) return;
      this.#alarmAt = Infinity;
      if (this.#dueAt <= this.#queue.now) this.flush();
      else if (this.#dueAt < Infinity) this.#flushAt(this.#dueAt);
    });
  }
}

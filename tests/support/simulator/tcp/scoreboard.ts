/**
 * What a sender knows of the segments under way: when each was sent, which have arrived, and which
 * are lost, by time as in RACK (RFC 8985): a segment is lost if one that was sent later has arrived,
 * once three have arrived out of order, and else a quarter of a round trip later. Segments are numbered from
 * 0; the network keeps their order. Times are in milliseconds. It reads no clock.
 *
 * @module
 */

import { Fifo } from "./fifo.ts";

/** A power of two above the maximum number of segments under way. */
const TABLE = 4096;
const MASK = TABLE - 1;

/** States of a segment, which can be combined. */
const ARRIVED = 1;
const LOST = 2;
/** It was sent again, and that copy is under way. */
const REPEATED = 4;
/** It was sent more than once. */
const WAS_REPEATED = 8;

/** Segments that arrived out of order before a gap counts as a loss at once. */
const REORDERING = 3;

/** What an acknowledgement brings. */
export interface Acknowledgement {
  /** The next segment in order that the receiver waits for. */
  readonly next: number;
  /** Segments after it that have arrived since the acknowledgement before. */
  readonly arrived: readonly number[];
  /** Where the receiver's window ends. */
  readonly windowEnd: number;
  /** Whether it answers a segment that had arrived before. */
  readonly isDuplicate: boolean;
}

/** Outcome of an acknowledgement. */
export interface Delivered {
  /** Number of segments of which it tells that they have arrived. */
  count: number;
  /** Whether the first missing segment is a later one now. */
  isForward: boolean;
  /** Round trip of the oldest of them that was sent once; `undefined` if there is none. */
  oldestMs: number | undefined;
  /** Round trip of the latest of them that was sent once. */
  latestMs: number | undefined;
}

export class Scoreboard {
  readonly #sentAt = new Float64Array(TABLE);
  readonly #states = new Uint8Array(TABLE);
  /** The first segment that is not acknowledged. */
  first = 0;
  /** The next segment to send. */
  next = 0;
  #arrivedCount = 0;
  #lostCount = 0;
  #repeatedCount = 0;
  /** Copies under way, in the order in which they were sent. */
  readonly #copies = new Fifo<{ readonly segment: number; readonly sentAt: number }>();
  /** All segments before it that were sent once have been looked at by {@linkcode detectLosses}. */
  #judged = 0;
  /** No lost segment before it is to be sent again. */
  #repeatFrom = 0;
  /** When the latest segment that has arrived was sent, which one it was, and its round trip. */
  #latestSentAt = -Infinity;
  #latest = -1;
  #latestTripMs = 0;
  #leastTripMs = Infinity;

  /** Number of segments that the network may still carry. */
  get inFlight(): number {
    return this.next - this.first - this.#arrivedCount - this.#lostCount + this.#repeatedCount;
  }

  /** Number of segments that are not acknowledged in order. */
  get outstanding(): number {
    return this.next - this.first;
  }

  /** When the first segment that is not acknowledged was sent last. */
  get firstSentAt(): number {
    return this.#sentAt[this.first & MASK]!;
  }

  /** The round trip of the handshake was measured. */
  open(roundTripMs: number): void {
    this.#leastTripMs = roundTripMs;
  }

  /** The next segment is sent; returns its number. */
  send(now: number): number {
    const segment = this.next++;
    this.#sentAt[segment & MASK] = now;
    this.#states[segment & MASK] = 0;
    return segment;
  }

  /** A segment is sent again. */
  repeat(segment: number, now: number): void {
    const at = segment & MASK;
    this.#sentAt[at] = now;
    if ((this.#states[at]! & REPEATED) === 0) this.#repeatedCount++;
    if ((this.#states[at]! & LOST) === 0) {
      this.#states[at]! |= LOST;
      this.#lostCount++;
    }
    this.#states[at]! |= REPEATED | WAS_REPEATED;
    this.#copies.push({ segment, sentAt: now });
  }

  /** Returns the first lost segment that is to be sent again; `undefined` if there is none. */
  nextLost(): number | undefined {
    if (this.#lostCount <= this.#repeatedCount) return undefined;
    let segment = Math.max(this.#repeatFrom, this.first);
    while (segment < this.next && (this.#states[segment & MASK]! & (LOST | REPEATED)) !== LOST) {
      segment++;
    }
    this.#repeatFrom = segment;
    return segment < this.next ? segment : undefined;
  }

  /** An acknowledgement has come. */
  acknowledge({ next, arrived }: Acknowledgement, now: number): Delivered {
    const delivered: Delivered = {
      count: 0,
      isForward: next > this.first,
      oldestMs: undefined,
      latestMs: undefined,
    };
    for (; this.first < next; this.first++) {
      const at = this.first & MASK;
      if ((this.#states[at]! & ARRIVED) === 0) this.#arrive(this.first, now, delivered);
      this.#arrivedCount--;
    }
    for (const segment of arrived) {
      if (segment < this.first || (this.#states[segment & MASK]! & ARRIVED) !== 0) continue;
      this.#arrive(segment, now, delivered);
    }
    return delivered;
  }

  #arrive(segment: number, now: number, delivered: Delivered): void {
    const at = segment & MASK;
    const state = this.#states[at]!;
    const sentAt = this.#sentAt[at]!;
    const tripMs = now - sentAt;
    const isRepeated = (state & WAS_REPEATED) !== 0;
    if (!isRepeated) {
      delivered.oldestMs ??= tripMs;
      delivered.latestMs = tripMs;
      this.#leastTripMs = Math.min(this.#leastTripMs, tripMs);
    }
    // A copy cannot have come back so soon: it was the original that arrived.
    const isOriginal = isRepeated && tripMs < this.#leastTripMs;
    if (!isOriginal && isLater(sentAt, segment, this.#latestSentAt, this.#latest)) {
      this.#latestSentAt = sentAt;
      this.#latest = segment;
      this.#latestTripMs = tripMs;
    }
    if ((state & LOST) !== 0) this.#lostCount--;
    if ((state & REPEATED) !== 0) this.#repeatedCount--;
    this.#states[at] = ARRIVED | (state & WAS_REPEATED);
    this.#arrivedCount++;
    delivered.count++;
  }

  /**
   * Finds the segments that are lost; returns their number, and when it has to look again, if some
   * may only be late.
   */
  detectLosses(now: number, { isRecovering, roundTripMs }: {
    readonly isRecovering: boolean;
    readonly roundTripMs: number;
  }): { readonly count: number; readonly againAt: number } {
    const isSure = isRecovering || this.#arrivedCount >= REORDERING;
    const patienceMs = isSure ? 0 : Math.min(this.#leastTripMs / 4, roundTripMs / 8);
    let count = 0;
    const isLost = (segment: number, sentAt: number) =>
      isLater(this.#latestSentAt, this.#latest, sentAt, segment) &&
      now >= sentAt + this.#latestTripMs + patienceMs;
    for (let copy; (copy = this.#copies.first) !== undefined; this.#copies.shift()) {
      const { segment, sentAt } = copy;
      const at = segment & MASK;
      const isCurrent = segment >= this.first && this.#sentAt[at] === sentAt &&
        (this.#states[at]! & REPEATED) !== 0;
      if (!isCurrent) continue;
      if (!isLost(segment, sentAt)) break;
      this.#loseCopy(segment);
      count++;
    }
    this.#judged = Math.max(this.#judged, this.first);
    for (; this.#judged < this.next; this.#judged++) {
      const at = this.#judged & MASK;
      if (this.#states[at] !== 0) continue;
      const sentAt = this.#sentAt[at]!;
      if (!isLost(this.#judged, sentAt)) {
        if (!isLater(this.#latestSentAt, this.#latest, sentAt, this.#judged)) break;
        return { count, againAt: sentAt + this.#latestTripMs + patienceMs };
      }
      this.#lose(this.#judged);
      count++;
    }
    return { count, againAt: Infinity };
  }

  /** A retransmission timeout: all segments are lost, but those that were sent a moment ago. */
  loseAll(now: number): void {
    for (let segment = this.first; segment < this.next; segment++) {
      const at = segment & MASK;
      if ((this.#states[at]! & ARRIVED) !== 0) continue;
      const isRecent = now < this.#sentAt[at]! + this.#latestTripMs;
      if (segment > this.first && isRecent) continue;
      if ((this.#states[at]! & REPEATED) !== 0) this.#loseCopy(segment);
      else if ((this.#states[at]! & LOST) === 0) this.#lose(segment);
    }
    this.#repeatFrom = this.first;
  }

  #lose(segment: number): void {
    this.#states[segment & MASK]! |= LOST;
    this.#lostCount++;
    this.#repeatFrom = Math.min(this.#repeatFrom, segment);
  }

  #loseCopy(segment: number): void {
    this.#states[segment & MASK]! &= ~REPEATED;
    this.#repeatedCount--;
    this.#repeatFrom = Math.min(this.#repeatFrom, segment);
  }
}

/** Reports whether a segment was sent after another one. */
function isLater(sentAt: number, segment: number, otherAt: number, other: number): boolean {
  return sentAt > otherAt || (sentAt === otherAt && segment > other);
}

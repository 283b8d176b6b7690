/**
 * A drop-tail queue in front of a link, in virtual time: a packet that does not fit is dropped; any
 * other leaves when the one before it has left and its own length has passed at the link's rate. When
 * it leaves is known at once, because the rates of a link are known in advance.
 *
 * @module
 */

import type { RateTimeline } from "../rate_timeline.ts";
import { Fifo } from "./fifo.ts";

/** Minimum size of a queue by default, in bytes. */
const LEAST_QUEUE = 64 * 1024;

/** Returns the usual size of a queue: what the link sends in one round trip, at least 64 KiB. */
export function usualQueueBytes(bytesPerSecond: number, roundTripMs: number): number {
  return Math.max(LEAST_QUEUE, bytesPerSecond * roundTripMs / 1000);
}

export class DropTailQueue {
  readonly #rates: RateTimeline;
  readonly #limit: number;
  /** The packets in the queue, with the one that is being sent. */
  readonly #packets = new Fifo<{ readonly bytes: number; readonly doneAt: number }>();
  #queued = 0;
  #doneAt = 0;
  /** Number of packets that were dropped. */
  drops = 0;
  /** Time that was spent sending, in milliseconds. */
  busyMs = 0;
  /** Maximum number of bytes in the queue. */
  peakBytes = 0;

  constructor(rates: RateTimeline, limitBytes: number) {
    this.#rates = rates;
    this.#limit = limitBytes;
  }

  /** Takes a packet at `now`; returns when it will have been sent, `undefined` if it is dropped. */
  enqueue(bytes: number, now: number): number | undefined {
    for (let first; (first = this.#packets.first) !== undefined && first.doneAt <= now;) {
      this.#queued -= first.bytes;
      this.#packets.shift();
    }
    if (this.#queued + bytes > this.#limit) {
      this.drops++;
      return undefined;
    }
    const startAt = Math.max(now, this.#doneAt);
    const doneAt = this.#rates.finishAt(startAt, bytes);
    this.#doneAt = doneAt;
    this.busyMs += doneAt - startAt;
    this.#queued += bytes;
    this.peakBytes = Math.max(this.peakBytes, this.#queued);
    this.#packets.push({ bytes, doneAt });
    return doneAt;
  }
}

/**
 * The consumer of a simulated download: it takes the bytes that are in order, at its own rate, which may
 * change and be 0 for a while, and measures when they come.
 *
 * @module
 */

import type { EventQueue } from "./event_queue.ts";
import type { DeliveryPoint } from "./measures.ts";
import { type RateChange, RateTimeline } from "./rate_timeline.ts";

/** What a consumer with a maximum rate takes at once, in bytes. */
const PIECE = 64 * 1024;

/** Options of a consumer. */
export interface ConsumerOptions {
  readonly queue: EventQueue;
  /** Maximum rate; `Infinity` for none. */
  readonly bytesPerSecond: number;
  /** Changes of the rate in order of time; 0 is a pause. @default none */
  readonly ratesAt?: readonly RateChange[] | undefined;
  /** When it takes nothing, as the whole process stands still. @default never */
  readonly standstills?: { readonly isNow: boolean } | undefined;
  /** Returns how many bytes are in order. */
  readonly ready: () => number;
  /** Called with the bytes that it took. */
  readonly consumed: (bytes: number) => void;
}

export class Consumer {
  readonly #options: ConsumerOptions;
  readonly #rates: RateTimeline;
  /** Bytes ready in order over time, at most one point per millisecond. */
  readonly points: DeliveryPoint[] = [];
  #ready = 0;
  #consumed = 0;
  #isBusy = false;
  #lastByteMs = 0;
  firstByteMs = Infinity;
  longestStallMs = 0;
  /** Nothing is taken before the mirrors have agreed on what the file is. */
  isOpen = false;

  constructor(options: ConsumerOptions) {
    this.#options = options;
    this.#rates = new RateTimeline(options.bytesPerSecond, options.ratesAt);
  }

  /** Takes what is in order, if it is ready for it. */
  take(): void {
    if (!this.isOpen || this.#options.standstills?.isNow) return;
    this.#notePoint();
    const ready = this.#ready - this.#consumed;
    if (ready <= 0 || this.#isBusy) return;
    const { queue, consumed } = this.#options;
    const { now } = queue;
    const rate = this.#rates.at(now);
    if (rate === 0) return this.#goOnAt(this.#rates.flowsFrom(now));
    const bytes = rate === Infinity ? ready : Math.min(ready, PIECE);
    if (this.firstByteMs === Infinity) this.firstByteMs = now;
    else this.longestStallMs = Math.max(this.longestStallMs, now - this.#lastByteMs);
    this.#lastByteMs = now;
    this.#consumed += bytes;
    if (rate !== Infinity) this.#goOnAt(this.#rates.finishAt(now, bytes));
    consumed(bytes);
  }

  /** What was ready from the byte `from` on is not any more: it comes again. */
  forgot(from: number): void {
    if (from < this.#consumed) throw new Error("bytes are forgotten that were delivered");
    this.#ready = Math.min(this.#ready, from);
  }

  /** Takes nothing until `at`. */
  #goOnAt(at: number): void {
    this.#isBusy = true;
    this.#options.queue.at(at, () => {
      this.#isBusy = false;
      this.take();
    });
  }

  #notePoint(): void {
    const ready = this.#options.ready();
    if (ready === this.#ready) return;
    if (ready < this.#ready) throw new Error("the front went back though bytes were delivered");
    this.#ready = ready;
    const { now } = this.#options.queue;
    const last = this.points.at(-1)?.[0] ?? -1;
    if (Math.floor(last * 1000) === Math.floor(now)) this.points.pop();
    this.points.push([now / 1000, ready]);
  }
}

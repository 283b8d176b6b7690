/**
 * The consumer of a simulated download: it takes the bytes that are in order, at its own rate, and
 * measures when they come.
 *
 * @module
 */

import type { EventQueue } from "./event_queue.ts";
import type { DeliveryPoint } from "./measures.ts";

/** What a consumer with a maximum rate takes at once, in bytes. */
const PIECE = 64 * 1024;

/** Options of a consumer. */
export interface ConsumerOptions {
  readonly queue: EventQueue;
  /** Maximum rate; `Infinity` for none. */
  readonly bytesPerSecond: number;
  /** Returns how many bytes are in order. */
  readonly ready: () => number;
  /** Called with the bytes that it took. */
  readonly consumed: (bytes: number) => void;
}

export class Consumer {
  readonly #options: ConsumerOptions;
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
  }

  /** Takes what is in order, if it is ready for it. */
  take(): void {
    if (!this.isOpen) return;
    this.#notePoint();
    const ready = this.#ready - this.#consumed;
    if (ready <= 0 || this.#isBusy) return;
    const { queue, bytesPerSecond, consumed } = this.#options;
    const bytes = bytesPerSecond === Infinity ? ready : Math.min(ready, PIECE);
    const { now } = queue;
    if (this.firstByteMs === Infinity) this.firstByteMs = now;
    else this.longestStallMs = Math.max(this.longestStallMs, now - this.#lastByteMs);
    this.#lastByteMs = now;
    this.#consumed += bytes;
    if (bytesPerSecond !== Infinity) {
      this.#isBusy = true;
      queue.after(bytes * 1000 / bytesPerSecond, () => {
        this.#isBusy = false;
        this.take();
      });
    }
    consumed(bytes);
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

/**
 * A bottleneck that several links share, such as the client's access link: a strict server in series
 * with theirs, which serves whoever has had the least (start-time fair queueing).
 *
 * @module
 */

import type { EventQueue } from "./event_queue.ts";

interface Source {
  /** How much it has been served, in bytes; what it did not ask for while others did is lost to it. */
  served: number;
  readonly waiting: { readonly bytes: number; readonly carried: () => void }[];
}

/** A bottleneck in virtual time. */
export class Bottleneck {
  readonly #queue: EventQueue;
  readonly #bytesPerSecond: number;
  readonly #sources = new Map<unknown, Source>();
  #busy = false;
  /** How much the source that was served last had been served before. */
  #level = 0;

  constructor(queue: EventQueue, bytesPerSecond: number) {
    this.#queue = queue;
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Carries bytes that come from `from`, and calls `carried` when they are through. */
  carry(from: unknown, bytes: number, carried: () => void): void {
    const source = this.#sources.get(from) ?? { served: 0, waiting: [] };
    this.#sources.set(from, source);
    if (source.waiting.length === 0) source.served = Math.max(source.served, this.#level);
    source.waiting.push({ bytes, carried });
    this.#serve();
  }

  #serve(): void {
    if (this.#busy) return;
    let next: Source | undefined;
    for (const source of this.#sources.values()) {
      if (source.waiting.length === 0) continue;
      if (next === undefined || source.served < next.served) next = source;
    }
    if (next === undefined) return;
    const { bytes, carried } = next.waiting.shift()!;
    this.#level = next.served;
    next.served += bytes;
    this.#busy = true;
    this.#queue.after(bytes * 1000 / this.#bytesPerSecond, () => {
      this.#busy = false;
      carried();
      this.#serve();
    });
  }
}

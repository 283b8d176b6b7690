/**
 * A bottleneck shared by several links, such as the client's access link: a strict server in series
 * with them that serves the source with the least service first (start-time fair queueing).
 *
 * @module
 */

import type { EventQueue } from "./event_queue.ts";

interface Source {
  /** Bytes served; a source without demand does not accumulate credit. */
  served: number;
  readonly waiting: { readonly bytes: number; readonly carried: () => void }[];
}

/** A bottleneck in virtual time. */
export class Bottleneck {
  readonly #queue: EventQueue;
  readonly #bytesPerSecond: number;
  readonly #sources = new Map<unknown, Source>();
  #busy = false;
  /** Service of the last source before it was served. */
  #level = 0;

  constructor(queue: EventQueue, bytesPerSecond: number) {
    this.#queue = queue;
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Carries bytes of the source `from`; calls `carried` when they have passed. */
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

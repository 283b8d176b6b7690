/**
 * A wire: everything that is sent arrives after a delay, in order. Arrivals that follow each other
 * closely arrive together, so that one event serves several packets.
 *
 * @module
 */

import type { EventQueue } from "../event_queue.ts";
import { Fifo } from "./fifo.ts";

/** Least time between two deliveries, in milliseconds. */
const TICK_MS = 0.2;

export class Wire<Item> {
  readonly #queue: EventQueue;
  readonly #arrive: (item: Item) => void;
  readonly #under = new Fifo<{ readonly item: Item; readonly dueAt: number }>();
  readonly #deliver = () => this.#deliverDue();
  #lastDueAt = 0;
  #servedAt = -Infinity;

  constructor(queue: EventQueue, arrive: (item: Item) => void) {
    this.#queue = queue;
    this.#arrive = arrive;
  }

  /** Sends an item that arrives at `dueAt`, and not before those that were sent earlier. */
  send(item: Item, dueAt: number): void {
    if (dueAt === Infinity) return;
    this.#lastDueAt = Math.max(this.#lastDueAt, dueAt);
    this.#under.push({ item, dueAt: this.#lastDueAt });
    if (this.#under.length === 1) this.#schedule();
  }

  #schedule(): void {
    const { dueAt } = this.#under.first!;
    this.#queue.at(Math.max(dueAt, this.#servedAt + TICK_MS, this.#queue.now), this.#deliver);
  }

  #deliverDue(): void {
    const { now } = this.#queue;
    this.#servedAt = now;
    // The first one stays until the end: what is sent meanwhile schedules nothing.
    let count = 0;
    for (;;) {
      this.#arrive(this.#under.first!.item);
      count++;
      this.#under.shift();
      const next = this.#under.first;
      if (next === undefined) return;
      if (next.dueAt > now) break;
    }
    this.#schedule();
  }
}

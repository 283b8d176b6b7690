/**
 * A simulated process that stands still for a while, as it is busy or stopped, or the machine is asleep:
 * what happens meanwhile is noticed afterwards.
 *
 * @module
 */

import type { EventQueue } from "./event_queue.ts";

/** A time at which the process stands still, and for how long. */
export type Standstill = readonly [fromSeconds: number, seconds: number];

/** A process stood still if its alarm rings later than this, in milliseconds. */
const LATE_MS = 50;

/** Options of {@linkcode Standstills}. */
export interface StandstillOptions {
  /** Returns when the alarm of the process rings next, in milliseconds. */
  readonly wakeAt: () => number;
  /** Called first at the end of a standstill, with how long it was as far as the alarm shows. */
  readonly stood: (ms: number) => void;
  /** Called when everything was noticed. */
  readonly after: () => void;
}

export class Standstills {
  readonly #queue: EventQueue;
  readonly #unnoticed: (() => void)[] = [];
  #until = 0;

  constructor(queue: EventQueue, all: readonly Standstill[], options: StandstillOptions) {
    const { wakeAt, stood, after } = options;
    this.#queue = queue;
    for (const [from, seconds] of all) {
      const until = 1000 * (from + seconds);
      queue.at(1000 * from, () => this.#until = until);
      queue.at(until, () => {
        const ms = Math.min(1000 * seconds, until - wakeAt());
        if (ms > LATE_MS) stood(ms);
        for (const notice of this.#unnoticed.splice(0)) notice();
        after();
      });
    }
  }

  /** Whether the process stands still now. */
  get isNow(): boolean {
    return this.#queue.now < this.#until;
  }

  /** Runs what the process does now, or once it does not stand still any more. */
  notice(action: () => void): void {
    if (this.isNow) this.#unnoticed.push(action);
    else action();
  }
}

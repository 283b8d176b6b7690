/**
 * The clock of all downloads of the process. Like `performance.now()` it never goes back; but it counts the
 * time for which the machine was asleep, too, which that does not do everywhere: servers wait no longer
 * for that.
 *
 * @module
 */

/** The date runs ahead of the time by so much at once only after a sleep, or if it was set: milliseconds. */
const LEAST_SLEEP_MS = 5000;

export interface ClockOptions {
  /** Returns a time that never goes back, in milliseconds. @default {performance.now} */
  readonly time?: (() => number) | undefined;
  /** Returns milliseconds since the epoch. @default {Date.now} */
  readonly date?: (() => number) | undefined;
}

export class Clock {
  readonly #time: () => number;
  readonly #date: () => number;
  /** The date less the time, at the last look. */
  #difference: number;
  #asleepMs = 0;

  constructor(
    { time = () => performance.now(), date = () => Date.now() }: ClockOptions = {},
  ) {
    this.#time = time;
    this.#date = date;
    this.#difference = date() - time();
  }

  /** Returns the time, in milliseconds. */
  now(): number {
    const time = this.#time();
    const difference = this.#date() - time;
    const jumpMs = difference - this.#difference;
    if (jumpMs >= LEAST_SLEEP_MS) this.#asleepMs += jumpMs;
    this.#difference = difference;
    return time + this.#asleepMs;
  }
}

/** One for the whole process, as its downloads share what they know of hosts. */
export const clock = new Clock();

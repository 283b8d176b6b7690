/**
 * The rate of a link over time: piecewise constant, 0 for a blackout, during which bytes in flight
 * wait. Pure.
 *
 * @module
 */

import { gaussian } from "../random.ts";

/** The rate from a time on. */
export type RateChange = readonly [seconds: number, bytesPerSecond: number];

interface Stretch {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly bytesPerSecond: number;
}

/** The rate of a link over time. Times are in milliseconds. */
export class RateTimeline {
  readonly #stretches: readonly Stretch[];
  /** Index of the last lookup: the next one is mostly for a time soon after. */
  #latest = 0;

  /** `changes` are in order of time; the rate is `bytesPerSecond` before the first of them. */
  constructor(bytesPerSecond: number, changes: readonly RateChange[] = []) {
    const all: RateChange[] = [[0, bytesPerSecond], ...changes];
    this.#stretches = all.map(([seconds, rate], index) => ({
      fromMs: seconds * 1000,
      untilMs: (all[index + 1]?.[0] ?? Infinity) * 1000,
      bytesPerSecond: rate,
    }));
  }

  /** Returns the rate at a time. */
  at(ms: number): number {
    return this.#stretches[this.#indexAt(ms)]!.bytesPerSecond;
  }

  /** Returns when `bytes` have passed that start at `fromMs`; `Infinity` for never. */
  finishAt(fromMs: number, bytes: number): number {
    let left = bytes;
    let at = fromMs;
    for (let index = this.#indexAt(fromMs); left > 0; index++) {
      const { untilMs, bytesPerSecond } = this.#stretches[index]!;
      const endAt = at + left * 1000 / bytesPerSecond;
      if (endAt <= untilMs) return endAt;
      left -= bytesPerSecond * (untilMs - at) / 1000;
      at = untilMs;
    }
    return at;
  }

  /** Returns the next time at or after `ms` with a positive rate; `Infinity` for never. */
  flowsFrom(ms: number): number {
    const index = this.#indexAt(ms);
    const next = this.#stretches.slice(index).find(({ bytesPerSecond }) => bytesPerSecond > 0);
    return next === undefined ? Infinity : Math.max(ms, next.fromMs);
  }

  /** Returns how many bytes can pass from `fromMs` to `untilMs`. */
  bytesBetween(fromMs: number, untilMs: number): number {
    let bytes = 0;
    for (let index = this.#indexAt(fromMs), at = fromMs; at < untilMs; index++) {
      const stretch = this.#stretches[index]!;
      const until = Math.min(untilMs, stretch.untilMs);
      bytes += stretch.bytesPerSecond * (until - at) / 1000;
      at = until;
    }
    return bytes;
  }

  #indexAt(ms: number): number {
    const before = ms < this.#stretches[this.#latest]!.fromMs;
    let index = before ? 0 : this.#latest;
    while (this.#stretches[index]!.untilMs <= ms) index++;
    this.#latest = index;
    return index;
  }
}

/** Options of {@linkcode wanderingRates}. */
export interface WanderOptions {
  /** Duration; afterwards the rate is the mean. */
  readonly seconds?: number;
  /** Standard deviation, as a share of the mean. */
  readonly variation?: number;
  /** Time constant of the correlation. */
  readonly correlationSeconds?: number;
  /** Time between changes. */
  readonly stepSeconds?: number;
  /** Returns a number in [0, 1). */
  readonly random: () => number;
}

/** Minimum rate, as a share of the mean. */
const LEAST_SHARE = 0.05;

/** Returns changes of a rate that wanders about its mean: a first-order autoregressive process. */
export function wanderingRates(bytesPerSecond: number, options: WanderOptions): RateChange[] {
  const { seconds = 200, variation = 0.4, correlationSeconds = 1, stepSeconds = 0.1 } = options;
  const memory = Math.exp(-stepSeconds / correlationSeconds);
  const innovation = variation * Math.sqrt(1 - memory ** 2);
  const changes: RateChange[] = [];
  let deviation = variation * gaussian(options.random);
  for (let step = 0; step * stepSeconds < seconds; step++) {
    const share = Math.max(LEAST_SHARE, 1 + deviation);
    changes.push([step * stepSeconds, Math.round(bytesPerSecond * share)]);
    deviation = memory * deviation + innovation * gaussian(options.random);
  }
  return [...changes, [seconds, bytesPerSecond]];
}

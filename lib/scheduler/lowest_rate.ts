/**
 * Tells mirrors that are too slow to be of use: those that, while they have requests under way, bring
 * less than the lowest rate on average. Only time in which bytes could come counts; it is looked at
 * in slices. Pure: times are in milliseconds, and passed in.
 *
 * @module
 */

import { MirrorError } from "../errors.ts";
import type { LiveRequest } from "./mirror.ts";

/** The rate below which a mirror is given up. */
export interface LowestRate {
  /** Bytes per second. */
  bytesPerSecond: number;
  /**
   * Milliseconds over which the mean is taken, of the time in which the mirror has requests under way.
   *
   * @default {30_000}
   */
  periodMs?: number | undefined;
}

/** A lowest rate with its default filled in. */
export type ResolvedLowestRate = { readonly [Key in keyof LowestRate]-?: number };

/** The time over which the mean is taken moves on by such a part of itself. */
const SLICES = 10;

/** A slice is over though so little of it is left, in milliseconds: numbers get rounded. */
const ROUNDING_MS = 1e-3;

/** A mirror, as far as it is watched. */
export interface WatchedMirror {
  readonly url: string;
  /** Bytes that came from it. */
  readonly bytes: number;
  readonly live: readonly Pick<LiveRequest, "kind" | "held" | "startedAt" | "dueAt">[];
}

/** What may hold the whole download back. */
export interface Restraints {
  /** Until when nothing may be asked for, because of the greatest rate. */
  readonly openAt: number;
  /** Whether there is no room for what a whole file's body brings. */
  readonly full: boolean;
}

/** Watches one mirror. */
export class SpeedWatch {
  readonly #lowest: ResolvedLowestRate;
  readonly #sliceMs: number;
  /** Bytes of the slices that are over, the latest last. */
  readonly #slices: number[] = [];
  #sliceAgeMs = 0;
  #sliceBytes = 0;
  #bytes = 0;
  #at = -Infinity;

  constructor(lowest: ResolvedLowestRate) {
    this.#lowest = lowest;
    this.#sliceMs = lowest.periodMs / SLICES;
  }

  /** The time since the last look, or `start()`, does not count. */
  excuse(mirror: WatchedMirror, now: number): void {
    this.#bytes = mirror.bytes;
    this.#at = now;
  }

  /**
   * Counts what came since the last look, while `mirror` and `restraints` were as they are now; says
   * how many bytes per second it has brought if that is too little.
   */
  look(mirror: WatchedMirror, restraints: Restraints, now: number): number | undefined {
    const from = Math.max(this.#at, busyFrom(mirror, restraints));
    this.#sliceBytes += mirror.bytes - this.#bytes;
    this.#sliceAgeMs += Math.max(0, now - from);
    this.excuse(mirror, now);
    let tooLittle: number | undefined;
    while (this.#sliceAgeMs >= this.#sliceMs - ROUNDING_MS) {
      this.#sliceAgeMs = Math.max(0, this.#sliceAgeMs - this.#sliceMs);
      this.#slices.push(this.#sliceBytes);
      this.#sliceBytes = 0;
      if (this.#slices.length > SLICES) this.#slices.shift();
      tooLittle = this.#verdict();
    }
    return tooLittle;
  }

  /** When the next look is due. */
  dueAt(mirror: WatchedMirror, restraints: Restraints): number {
    const from = Math.max(this.#at, busyFrom(mirror, restraints));
    return from + this.#sliceMs - this.#sliceAgeMs;
  }

  #verdict(): number | undefined {
    if (this.#slices.length < SLICES) return undefined;
    const bytes = this.#slices.reduce((sum, one) => sum + one);
    const rate = 1000 * bytes / this.#lowest.periodMs;
    return rate < this.#lowest.bytesPerSecond ? rate : undefined;
  }
}

/** From when on bytes could come; `Infinity` for never. */
function busyFrom({ live }: WatchedMirror, { openAt, full }: Restraints): number {
  let from = Infinity;
  for (const { kind, held, startedAt, dueAt } of live) {
    const whole = kind === "whole";
    if (held || (whole && full)) continue;
    // Under a limit little is asked for at a time, and the way there takes most of the time; but what
    // comes later than it should is the mirror's fault. A whole file is not even read.
    const heldUntil = whole ? openAt : Math.min(openAt, dueAt);
    from = Math.min(from, Math.max(startedAt, heldUntil));
  }
  return from;
}

/** The failure of a mirror that has brought too little. */
export function tooSlow(
  { url }: WatchedMirror,
  bytesPerSecond: number,
  lowest: ResolvedLowestRate,
): MirrorError {
  const facts = { mirror: url, phase: "body", reason: "timeout", retryable: false } as const;
  const message = `brought ${rateText(bytesPerSecond)} for ${lowest.periodMs / 1000} s, ` +
    `less than the lowest rate of ${rateText(lowest.bytesPerSecond)}`;
  return new MirrorError(message, facts);
}

/** Rounded down, so that what is less does not look the same. */
function rateText(bytesPerSecond: number): string {
  const [unit, size] = bytesPerSecond < 1e3
    ? ["B/s", 1] as const
    : bytesPerSecond < 1e6
    ? ["kB/s", 1e3] as const
    : ["MB/s", 1e6] as const;
  return `${Math.floor(10 * bytesPerSecond / size) / 10} ${unit}`;
}

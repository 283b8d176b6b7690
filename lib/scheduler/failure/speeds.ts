/**
 * Finds mirrors that are slower than the lowest rate (`--lowest-speed-limit`). Pure: times are in milliseconds,
 * and passed in.
 *
 * @module
 */

import { MirrorError } from "../../errors.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { DownloadState } from "../state.ts";
import type { DownloadView, RequestView } from "../view.ts";

/** The rate below which a mirror is dropped. */
export interface LowestRate {
  /** The rate, in bytes per second. */
  bytesPerSecond: number;
  /**
   * Period over which the rate is averaged, in milliseconds; only time in which the mirror has requests
   * under way counts.
   *
   * @default {30_000}
   */
  periodMs?: number | undefined;
}

/** A lowest rate with its default filled in. */
export type ResolvedLowestRate = { readonly [Key in keyof LowestRate]-?: number };

/** A look that is later than this means that the process stood still. */
const SUSPEND_MS = 500;

/** The period moves on by this part of itself. */
const SLICES = 10;

/** A slice ends though this much of it is left, in milliseconds: numbers are rounded. */
const ROUNDING_MS = 1e-3;

/** A mirror, as far as its speed is watched. */
export interface WatchedMirror {
  readonly url: string;
  readonly bytes: number;
  readonly live: readonly Pick<
    RequestView,
    "kind" | "held" | "isExhausted" | "startedAt" | "dueAt"
  >[];
}

/** What may hold back the whole download. */
type Restraints = Pick<DownloadView, "limit" | "windowIsFull">;

/**
 * Watches the speed of one mirror: whether, while it has requests under way, it delivers less than the
 * lowest rate on average. Only time in which bytes could arrive counts; it is measured in slices.
 */
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

  excuse(mirror: WatchedMirror, now: number): void {
    this.#bytes = mirror.bytes;
    this.#at = now;
  }

  /**
   * Counts what has arrived since the last look, while `mirror` and `restraints` were as they are now.
   * Returns the rate in bytes per second if that is too low.
   */
  look(mirror: WatchedMirror, restraints: Restraints, now: number): number | undefined {
    const from = Math.max(this.#at, busyFrom(mirror, restraints));
    this.#sliceBytes += mirror.bytes - this.#bytes;
    this.#sliceAgeMs += Math.max(0, now - from);
    this.excuse(mirror, now);
    let tooLow: number | undefined;
    while (this.#sliceAgeMs >= this.#sliceMs - ROUNDING_MS) {
      this.#sliceAgeMs = Math.max(0, this.#sliceAgeMs - this.#sliceMs);
      this.#slices.push(this.#sliceBytes);
      this.#sliceBytes = 0;
      if (this.#slices.length > SLICES) this.#slices.shift();
      tooLow = this.#rateIfTooLow();
    }
    return tooLow;
  }

  /** Returns when the next look is due. */
  dueAt(mirror: WatchedMirror, restraints: Restraints): number {
    const from = Math.max(this.#at, busyFrom(mirror, restraints));
    return from + this.#sliceMs - this.#sliceAgeMs;
  }

  #rateIfTooLow(): number | undefined {
    if (this.#slices.length < SLICES) return undefined;
    const bytes = this.#slices.reduce((sum, one) => sum + one);
    const rate = 1000 * bytes / this.#lowest.periodMs;
    return rate < this.#lowest.bytesPerSecond ? rate : undefined;
  }
}

/** Returns from when on bytes could arrive; `Infinity` for never. */
function busyFrom({ live }: WatchedMirror, { limit, windowIsFull }: Restraints): number {
  let from = Infinity;
  for (const { kind, held, isExhausted, startedAt, dueAt } of live) {
    const whole = kind === "whole";
    if (held || isExhausted || (whole && windowIsFull)) continue;
    // Under a limit little is requested at a time, and round trips take most of the time; but what
    // arrives later than expected is the mirror's fault. A whole file is not even read.
    const heldUntil = whole ? limit.openAt : Math.min(limit.openAt, dueAt);
    from = Math.min(from, Math.max(startedAt, heldUntil));
  }
  return from;
}

/** Returns the failure of a mirror that is too slow. */
export function tooSlow(
  { url }: WatchedMirror,
  bytesPerSecond: number,
  lowest: ResolvedLowestRate,
): MirrorError {
  const facts = { mirror: url, phase: "body", reason: "timeout", retryable: false } as const;
  const message = `delivered ${rateText(bytesPerSecond)} for ${lowest.periodMs / 1000} s, ` +
    `less than the lowest rate of ${rateText(lowest.bytesPerSecond)}`;
  return new MirrorError(message, facts);
}

/** Returns a rate in words, rounded down, so that a lower one never looks the same. */
function rateText(bytesPerSecond: number): string {
  const [unit, size] = bytesPerSecond < 1e3
    ? ["B/s", 1] as const
    : bytesPerSecond < 1e6
    ? ["kB/s", 1e3] as const
    : ["MB/s", 1e6] as const;
  return `${Math.floor(10 * bytesPerSecond / size) / 10} ${unit}`;
}

/** Watches the speeds of all mirrors of a download. */
export class SpeedWatches {
  readonly #state: DownloadState;
  readonly #lowestRate: ResolvedLowestRate | undefined;
  /** In the order of the mirrors; empty without a lowest rate. */
  readonly #watches: SpeedWatch[] = [];

  /** Watches nothing where there is no lowest rate. */
  constructor(state: DownloadState, lowestRate: ResolvedLowestRate | undefined) {
    this.#state = state;
    this.#lowestRate = lowestRate;
    this.#watchAdded();
  }

  /** Returns the mirrors that are too slow, and their failures. Must be called at every event. */
  tooSlow(now: number): readonly (readonly [Mirror, MirrorError])[] {
    const lowest = this.#lowestRate;
    if (lowest === undefined) return [];
    this.#watchAdded();
    const { mirrors } = this.#state;
    // The process stood still, or has just started.
    const late = now - this.dueAt > SUSPEND_MS;
    return this.#watches.flatMap((watch, index) => {
      const mirror = mirrors[index]!;
      if (late) watch.excuse(mirror, now);
      const rate = watch.look(mirror, this.#state, now);
      if (rate === undefined || mirror.state.type === "dropped") return [];
      return [[mirror, tooSlow(mirror, rate, lowest)] as const];
    });
  }

  /** When the next look is due, in milliseconds; `Infinity` for never. */
  get dueAt(): number {
    const { mirrors } = this.#state;
    return this.#watches.reduce(
      (at, watch, index) => Math.min(at, watch.dueAt(mirrors[index]!, this.#state)),
      Infinity,
    );
  }

  /** Watches the mirrors that were added, too. */
  #watchAdded(): void {
    const lowest = this.#lowestRate;
    if (lowest === undefined) return;
    const added = this.#state.mirrors.slice(this.#watches.length);
    this.#watches.push(...added.map(() => new SpeedWatch(lowest)));
  }
}

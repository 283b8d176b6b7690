/**
 * What the refusals of one host have taught: how many requests it takes at once, how often, and for how
 * many bytes each should be. It is forgotten little by little. Pure: times are in milliseconds, and
 * passed in.
 *
 * @module
 */

import { Waiting } from "./excuses.ts";

/** Pauses after refusals in a row; they double. */
const PAUSE_MS = { busy: 100, pace: 250 } as const;
const LONGEST_PAUSE_MS = 15_000;
/** Without a refusal for this time, one more request at once is tried, and shorter ranges. */
export const FORGET_MS = 60_000;
/** A limit above this is none. */
const MOST_LEARNED = 64;
/** The shortest ranges once the pace of requests may be what a host limits. */
const LEAST_BYTES = 512 * 1024;
/** Each further refusal makes them longer by this factor. */
const GROWTH = 4;
/** Longer than every file. */
const ENDLESS = Number.MAX_SAFE_INTEGER;
/** Each refusal doubles the time between two requests, each accepted one shortens it a little. */
const FIRST_SPACING_MS = 50;
const LONGEST_SPACING_MS = 5000;
const SPACING_DECAY = 0.9;
const LEAST_SPACING_MS = 10;

/** A request that was refused. */
export interface Refusal {
  /** When it was sent. */
  readonly sentAt: number;
  /** What the server demands to wait, in milliseconds. */
  readonly retryAfterMs: number;
  /** The part of the pause that is left out, from 0 to 1. */
  readonly jitter: number;
  /** Number of requests that the server serves, where it keeps others waiting without an answer. */
  readonly served?: number | undefined;
}

/** What is known of a host. */
interface Lessons {
  /** The most requests at once; `Infinity` until it has refused one. */
  readonly limit: number;
  /** The most requests at once of which it accepted the last. */
  readonly accepted: number;
  /** The fewest bytes that are worth a request. */
  readonly leastBytes: number;
  /** Least time between two requests; 0 until it has refused one. It is searched for. */
  readonly spacingMs: number;
}

const NOTHING: Lessons = { limit: Infinity, accepted: 0, leastBytes: 0, spacingMs: 0 };

export class HostLessons {
  #known = NOTHING;
  #acceptedAt = -Infinity;
  #pausedUntil = -Infinity;
  #refusedAt = -Infinity;
  /** When it first refused a request though it served no other, since it last accepted one. */
  readonly #shut = new Waiting();
  /** Until when standstills of the process have been excused. */
  #excusedUntil = -Infinity;
  /** Refusals since the host last accepted a request. */
  #refusals = 0;
  /** What was known before these refusals, as long as all of them are those of one mirror. */
  #before: { readonly by: symbol; readonly known: Lessons } | undefined;

  /** The most requests at once; `Infinity` until the host has refused one. */
  get limit(): number {
    return this.#known.limit;
  }

  /** The fewest bytes that are worth a request. */
  get leastBytes(): number {
    return this.#known.leastBytes;
  }

  /** Least time between two requests; 0 until the host has refused one. */
  get spacingMs(): number {
    return this.#known.spacingMs;
  }

  /** Until when the host is left alone. */
  get pausedUntil(): number {
    return this.#pausedUntil;
  }

  /** Since when it has refused every request, though it served no other; `Infinity` if it does not. */
  get shutSince(): number {
    return this.#shut.since;
  }

  /**
   * Counts nothing of the last `ms` until `now`: meanwhile, the host was asked nothing. Each download of the
   * process says so.
   */
  excuse(ms: number, now: number): void {
    const from = Math.max(now - ms, this.#excusedUntil);
    this.#excusedUntil = now;
    this.#shut.excuse(now - from, now);
  }

  /** Returns the most requests at once of which the host has accepted the last within a minute. */
  accepted(now: number): number {
    return now < this.#acceptedAt + FORGET_MS ? this.#known.accepted : 0;
  }

  /** Returns when some of it will be forgotten; `Infinity` for never. */
  forgetsAt(now: number): number {
    const at = this.#refusedAt + FORGET_MS;
    return at > now ? at : Infinity;
  }

  /** Reports whether anything is known that says how to ask. */
  areOfUse(now: number): boolean {
    const { limit, leastBytes, spacingMs } = this.#known;
    return limit < Infinity || leastBytes > 0 || spacingMs > 0 || this.#pausedUntil > now;
  }

  /** Learns from a request that was accepted, and was one of `level` at once. */
  accept(level: number, now: number): void {
    this.#refusals = 0;
    this.#shut.end();
    this.#before = undefined;
    const { limit, accepted } = this.#known;
    const spacingMs = SPACING_DECAY * this.#known.spacingMs;
    const isMore = level >= accepted || now >= this.#acceptedAt + FORGET_MS;
    if (isMore) this.#acceptedAt = now;
    this.#known = {
      ...this.#known,
      limit: Math.max(limit, level),
      accepted: isMore ? level : accepted,
      spacingMs: spacingMs < LEAST_SPACING_MS ? 0 : spacingMs,
    };
  }

  /**
   * Learns from a request of the mirror `by` that was refused while the host was occupied by so many
   * others. Returns how long it is left alone, in milliseconds.
   */
  refuse(
    by: symbol,
    { sentAt, retryAfterMs, jitter }: Refusal,
    occupied: number,
    now: number,
  ): number {
    if (this.#refusals === 0) this.#before = { by, known: this.#known };
    else if (this.#before?.by !== by) this.#before = undefined;
    let { limit, accepted, leastBytes, spacingMs } = this.#known;
    if (occupied === 0) this.#shut.begin(now);
    if (occupied > 0) {
      limit = Math.min(limit, occupied);
      accepted = Math.min(accepted, occupied);
    }
    // What was sent before the last refusal tells nothing new.
    if (sentAt >= this.#refusedAt) {
      const longer = GROWTH * leastBytes;
      leastBytes = longer > ENDLESS / GROWTH ? ENDLESS : Math.max(LEAST_BYTES, longer);
      spacingMs = Math.min(LONGEST_SPACING_MS, Math.max(FIRST_SPACING_MS, 2 * spacingMs));
      this.#refusals++;
    }
    this.#known = { limit, accepted, leastBytes, spacingMs };
    this.#refusedAt = now;
    const first = occupied > 0 ? PAUSE_MS.busy : PAUSE_MS.pace;
    const backoffMs = Math.min(LONGEST_PAUSE_MS, first * 2 ** Math.min(20, this.#refusals - 1));
    // Those that it serves go on: what it demands is for requests beside them.
    const demandedMs = occupied > 0 ? 0 : retryAfterMs;
    const until = now + Math.max(demandedMs, backoffMs * (1 - jitter));
    this.#pausedUntil = Math.max(this.#pausedUntil, until);
    return this.#pausedUntil - now;
  }

  /** Forgets what the refusals since the last accepted request have taught, if all are those of `by`. */
  unlearn(by: symbol, now: number): void {
    if (this.#before?.by !== by) return;
    this.#known = this.#before.known;
    this.#before = undefined;
    this.#refusals = 0;
    this.#shut.end();
    this.#pausedUntil = now;
  }

  /** Forgets a part of what was learned, if it was learned long ago. */
  forget(now: number): void {
    // It may have served anyone meanwhile.
    if (now >= this.#pausedUntil + FORGET_MS) this.#shut.end();
    if (now < this.#refusedAt + FORGET_MS || this.#refusedAt === -Infinity) return;
    let { limit, leastBytes, spacingMs } = this.#known;
    limit = limit + 1 > MOST_LEARNED ? Infinity : limit + 1;
    leastBytes = leastBytes > LEAST_BYTES ? Math.floor(leastBytes / GROWTH) : 0;
    spacingMs = spacingMs > FIRST_SPACING_MS ? spacingMs / GROWTH : 0;
    this.#known = { ...this.#known, limit, leastBytes, spacingMs };
    const isForgotten = limit === Infinity && leastBytes === 0 && spacingMs === 0;
    this.#refusedAt = isForgotten ? -Infinity : now;
  }
}

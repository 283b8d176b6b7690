/**
 * One host: which mirrors have requests under way there, which ones wait for their turn, and when it may be
 * sent another request. A free slot is first for those that have waited longest. Pure: times are in
 * milliseconds, and passed in.
 *
 * @module
 */

import { FORGET_MS, HostLessons } from "./host_lessons.ts";

/** A free slot is kept for this time for those that have waited for it. */
const GRANT_MS = 250;
/** A download that waits for its turn tries all the same after this time, which doubles. */
const FIRST_TRIAL_MS = 2000;
const LONGEST_TRIAL_MS = 30_000;
/** A host may take this long to notice that a request was cancelled. */
const LINGER_MS = 1000;

/** One mirror of one download, as its host sees it. */
export interface Guest {
  /** Announces that it may be its turn. */
  readonly onTurn: () => void;
}

interface Waiting {
  readonly since: number;
  /** When it tries without a free slot. */
  trialAt: number;
  trialMs: number;
  /** Whether it did not take a slot that was kept for it: none is kept again. */
  missed: boolean;
}

/** What is known of one host. */
export class Host {
  readonly name: string;
  readonly lessons = new HostLessons();
  /** When it last delivered anything; `-Infinity` for never. */
  deliveredAt = -Infinity;
  /** Those that have requests under way, and how many. */
  readonly #live = new Map<Guest, number>();
  #liveRequests = 0;
  readonly #waiting = new Map<Guest, Waiting>();
  #sentAt = -Infinity;
  /** When a slot became free. */
  #freedAt = -Infinity;
  /** When requests were cancelled: the host may notice a little later. */
  #cancelledAt: number[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** When it may be sent another request. */
  get openAt(): number {
    return Math.max(this.lessons.pausedUntil, this.#sentAt + this.lessons.spacingMs);
  }

  /** Number of requests that are under way. */
  get liveRequests(): number {
    return this.#liveRequests;
  }

  /** Number of mirrors that have requests under way. */
  get users(): number {
    return this.#live.size;
  }

  /** Whether no request is under way, and no mirror waits. */
  get isUnused(): boolean {
    return this.#live.size === 0 && this.#waiting.size === 0;
  }

  /** Number of requests that the host may take for being under way. */
  occupied(now: number): number {
    this.#cancelledAt = this.#cancelledAt.filter((at) => now < at + LINGER_MS);
    return this.liveRequests + this.#cancelledAt.length;
  }

  /** Reports whether anything is known that a new host would not have. */
  isWorthKeeping(now: number): boolean {
    return !this.isUnused || this.lessons.areOfUse(now) || this.deliveredAt + FORGET_MS > now;
  }

  /** Returns how many more requests the host takes from a mirror now. */
  room(guest: Guest, now: number): number {
    const { lessons, liveRequests } = this;
    lessons.forget(now);
    if (now < this.openAt) return 0;
    const most = lessons.spacingMs > 0 ? 1 : Infinity;
    if (lessons.limit === Infinity) return most;
    const own = this.#live.get(guest) ?? 0;
    const waiting = this.#waiting.get(guest);
    const free = lessons.limit - liveRequests;
    if (free <= 0) return own === 0 && waiting !== undefined && now >= waiting.trialAt ? 1 : 0;
    // What has just become free is first for those that wait longer.
    const granted = now < this.#freedAt + GRANT_MS;
    let before = 0;
    for (const [other, rival] of this.#waiting) {
      if (other === guest || rival.since >= (waiting?.since ?? now)) continue;
      if (!granted && rival.since < this.#freedAt) rival.missed = true;
      else if (granted && !rival.missed) before++;
    }
    return Math.min(most, Math.max(0, free - before));
  }

  /**
   * Lets a mirror wait for a free slot: `onTurn` announces one, and {@linkcode turnAt} says when to look
   * again.
   */
  wait(guest: Guest, now: number): void {
    if (this.#waiting.has(guest)) return;
    const trialMs = FIRST_TRIAL_MS;
    this.#waiting.set(guest, { since: now, trialAt: now + trialMs, trialMs, missed: false });
    // They may have something to give up.
    for (const [other] of this.#live) if (other !== guest) other.onTurn();
  }

  /** Ends a mirror's wait. */
  leave(guest: Guest): void {
    this.#waiting.delete(guest);
  }

  /** Reports whether another mirror than `guest` waits for one of the requests that are under way. */
  isWanted(guest: Guest): boolean {
    return this.liveRequests >= this.lessons.limit &&
      this.#waiting.size > (this.#waiting.has(guest) ? 1 : 0);
  }

  /** Returns when a mirror may have room though nothing happens; `Infinity` for never. */
  turnAt(guest: Guest, now: number): number {
    if (now < this.openAt) return this.openAt;
    const trialAt = this.#waiting.get(guest)?.trialAt ?? Infinity;
    const grantAt = this.#freedAt + GRANT_MS;
    const free = this.liveRequests < this.lessons.limit;
    return Math.min(
      trialAt > now ? trialAt : Infinity,
      free && grantAt > now ? grantAt : Infinity,
      this.lessons.forgetsAt(now),
    );
  }

  /** Counts a request that a mirror is sent. Returns how many are under way with it. */
  send(guest: Guest, now: number): number {
    const waiting = this.#waiting.get(guest);
    if (waiting !== undefined && this.liveRequests >= this.lessons.limit) {
      waiting.trialMs = Math.min(LONGEST_TRIAL_MS, 2 * waiting.trialMs);
      waiting.trialAt = now + waiting.trialMs;
    }
    this.#sentAt = now;
    this.#live.set(guest, (this.#live.get(guest) ?? 0) + 1);
    this.#liveRequests++;
    return this.liveRequests;
  }

  /** Notes that it accepted a mirror's request, which was one of `level` at once. */
  accept(guest: Guest, level: number, now: number): void {
    this.lessons.accept(level, now);
    this.#waiting.delete(guest);
  }

  /** Ends a mirror's request; `cancelled`: the host has to notice that first. */
  release(guest: Guest, cancelled: boolean, now: number): void {
    if (cancelled) this.#cancelledAt.push(now);
    const left = this.#live.get(guest)! - 1;
    this.#liveRequests--;
    if (left > 0) this.#live.set(guest, left);
    else this.#live.delete(guest);
    if (this.#waiting.size === 0) return;
    this.#freedAt = now;
    for (const [other] of this.#waiting) if (other !== guest) other.onTurn();
  }
}

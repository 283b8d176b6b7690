/**
 * How many connections the process may have: as many as it is allowed, or as it can open, which is known once
 * it cannot open one. Some are left for files. Connections that are kept for the next request count, but
 * requests to the same host can use them. Pure: times are in milliseconds, and passed in.
 *
 * @module
 */

/**
 * A download from more mirrors has connections of its own, which it can close; those of others serve later
 * downloads, too.
 */
export const FEW_MIRRORS = 8;

/** So many are left for files and lookups. */
const RESERVE = 6;
/** If one cannot be opened so soon after another, closing idle ones was not enough, in milliseconds. */
const AGAIN_MS = 1000;
/** After this time, one more is tried, in milliseconds. */
const FORGET_MS = 30_000;
/** Those that wait for a connection look again after this time, in milliseconds. */
const LOOK_MS = 500;
/** The platform closes connections that are not used for this time, in milliseconds. */
const KEPT_MS = 90_000;
/** They are looked for at most so often, in milliseconds. */
const PRUNE_MS = 1000;

/**
 * The connections of a process. An `Owner` is what can use those that are kept: a host, or one mirror of a
 * download that has connections of its own.
 */
export class ConnectionBudget<Owner> {
  /** The most that are allowed. */
  #most = Infinity;
  /** What could be opened. */
  #limit = Infinity;
  #exhaustedAt = -Infinity;
  #live = 0;
  #kept = 0;
  /** When those that are kept were last used, by owner; the oldest first. */
  readonly #keptBy = new Map<Owner, number[]>();
  #prunedAt = -Infinity;

  /** Allows so many connections; `Infinity` for as many as can be opened. */
  allow(most: number): void {
    this.#most = most;
  }

  /** Notes that a request is sent, over a connection that was kept if there is one. */
  sent(owner: Owner): void {
    this.#live++;
    const kept = this.#keptBy.get(owner);
    if (kept === undefined) return;
    kept.pop();
    this.#kept--;
    if (kept.length === 0) this.#keptBy.delete(owner);
  }

  /** Notes that a request has ended; `kept`: its connection can serve another one. */
  ended(owner: Owner, kept: boolean, now: number): void {
    this.#live--;
    if (!kept) return;
    const times = this.#keptBy.get(owner);
    if (times === undefined) this.#keptBy.set(owner, [now]);
    else times.push(now);
    this.#kept++;
    this.#prune(now);
  }

  /** Notes that the connections that were kept are closed: all of them, or those of one owner. */
  closeKept(owner?: Owner): void {
    if (owner === undefined) {
      this.#keptBy.clear();
      this.#kept = 0;
    } else {
      this.#kept -= this.#keptBy.get(owner)?.length ?? 0;
      this.#keptBy.delete(owner);
    }
  }

  /** Returns how many connections are kept for requests of this owner. */
  kept(owner: Owner): number {
    return this.#keptBy.get(owner)?.length ?? 0;
  }

  /** Returns how many more connections may be opened; `Infinity` where no limit is known. */
  free(now: number): number {
    this.#prune(now);
    return Math.max(0, this.#limitAt(now) - this.#live - this.#kept);
  }

  /** Reports whether more are open than should be, and some of them are not in use. */
  isExceeded(now: number): boolean {
    return this.#kept > 0 && this.#live + this.#kept > this.#limitAt(now);
  }

  /** Returns how many more requests may be sent; `Infinity` where no limit is known. */
  room(owner: Owner, now: number): number {
    const free = this.free(now);
    if (free === Infinity) return Infinity;
    const room = free + this.kept(owner);
    return this.#live === 0 ? Math.max(1, room) : room;
  }

  /** Returns when there may be room; `Infinity` where no limit is known. */
  lookAt(now: number): number {
    return this.#limitAt(now) === Infinity ? Infinity : now + LOOK_MS;
  }

  /**
   * Learns that a connection could not be opened. Reports whether others are in use, so that there is
   * something to wait for.
   */
  exhausted(now: number): boolean {
    const limit = this.#learned(now);
    const open = this.#live + this.#kept;
    const isNews = limit === Infinity || open > limit;
    if (isNews) this.#limit = Math.max(1, open - RESERVE);
    else this.#limit = now < this.#exhaustedAt + AGAIN_MS ? Math.max(1, limit - 1) : limit;
    this.#exhaustedAt = now;
    return this.#live > 0;
  }

  #limitAt(now: number): number {
    return Math.min(this.#most, this.#learned(now));
  }

  #learned(now: number): number {
    if (this.#limit === Infinity) return Infinity;
    return this.#limit + Math.floor((now - this.#exhaustedAt) / FORGET_MS);
  }

  /** Forgets connections that the platform has closed. */
  #prune(now: number): void {
    if (now < this.#prunedAt + PRUNE_MS) return;
    this.#prunedAt = now;
    for (const [owner, times] of this.#keptBy) {
      const old = times.findIndex((at) => now < at + KEPT_MS);
      this.#kept -= times.splice(0, old < 0 ? times.length : old).length;
      if (times.length === 0) this.#keptBy.delete(owner);
    }
  }
}

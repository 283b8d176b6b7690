/**
 * How many connections the process may have: as many as it can open, which is known once it cannot open one.
 * Some are left for files. Connections that are kept for the next request count, but for their mirror.
 * Pure: times are in milliseconds, and passed in.
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

/** The connections of a process; an `Owner` is one mirror of one download. */
export class ConnectionBudget<Owner> {
  #limit = Infinity;
  #exhaustedAt = -Infinity;
  #live = 0;
  #kept = 0;
  readonly #keptBy = new Map<Owner, number>();

  /** Notes that a request is sent, over a connection that was kept if there is one. */
  sent(owner: Owner): void {
    this.#live++;
    const kept = this.#keptBy.get(owner) ?? 0;
    if (kept === 0) return;
    this.#keptBy.set(owner, kept - 1);
    this.#kept--;
  }

  /** Notes that a request has ended; `kept`: its connection can serve another one. */
  ended(owner: Owner, kept: boolean): void {
    this.#live--;
    if (!kept) return;
    this.#keptBy.set(owner, (this.#keptBy.get(owner) ?? 0) + 1);
    this.#kept++;
  }

  /** Notes that the connections that were kept are closed. */
  closeKept(): void {
    this.#keptBy.clear();
    this.#kept = 0;
  }

  /** Reports whether more are open than should be, and some of them are not in use. */
  isExceeded(now: number): boolean {
    return this.#kept > 0 && this.#live + this.#kept > this.#limitAt(now);
  }

  /** Returns how many more requests may be sent; `Infinity` where no limit is known. */
  room(owner: Owner, now: number): number {
    const limit = this.#limitAt(now);
    if (limit === Infinity) return Infinity;
    const kept = this.#keptBy.get(owner) ?? 0;
    const room = kept + Math.max(0, limit - this.#live - this.#kept);
    return this.#live === 0 ? Math.max(1, room) : room;
  }

  /** Returns when there may be room; `Infinity` where no limit is known. */
  lookAt(now: number): number {
    return this.#limit === Infinity ? Infinity : now + LOOK_MS;
  }

  /**
   * Learns that a connection could not be opened. Reports whether others are in use, so that there is
   * something to wait for.
   */
  exhausted(now: number): boolean {
    const limit = this.#limitAt(now);
    const open = this.#live + this.#kept;
    const isNews = limit === Infinity || open > limit;
    if (isNews) this.#limit = Math.max(1, open - RESERVE);
    else this.#limit = now < this.#exhaustedAt + AGAIN_MS ? Math.max(1, limit - 1) : limit;
    this.#exhaustedAt = now;
    return this.#live > 0;
  }

  #limitAt(now: number): number {
    if (this.#limit === Infinity) return Infinity;
    return this.#limit + Math.floor((now - this.#exhaustedAt) / FORGET_MS);
  }
}

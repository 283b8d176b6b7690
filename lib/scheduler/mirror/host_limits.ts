/**
 * Learns how many requests a host takes at once and how often, from what it refuses while it serves
 * others. All downloads of a process share one {@linkcode HostLimits}, so that files and clients do not
 * compete for connections that the host does not give them. What was learned is forgotten little by
 * little. Pure: times are in milliseconds, and passed in.
 *
 * @module
 */

import { addressOf } from "../../http/address/named_address.ts";
import { ConnectionBudget, FEW_MIRRORS } from "./connection_budget.ts";
import { FORGET_MS, HostLessons, type Refusal } from "./host_lessons.ts";

/** A host that has delivered within this time delivers now. */
const RECENT_MS = 3000;
/** A free slot is kept for this time for those that have waited for it. */
const GRANT_MS = 250;
/** A download that waits for its turn tries all the same after this time, which doubles. */
const FIRST_TRIAL_MS = 2000;
const LONGEST_TRIAL_MS = 30_000;
/** A host may take this long to notice that a request was cancelled. */
const LINGER_MS = 1000;
/** Number of hosts that are remembered. */
const MOST_HOSTS = 256;

interface Waiting {
  readonly since: number;
  /** When it tries without a free slot. */
  trialAt: number;
  trialMs: number;
  /** Whether it did not take a slot that was kept for it: none is kept again. */
  missed: boolean;
}

/** What is known of one host. */
class Host {
  readonly name: string;
  /** Those that have requests under way, and how many. */
  readonly live = new Map<Seat, number>();
  readonly waiting = new Map<Seat, Waiting>();
  readonly lessons = new HostLessons();
  sentAt = -Infinity;
  /** When a slot became free. */
  freedAt = -Infinity;
  /** When requests were cancelled: the host may notice a little later. */
  cancelledAt: number[] = [];
  deliveredAt = -Infinity;

  constructor(name: string) {
    this.name = name;
  }

  /** When it may be sent another request. */
  get openAt(): number {
    return Math.max(this.lessons.pausedUntil, this.sentAt + this.lessons.spacingMs);
  }

  get liveRequests(): number {
    return this.live.values().reduce((sum, count) => sum + count, 0);
  }

  /** Number of requests that the host may take for being under way. */
  occupied(now: number): number {
    this.cancelledAt = this.cancelledAt.filter((at) => now < at + LINGER_MS);
    return this.liveRequests + this.cancelledAt.length;
  }

  /** Reports whether anything is known that a new host would not have. */
  isWorthKeeping(now: number): boolean {
    return this.live.size > 0 || this.waiting.size > 0 || this.lessons.areOfUse(now) ||
      this.deliveredAt + FORGET_MS > now;
  }
}

/** What is known of the hosts that the downloads of a process use. */
export class HostLimits {
  readonly #hosts = new Map<string, Host>();
  /** The connections of the process. */
  readonly #budget = new ConnectionBudget<symbol | string>();

  /** Number of hosts that are remembered. */
  get size(): number {
    return this.#hosts.size;
  }

  /**
   * Returns a place at its host for one mirror; `onTurn` is called when it may be its turn. `isApart`: its
   * download has connections of its own, which are closed when it ends.
   */
  join(url: string, onTurn: () => void, isApart = false): Seat {
    const host = (name: string, now: number) => this.#host(name, now);
    return new Seat(host, this.#budget, placeOf(url), onTurn, isApart);
  }

  /** Allows so many connections. */
  allowConnections(most: number): void {
    this.#budget.allow(most);
  }

  /**
   * Returns how many connections a download from `urls` may have now, with those that are kept;
   * `Infinity` where no limit is known.
   */
  freeConnections(urls: readonly string[], now: number): number {
    const pools = new Set(urls.length > FEW_MIRRORS ? [] : urls.map(placeOf));
    return [...pools].reduce((sum, pool) => sum + this.#budget.kept(pool), this.#budget.free(now));
  }

  #host(name: string, now: number): Host {
    const known = this.#hosts.get(name);
    if (known !== undefined) return known;
    if (this.#hosts.size >= MOST_HOSTS) this.#prune(now);
    const host = new Host(name);
    this.#hosts.set(name, host);
    return host;
  }

  /** Forgets hosts that nothing is known of, else those that delivered least recently. */
  #prune(now: number): void {
    for (const [name, host] of this.#hosts) {
      if (!host.isWorthKeeping(now)) this.#hosts.delete(name);
    }
    const idle = [...this.#hosts.values()].filter(({ live, waiting }) =>
      live.size === 0 && waiting.size === 0
    ).sort((one, other) => one.deliveredAt - other.deliveredAt);
    const surplus = this.#hosts.size - MOST_HOSTS / 2;
    for (const { name } of idle.slice(0, Math.max(0, surplus))) this.#hosts.delete(name);
  }
}

/** One request that a host has been sent. */
export interface Ticket {
  /** How many requests the host had under way with this one, when it was sent. */
  readonly level: number;
  /** The same with those of which the host may not have noticed yet that they were cancelled. */
  readonly crowd: number;
  /** Notes that the host accepted it. */
  accepted(now: number): void;
  /** Notes that bytes have arrived. */
  delivered(now: number): void;
  /**
   * Ends it; `cancelled`: the host has to notice that first; `kept`: its connection can serve another
   * request.
   */
  release(now: number, cancelled: boolean, kept?: boolean): void;
}

/** The place of one mirror of one download at its host. */
export class Seat {
  readonly #hostOf: (name: string, now: number) => Host;
  readonly #budget: ConnectionBudget<symbol | string>;
  readonly #onTurn: () => void;
  readonly #isApart: boolean;
  /** What host and budget remember of this mirror: the seat itself would keep the whole download. */
  readonly #self = Symbol();
  #name: string;

  constructor(
    hostOf: (name: string, now: number) => Host,
    budget: ConnectionBudget<symbol | string>,
    name: string,
    onTurn: () => void,
    isApart: boolean,
  ) {
    this.#hostOf = hostOf;
    this.#budget = budget;
    this.#name = name;
    this.#onTurn = onTurn;
    this.#isApart = isApart;
  }

  /** The host's name. */
  get host(): string {
    return this.#name;
  }

  /** Whether it is that of a mirror at one address of its host, which has others. */
  isAt(url: string): boolean {
    return addressOf(url) !== undefined && [placeOf(url), hostOf(url)].includes(this.#name);
  }

  /** The most requests at once that the host takes, as far as is known. */
  limit(now: number): number {
    return this.#at(now).lessons.limit;
  }

  /** The fewest bytes that are worth a request. */
  leastBytes(now: number): number {
    const { lessons } = this.#at(now);
    lessons.forget(now);
    return lessons.leastBytes;
  }

  /** Number of requests to the host that are under way, those of others too. */
  liveRequests(now: number): number {
    return this.#at(now).liveRequests;
  }

  /** Number of mirrors, those of other downloads too, that have requests under way there. */
  users(now: number): number {
    return this.#at(now).live.size;
  }

  /** The same with those of which the host may not have noticed yet that they were cancelled. */
  occupied(now: number): number {
    return this.#at(now).occupied(now);
  }

  /** The most requests at once that the host has accepted within the last minute. */
  accepted(now: number): number {
    return this.#at(now).lessons.accepted(now);
  }

  /** When the host last delivered anything; `-Infinity` for never. */
  deliveredAt(now: number): number {
    return this.#at(now).deliveredAt;
  }

  /** Reports whether the host delivers to any mirror or download. */
  isDelivering(now: number): boolean {
    return now < this.#at(now).deliveredAt + RECENT_MS;
  }

  /** Goes to the host that has answered at `url`. Requests that were sent stay counted. */
  move(url: string, now: number): void {
    const name = hostOf(url);
    if (name === this.#name) return;
    this.leave(now);
    this.#name = name;
  }

  /** Ends: it waits no more, and connections of its own are closed. */
  end(now: number): void {
    this.leave(now);
    if (this.#isApart) this.#budget.closeKept(this.#self);
  }

  /** Waits no more. */
  leave(now: number): void {
    this.#at(now).waiting.delete(this);
  }

  /** Returns when the host may be sent another request, if it has a place for it. */
  openAt(now: number): number {
    return this.#at(now).openAt;
  }

  /** Returns how many more requests it may have now. */
  room(now: number): number {
    return Math.min(this.#budget.room(this.#pool(this.#name), now), this.#hostRoom(now));
  }

  /** Returns how many more requests the host takes now. */
  #hostRoom(now: number): number {
    const host = this.#at(now);
    const { lessons } = host;
    lessons.forget(now);
    if (now < host.openAt) return 0;
    const most = lessons.spacingMs > 0 ? 1 : Infinity;
    if (lessons.limit === Infinity) return most;
    const own = host.live.get(this) ?? 0;
    const waiting = host.waiting.get(this);
    const free = lessons.limit - host.liveRequests;
    if (free <= 0) return own === 0 && waiting !== undefined && now >= waiting.trialAt ? 1 : 0;
    // What has just become free is first for those that wait longer.
    const granted = now < host.freedAt + GRANT_MS;
    let before = 0;
    for (const [seat, other] of host.waiting) {
      if (seat === this || other.since >= (waiting?.since ?? now)) continue;
      if (!granted && other.since < host.freedAt) other.missed = true;
      else if (granted && !other.missed) before++;
    }
    return Math.min(most, Math.max(0, free - before));
  }

  /** Waits for a free slot: `onTurn` announces one, and {@linkcode turnAt} says when to look again. */
  wait(now: number): void {
    const { waiting } = this.#at(now);
    if (waiting.has(this)) return;
    const { live } = this.#at(now);
    const trialMs = FIRST_TRIAL_MS;
    waiting.set(this, { since: now, trialAt: now + trialMs, trialMs, missed: false });
    // They may have something to give up.
    for (const [seat] of live) if (seat !== this) seat.#onTurn();
  }

  /** Reports whether another download waits for one of the requests that are under way. */
  isWanted(now: number): boolean {
    const { waiting, lessons, liveRequests } = this.#at(now);
    return liveRequests >= lessons.limit && waiting.keys().some((seat) => seat !== this);
  }

  /** Returns when there may be room though nothing happens; `Infinity` for never. */
  turnAt(now: number): number {
    return Math.min(this.#budget.lookAt(now), this.#hostTurnAt(now));
  }

  #hostTurnAt(now: number): number {
    const host = this.#at(now);
    if (now < host.openAt) return host.openAt;
    const trialAt = host.waiting.get(this)?.trialAt ?? Infinity;
    const grantAt = host.freedAt + GRANT_MS;
    const free = host.liveRequests < host.lessons.limit;
    return Math.min(
      trialAt > now ? trialAt : Infinity,
      free && grantAt > now ? grantAt : Infinity,
      host.lessons.forgetsAt(now),
    );
  }

  /** Counts a request that is sent. */
  send(now: number): Ticket {
    const host = this.#at(now);
    const waiting = host.waiting.get(this);
    if (waiting !== undefined && host.liveRequests >= host.lessons.limit) {
      waiting.trialMs = Math.min(LONGEST_TRIAL_MS, 2 * waiting.trialMs);
      waiting.trialAt = now + waiting.trialMs;
    }
    host.sentAt = now;
    const pool = this.#pool(host.name);
    this.#budget.sent(pool);
    host.live.set(this, (host.live.get(this) ?? 0) + 1);
    const level = host.liveRequests;
    let isLive = true;
    return {
      level,
      crowd: host.occupied(now),
      accepted: (at) => {
        host.lessons.accept(level, at);
        host.waiting.delete(this);
      },
      delivered: (at) => {
        host.deliveredAt = at;
      },
      release: (at, cancelled, kept = false) => {
        if (!isLive) return;
        isLive = false;
        this.#budget.ended(pool, kept, at);
        if (cancelled) host.cancelledAt.push(at);
        this.#release(host, at);
      },
    };
  }

  #release(host: Host, now: number): void {
    const left = host.live.get(this)! - 1;
    if (left > 0) host.live.set(this, left);
    else host.live.delete(this);
    if (host.waiting.size === 0) return;
    host.freedAt = now;
    for (const [seat] of host.waiting) if (seat !== this) seat.#onTurn();
  }

  /**
   * Learns from a request that the host refused, and that was released: fewer requests at once, and
   * longer ranges. Returns how long the host is left alone, in milliseconds.
   */
  refuse(refusal: Refusal, now: number): number {
    const host = this.#at(now);
    const { served = host.occupied(now) } = refusal;
    return host.lessons.refuse(this.#self, refusal, served, now);
  }

  /**
   * Learns that the process cannot open a connection. Reports whether others are in use, so that there is
   * something to wait for.
   */
  exhausted(now: number): boolean {
    return this.#budget.exhausted(now);
  }

  /** Reports whether connections that are not in use are to be closed, as others need them. */
  isExceeded(now: number): boolean {
    return this.#budget.isExceeded(now);
  }

  /** Notes that all connections of the process that are not in use are closed. */
  closeKept(): void {
    this.#budget.closeKept();
  }

  /**
   * Forgets what this mirror's refusals have taught since the host last accepted a request: they had
   * another reason than a limit.
   */
  unlearn(now: number): void {
    this.#at(now).lessons.unlearn(this.#self, now);
  }

  /** Who can use its connections again. */
  #pool(name: string): symbol | string {
    return this.#isApart ? this.#self : name;
  }

  #at(now: number): Host {
    return this.#hostOf(this.#name, now);
  }
}

/** Returns the name of the host that a mirror is on, as far as its URL tells. */
function hostOf(url: string): string {
  return URL.parse(url)?.origin ?? url;
}

/**
 * Returns the name under which a mirror is counted until it has answered: as long as an address is silent,
 * or refuses connections, that says nothing of the host's others.
 */
function placeOf(url: string): string {
  const address = addressOf(url);
  return address === undefined ? hostOf(url) : `${hostOf(url)}#${address}`;
}

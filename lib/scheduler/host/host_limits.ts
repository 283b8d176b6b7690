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
import { type Guest, Host } from "./host.ts";
import type { Refusal } from "./host_lessons.ts";
import { parseUrl } from "../../stand_ins.ts";

/** A host that has delivered within this time delivers now. */
const RECENT_MS = 3000;
/** Number of hosts that are remembered. */
const MOST_HOSTS = 256;

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
    return new Seat(host, this.#budget, placeOf(url), { onTurn }, isApart);
  }

  /** Forgets all hosts. */
  clear(): void {
    this.#hosts.clear();
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
    const idle = [...this.#hosts.values()].filter(({ isUnused }) => isUnused)
      .sort((one, other) => one.deliveredAt - other.deliveredAt);
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

/** For how long a host refuses every request, in milliseconds. */
export interface Shut {
  readonly since: number;
  /** When it may be asked again. */
  readonly until: number;
}

/** What a host allows a mirror of one download now. */
export interface Allowance {
  /** Number of further requests that it takes. */
  readonly room: number;
  /** How many bytes are worth a request. */
  readonly leastBytes: number;
  /** Set where it refuses every request. */
  readonly shut: Shut | undefined;
}

/** The place of one mirror of one download at its host. */
export class Seat {
  readonly #hostOf: (name: string, now: number) => Host;
  readonly #budget: ConnectionBudget<symbol | string>;
  readonly #guest: Guest;
  /** Whether its download has connections of its own. */
  readonly isApart: boolean;
  /** What host and budget remember of this mirror: the seat itself would keep the whole download. */
  readonly #self = Symbol();
  #name: string;

  constructor(
    hostOf: (name: string, now: number) => Host,
    budget: ConnectionBudget<symbol | string>,
    name: string,
    guest: Guest,
    isApart: boolean,
  ) {
    this.#hostOf = hostOf;
    this.#budget = budget;
    this.#name = name;
    this.#guest = guest;
    this.isApart = isApart;
  }

  /** The host's name. */
  get host(): string {
    return this.#name;
  }

  /** Reports whether it is still that of a mirror's URL, which names one address of a host that has others. */
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
    return this.#at(now).users;
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
    if (this.isApart) this.#budget.closeKept(this.#self);
  }

  /** Waits no more. */
  leave(now: number): void {
    this.#at(now).leave(this.#guest);
  }

  /** Returns when the host may be sent another request, if it has a place for it. */
  openAt(now: number): number {
    return this.#at(now).openAt;
  }

  /** Returns when the host was shut and will open, if it refuses every request, though it serves no other. */
  shut(now: number): Shut | undefined {
    const { lessons: { shutSince, pausedUntil } } = this.#at(now);
    return shutSince === Infinity ? undefined : { since: shutSince, until: pausedUntil };
  }

  /** Counts nothing of the last `ms` until `now`: the process stood still. */
  excuse(ms: number, now: number): void {
    this.#at(now).lessons.excuse(ms, now);
  }

  /** Returns how many more requests it may have now. */
  room(now: number): number {
    return Math.min(
      this.#budget.room(this.#pool(this.#name), now),
      this.#at(now).room(this.#guest, now),
    );
  }

  /** Waits for a free slot: `onTurn` announces one, and {@linkcode turnAt} says when to look again. */
  wait(now: number): void {
    this.#at(now).wait(this.#guest, now);
  }

  /** Reports whether another download waits for one of the requests that are under way. */
  isWanted(now: number): boolean {
    return this.#at(now).isWanted(this.#guest);
  }

  /** Returns when there may be room though nothing happens; `Infinity` for never. */
  turnAt(now: number): number {
    return Math.min(this.#budget.lookAt(now), this.#at(now).turnAt(this.#guest, now));
  }

  /** Counts a request that is sent. */
  send(now: number): Ticket {
    const host = this.#at(now);
    const pool = this.#pool(host.name);
    this.#budget.sent(pool);
    const level = host.send(this.#guest, now);
    let isLive = true;
    return {
      level,
      crowd: host.occupied(now),
      accepted: (at) => {
        host.accept(this.#guest, level, at);
      },
      delivered: (at) => {
        host.deliveredAt = at;
      },
      release: (at, cancelled, kept = false) => {
        if (!isLive) return;
        isLive = false;
        this.#budget.ended(pool, kept, at);
        host.release(this.#guest, cancelled, at);
      },
    };
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

  /** Notes that connections that are not in use are closed: its own, or those that downloads share. */
  closeKept(): void {
    this.#budget.closeKept(this.isApart ? this.#self : undefined);
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
    return this.isApart ? this.#self : name;
  }

  #at(now: number): Host {
    return this.#hostOf(this.#name, now);
  }
}

/** Returns the name of the host that a mirror is on, as far as its URL tells. */
function hostOf(url: string): string {
  return parseUrl(url)?.origin ?? url;
}

/**
 * Returns the name under which a mirror is counted until it has answered: as long as an address is silent,
 * or refuses connections, that says nothing of the host's others.
 */
function placeOf(url: string): string {
  const address = addressOf(url);
  return address === undefined ? hostOf(url) : `${hostOf(url)}#${address}`;
}

/**
 * Learns how many requests a host takes at once and how often, from what it refuses while it serves
 * others. All downloads of a process share one {@linkcode HostLimits}, so that files and clients do not
 * compete for connections that the host does not give them. What was learned is forgotten little by
 * little. Pure: times are in milliseconds, and passed in.
 *
 * @module
 */

/** A host that has delivered within this time delivers now. */
const RECENT_MS = 3000;
/** Pauses after refusals in a row; they double. */
const PAUSE_MS = { busy: 100, pace: 250 } as const;
const LONGEST_PAUSE_MS = 15_000;
/** Without a refusal for this time, one more request at once is tried, and shorter ranges. */
const FORGET_MS = 60_000;
/** The shortest ranges once the pace of requests may be what a host limits. */
const LEAST_BYTES = 512 * 1024;
/** Each further refusal makes them longer by this factor. */
const GROWTH = 4;
/** Longer than every file. */
const ENDLESS = Number.MAX_SAFE_INTEGER;
/** A free slot is kept for this time for those that have waited for it. */
const GRANT_MS = 250;
/** Each refusal doubles the time between two requests, each accepted one shortens it a little. */
const FIRST_SPACING_MS = 50;
const LONGEST_SPACING_MS = 5000;
const SPACING_DECAY = 0.9;
const LEAST_SPACING_MS = 10;
/** A download that waits for its turn tries all the same after this time, which doubles. */
const FIRST_TRIAL_MS = 2000;
const LONGEST_TRIAL_MS = 30_000;
/** A host may take this long to notice that a request was cancelled. */
const LINGER_MS = 1000;
/** Number of hosts that are remembered. */
const MOST_HOSTS = 256;

/** A request that was refused. */
export interface Refusal {
  /** When it was sent. */
  readonly sentAt: number;
  /** What the server demands to wait, in milliseconds. */
  readonly retryAfterMs: number;
  /** The part of the pause that is left out, from 0 to 1. */
  readonly jitter: number;
}

interface Waiting {
  readonly since: number;
  /** When it tries without a free slot. */
  trialAt: number;
  trialMs: number;
  /** Whether it did not take a slot that was kept for it: none is kept again. */
  missed: boolean;
}

/** What a row of refusals may change. */
interface Lesson {
  readonly seat: Seat;
  readonly limit: number;
  readonly accepted: number;
  readonly leastBytes: number;
  readonly spacingMs: number;
}

/** What is known of one host. */
class Host {
  readonly name: string;
  /** Those that have requests under way, and how many. */
  readonly live = new Map<Seat, number>();
  readonly waiting = new Map<Seat, Waiting>();
  /** The most requests at once; `Infinity` until it has refused one. */
  limit = Infinity;
  /** The most requests at once of which it accepted the last, since `acceptedAt`. */
  accepted = 0;
  acceptedAt = -Infinity;
  /** The fewest bytes that are worth a request. */
  leastBytes = 0;
  pausedUntil = -Infinity;
  /** Least time between two requests; 0 until it has refused one. It is searched for. */
  spacingMs = 0;
  sentAt = -Infinity;
  /** When a slot became free. */
  freedAt = -Infinity;
  /** When requests were cancelled: the host may notice a little later. */
  cancelledAt: number[] = [];
  refusedAt = -Infinity;
  /** Refusals since it last accepted a request. */
  refusals = 0;
  /** What was known before these refusals, as long as all of them are those of one mirror. */
  before: Lesson | undefined;
  deliveredAt = -Infinity;

  constructor(name: string) {
    this.name = name;
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
    return this.live.size > 0 || this.waiting.size > 0 || this.limit < Infinity ||
      this.spacingMs > 0 || this.leastBytes > 0 || this.pausedUntil > now ||
      this.deliveredAt + FORGET_MS > now;
  }

  /** Forgets a part of what was learned, if it was learned long ago. */
  forget(now: number): void {
    if (now < this.refusedAt + FORGET_MS || this.refusedAt === -Infinity) return;
    this.refusedAt = now;
    this.limit++;
    if (this.limit > MOST_LEARNED) this.limit = Infinity;
    this.leastBytes = this.leastBytes > LEAST_BYTES ? Math.floor(this.leastBytes / GROWTH) : 0;
    this.spacingMs = this.spacingMs > FIRST_SPACING_MS ? this.spacingMs / GROWTH : 0;
    const isForgotten = this.limit === Infinity && this.leastBytes === 0 && this.spacingMs === 0;
    if (isForgotten) this.refusedAt = -Infinity;
  }
}

/** A limit above this is none. */
const MOST_LEARNED = 64;

/** What is known of the hosts that the downloads of a process use. */
export class HostLimits {
  readonly #hosts = new Map<string, Host>();

  /** Number of hosts that are remembered. */
  get size(): number {
    return this.#hosts.size;
  }

  /** Returns a place at a host for one mirror; `onTurn` is called when it may be its turn. */
  join(name: string, onTurn: () => void): Seat {
    return new Seat((other, now) => this.#host(other, now), name, onTurn);
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
  /** Ends it; `cancelled`: the host has to notice that first. */
  release(now: number, cancelled: boolean): void;
}

/** The place of one mirror of one download at its host. */
export class Seat {
  readonly #hostOf: (name: string, now: number) => Host;
  readonly #onTurn: () => void;
  #name: string;

  constructor(hostOf: (name: string, now: number) => Host, name: string, onTurn: () => void) {
    this.#hostOf = hostOf;
    this.#name = name;
    this.#onTurn = onTurn;
  }

  /** The host's name. */
  get host(): string {
    return this.#name;
  }

  /** The most requests at once that the host takes, as far as is known. */
  limit(now: number): number {
    return this.#at(now).limit;
  }

  /** The fewest bytes that are worth a request. */
  leastBytes(now: number): number {
    const host = this.#at(now);
    host.forget(now);
    return host.leastBytes;
  }

  /** Number of requests to the host that are under way, those of others too. */
  liveRequests(now: number): number {
    return this.#at(now).liveRequests;
  }

  /** The same with those of which the host may not have noticed yet that they were cancelled. */
  occupied(now: number): number {
    return this.#at(now).occupied(now);
  }

  /** The most requests at once that the host has accepted within the last minute. */
  accepted(now: number): number {
    const { accepted, acceptedAt } = this.#at(now);
    return now < acceptedAt + FORGET_MS ? accepted : 0;
  }

  /** When the host last delivered anything; `-Infinity` for never. */
  deliveredAt(now: number): number {
    return this.#at(now).deliveredAt;
  }

  /** Reports whether the host delivers, to whomever. */
  isDelivering(now: number): boolean {
    return now < this.#at(now).deliveredAt + RECENT_MS;
  }

  /** Goes to another host, where the mirror's redirects lead. Requests that were sent stay counted. */
  move(name: string, now: number): void {
    if (name === this.#name) return;
    this.leave(now);
    this.#name = name;
  }

  /** Waits no more. */
  leave(now: number): void {
    this.#at(now).waiting.delete(this);
  }

  /** Returns how many more requests the host takes now. */
  room(now: number): number {
    const host = this.#at(now);
    host.forget(now);
    if (now < host.pausedUntil || now < host.sentAt + host.spacingMs) return 0;
    const most = host.spacingMs > 0 ? 1 : Infinity;
    if (host.limit === Infinity) return most;
    const own = host.live.get(this) ?? 0;
    const waiting = host.waiting.get(this);
    const free = host.limit - host.liveRequests;
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

  /** Waits for a free slot: `onTurn` is called when there is one, and {@linkcode turnAt} says when to look. */
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
    const { waiting, limit, liveRequests } = this.#at(now);
    return liveRequests >= limit && waiting.keys().some((seat) => seat !== this);
  }

  /** Returns when there may be room though nothing happens; `Infinity` for never. */
  turnAt(now: number): number {
    const host = this.#at(now);
    const openAt = Math.max(host.pausedUntil, host.sentAt + host.spacingMs);
    if (now < openAt) return openAt;
    const trialAt = host.waiting.get(this)?.trialAt ?? Infinity;
    const grantAt = host.freedAt + GRANT_MS;
    const free = host.liveRequests < host.limit;
    const at = Math.min(
      trialAt > now ? trialAt : Infinity,
      free && grantAt > now ? grantAt : Infinity,
    );
    return Math.min(at, host.refusedAt + FORGET_MS > now ? host.refusedAt + FORGET_MS : Infinity);
  }

  /** Counts a request that is sent. */
  send(now: number): Ticket {
    const host = this.#at(now);
    const waiting = host.waiting.get(this);
    if (waiting !== undefined && host.liveRequests >= host.limit) {
      waiting.trialMs = Math.min(LONGEST_TRIAL_MS, 2 * waiting.trialMs);
      waiting.trialAt = now + waiting.trialMs;
    }
    host.sentAt = now;
    host.live.set(this, (host.live.get(this) ?? 0) + 1);
    const level = host.liveRequests;
    let isLive = true;
    return {
      level,
      crowd: host.occupied(now),
      accepted: (at) => {
        host.refusals = 0;
        host.before = undefined;
        const spacingMs = SPACING_DECAY * host.spacingMs;
        host.spacingMs = spacingMs < LEAST_SPACING_MS ? 0 : spacingMs;
        host.waiting.delete(this);
        host.limit = Math.max(host.limit, level);
        if (level >= host.accepted || at >= host.acceptedAt + FORGET_MS) {
          host.accepted = level;
          host.acceptedAt = at;
        }
      },
      delivered: (at) => {
        host.deliveredAt = at;
      },
      release: (at, cancelled) => {
        if (!isLive) return;
        isLive = false;
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
  refuse({ sentAt, retryAfterMs, jitter }: Refusal, now: number): number {
    const host = this.#at(now);
    const occupied = host.occupied(now);
    if (host.refusals === 0) {
      const { limit, accepted, leastBytes, spacingMs } = host;
      host.before = { seat: this, limit, accepted, leastBytes, spacingMs };
    } else if (host.before?.seat !== this) host.before = undefined;
    if (occupied > 0) {
      host.limit = Math.min(host.limit, occupied);
      host.accepted = Math.min(host.accepted, occupied);
    }
    // What was sent before the last refusal tells nothing new.
    if (sentAt >= host.refusedAt) {
      const longer = GROWTH * host.leastBytes;
      host.leastBytes = longer > ENDLESS / GROWTH ? ENDLESS : Math.max(LEAST_BYTES, longer);
      host.refusals++;
      const spacingMs = Math.max(FIRST_SPACING_MS, 2 * host.spacingMs);
      host.spacingMs = Math.min(LONGEST_SPACING_MS, spacingMs);
    }
    host.refusedAt = now;
    const first = occupied > 0 ? PAUSE_MS.busy : PAUSE_MS.pace;
    const backoffMs = Math.min(LONGEST_PAUSE_MS, first * 2 ** Math.min(20, host.refusals - 1));
    // Those that it serves go on: what it demands is for requests beside them.
    const demandedMs = occupied > 0 ? 0 : retryAfterMs;
    host.pausedUntil = Math.max(
      host.pausedUntil,
      now + Math.max(demandedMs, backoffMs * (1 - jitter)),
    );
    return host.pausedUntil - now;
  }

  /**
   * Takes back what this mirror's last refusals in a row have taught, since the host accepted anything: they
   * had another reason than a limit.
   */
  acquit(now: number): void {
    const host = this.#at(now);
    if (host.before?.seat !== this) return;
    const { limit, accepted, leastBytes, spacingMs } = host.before;
    Object.assign(host, { limit, accepted, leastBytes, spacingMs });
    host.before = undefined;
    host.refusals = 0;
    host.pausedUntil = now;
  }

  #at(now: number): Host {
    return this.#hostOf(this.#name, now);
  }
}

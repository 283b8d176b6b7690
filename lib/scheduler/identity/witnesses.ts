/**
 * Mirrors that have delivered nothing, and show the last bytes: as many as make them and those that have
 * delivered a majority that the rest cannot change any more, the nearest first. So mirrors of another file that
 * agree with each other do not pass for the file because they are faster. A mirror that gets no work shows them
 * while others deliver what comes before, so that nothing has to wait for it. One with the strong ETag of another
 * speaks for both, and so do those that an earlier download has compared. Only mirrors that have answered
 * before are asked. Pure.
 *
 * @module
 */

import type { ByteRange } from "../../http/byte_range.ts";
import type { Mirror } from "../mirror/mirror.ts";

/** A piece that a mirror is to show. */
export interface CrossCheck {
  readonly mirror: Mirror;
  readonly piece: ByteRange;
  /** The mirror that has sent the piece, or is going to. */
  readonly sender: Mirror;
}

/** The bytes at the highest place that is delivered. */
export interface LastBytes extends Pick<CrossCheck, "piece" | "sender"> {
  /** Mirrors that are known to have the same. */
  readonly known: readonly Mirror[];
  /** Mirrors that are about to deliver. */
  readonly owners: readonly Mirror[];
}

/** A mirror has shown other bytes than another one has sent. */
export interface Contradiction {
  readonly mirror: Mirror;
  readonly sender: Mirror;
  /** Offset of the first byte that differs. */
  readonly at: number;
}

/** How the mirrors stand to what was delivered. */
interface Votes {
  /** Mirrors that have delivered, or shown the last bytes, and those that are known to be like these. */
  readonly same: ReadonlySet<Mirror>;
  /** Those that have shown other bytes, and those that are known to be like them. */
  readonly other: ReadonlySet<Mirror>;
  /** Those that have yet to show something. */
  readonly open: readonly Mirror[];
  /** Those whose first bytes are arriving, so that they can be asked soon. */
  readonly arriving: readonly Mirror[];
}

/** The time now, and until when answers are waited for, in milliseconds. */
interface Times {
  readonly now: number;
  readonly until: number;
}

export class Witnesses {
  readonly #mirrors: readonly Mirror[];
  readonly #isSame: (one: Mirror, other: Mirror) => boolean;
  /** Where the bytes end that each has shown, and that were the same. */
  readonly #shown = new Map<Mirror, number>();
  readonly #contradictions = new Map<Mirror, Contradiction>();
  #last: LastBytes | undefined;

  /** `isSame` reports whether two mirrors are known to have the same file. */
  constructor(mirrors: readonly Mirror[], isSame: (one: Mirror, other: Mirror) => boolean) {
    this.#mirrors = mirrors;
    this.#isSame = isSame;
  }

  /** Notes that a mirror has shown the bytes of another one, or what has yet to arrive. */
  shown({ mirror, piece }: CrossCheck): void {
    this.#shown.set(mirror, piece.end);
  }

  /** Reports whether a mirror that has delivered nothing has shown the bytes before `end`. */
  haveShown(end: number): boolean {
    return [...this.#shown].some(([mirror, to]) => mirror.usedBytes === 0 && to === end);
  }

  /** Whether a mirror has shown other bytes. */
  get isDisputed(): boolean {
    return this.#contradictions.size > 0;
  }

  /** Notes that a mirror has shown other bytes. */
  differs(contradiction: Contradiction): void {
    this.#shown.delete(contradiction.mirror);
    this.#contradictions.set(contradiction.mirror, contradiction);
  }

  /** Forgets what a mirror has shown. */
  forget(mirror: Mirror): void {
    this.#shown.delete(mirror);
    this.#contradictions.delete(mirror);
  }

  discard(): void {
    this.#shown.clear();
    this.#contradictions.clear();
  }

  /**
   * Returns mirrors without work that are to show the last bytes before these arrive: as many as make a majority of
   * all mirrors with those that deliver. `pending` comparisons are under way.
   */
  early({ end }: ByteRange, pending: readonly CrossCheck[]): readonly Mirror[] {
    const all = this.#mirrors.filter(({ alive, failures }) => alive && failures === 0);
    const isIdle = (one: Mirror) =>
      one.idle && one.available && one.usedBytes === 0 && !one.isOneTime;
    const idle = all.filter((one) => isIdle(one) && this.#shown.get(one) !== end);
    if (idle.length === 0) return [];
    const isAsked = (mirror: Mirror) =>
      this.#shown.get(mirror) === end ||
      pending.some((one) => one.mirror === mirror && one.piece.end === end);
    const same = new Set(this.#like(all.filter((one) => one.usedBytes > 0 || isAsked(one)), all));
    const asked: Mirror[] = [];
    for (const mirror of idle.sort((a, b) => a.link.latencyMs - b.link.latencyMs)) {
      if (2 * same.size > all.length) break;
      if (same.has(mirror)) continue;
      asked.push(mirror);
      for (const one of this.#like([mirror], all)) same.add(one);
    }
    return asked;
  }

  /** Returns who has yet to show the last bytes, and can in time; `pending` comparisons are under way. */
  missing(
    last: LastBytes,
    pending: readonly CrossCheck[],
    times: Times,
  ): readonly CrossCheck[] {
    this.#last = last;
    const { piece, sender } = last;
    const { same, other, open, arriving } = this.#votes(times);
    let rest = [...open];
    const checks: CrossCheck[] = [];
    const { now } = times;
    for (const mirror of open.toSorted((a, b) => distance(a, now) - distance(b, now))) {
      const unasked = rest.length + arriving.length;
      if (same.size + open.length - rest.length > other.size + unasked) break;
      if (!rest.includes(mirror)) continue;
      rest = rest.filter((one) => one !== mirror && !this.#isSame(one, mirror));
      const isPending = pending.some((one) => one.mirror === mirror && one.piece.end === piece.end);
      if (!isPending) checks.push({ mirror, piece, sender });
    }
    return checks;
  }

  /** Reports whether mirrors matter that cannot be asked yet, but could show the last bytes in time. */
  areArriving(times: Times): boolean {
    const { same, other, open, arriving } = this.#votes(times);
    return arriving.length > 0 && same.size <= other.size + open.length + arriving.length;
  }

  /**
   * Returns a mirror that has shown other bytes if those that have the same are no majority: none that
   * they might still become, or, if it `isOver`, none at all.
   */
  contradiction(isOver: boolean, now: number): Contradiction | undefined {
    const [latest] = [...this.#contradictions.values()].slice(-1);
    if (latest === undefined) return undefined;
    const { same, other, open, arriving } = this.#votes({ now, until: Infinity });
    const most = isOver ? same.size : same.size + open.length + arriving.length;
    return most > other.size ? undefined : latest;
  }

  #votes({ now, until }: Times): Votes {
    const { known = [], owners = [], piece } = this.#last ?? {};
    const fit = this.#mirrors.filter(({ failures }) => failures === 0);
    const isInTime = (mirror: Mirror) => answersAt(mirror, now) <= until;
    const arriving = fit.filter((mirror) =>
      mirror.pending && mirror.answerMs !== undefined && isInTime(mirror)
    );
    const able = fit.filter(({ available }) => available);
    const other = this.#like([...this.#contradictions.keys()], able);
    const rest = this.#mirrors.filter((mirror) => !other.has(mirror));
    const has = (mirror: Mirror) =>
      known.includes(mirror) || this.#shown.get(mirror) === piece?.end;
    const same = new Set([
      ...this.#like(rest.filter(has), able.filter((mirror) => !other.has(mirror))),
      // They are compared with each other.
      ...rest.filter((mirror) => mirror.usedBytes > 0 || owners.includes(mirror)),
    ]);
    const open = able.filter((one) => !same.has(one) && !other.has(one) && isInTime(one));
    return { same, other, open, arriving };
  }

  /** Returns `mirrors` and those of `others` that are known to have the same file. */
  #like(mirrors: readonly Mirror[], others: readonly Mirror[]): ReadonlySet<Mirror> {
    const like = new Set(mirrors);
    for (const one of like) {
      for (const other of others) if (this.#isSame(one, other)) like.add(other);
    }
    return like;
  }
}

/** Returns when a mirror has shown a piece that it is asked for, or is to be asked for now. */
function answersAt({ live, link: { latencyMs } }: Mirror, now: number): number {
  const checks = live.filter(({ kind }) => kind === "check");
  return Math.min(...checks.map(({ startedAt }) => startedAt), now) + latencyMs;
}

/** Returns about how many milliseconds a mirror takes to answer: one that is late becomes more distant. */
function distance({ live, link: { latencyMs } }: Mirror, now: number): number {
  return Math.max(latencyMs, ...live.map(({ activeAt }) => now - activeAt));
}

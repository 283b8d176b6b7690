/**
 * Which mirrors that deliver parts of one file are to be compared with one another, and where. A mirror is
 * compared with what others have sent when it has delivered its first bytes, and again after each so many
 * times as many; mirrors with the same strong ETag once. Before the download ends, comparisons connect all
 * mirrors that have delivered: of any two, one has shown the bytes at the highest place where the other has
 * sent some, or higher ones, or a third one has done so for both. So files that are the same up to any byte,
 * and differ from there on, are never put together. Zeros do not count, as a file that is not complete may have
 * them in place of the rest. Others show the last bytes, too (`witnesses.ts`). Pure: randomness is passed in.
 *
 * @module
 */

import type { ByteRange } from "../../http/byte_range.ts";
import type { Ledger } from "../bytes/ledger.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { LiveRequest } from "../requests/live_request.ts";
import { commonEnd, connecting, type Group, Links } from "./group_links.ts";
import { behindSample, type Landmark, type Landmarks } from "./pieces.ts";
import { type Contradiction, type CrossCheck, Witnesses } from "./witnesses.ts";

/** One that may be sent, and about how many milliseconds its answer takes. */
interface PlannedCheck extends CrossCheck {
  readonly cost: number;
}

/** What is known of one mirror. */
interface MirrorRecord {
  /** Its strong ETag: `undefined` for none, or if it has changed. */
  tag: string | undefined;
  isTagged: boolean;
  /** Whether an earlier download has compared it with others. */
  isTrusted: boolean;
  /** Number of comparisons with other mirrors, and all bytes that were used by the last of them. */
  comparisons: number;
  comparedAt: number;
  /** All bytes that were used when pieces were looked for last. */
  lookedAt: number;
}

/** A mirror is compared again after this many bytes, and after each so many times as many. */
const INTERVAL = 64 * 1024;
const GROWTH = 4;
/** One with the strong ETag of the first mirror is compared at the end, or after so many bytes. */
const SAME_TAG_BYTES = 4 * 1024 * 1024;
/** Pieces to compare are looked for again after this many bytes. */
const LOOK_INTERVAL = 16 * 1024;
/** Length of a piece at the end of what a request will deliver, in bytes; and the least. */
const PIECE = 1024;
const LEAST_PIECE = 64;
/** The most comparisons that are remembered. */
const MOST_SHOWN = 512;

/** Plans the comparisons of the mirrors of one download. */
export class Comparisons {
  readonly #mirrors: readonly Mirror[];
  readonly #landmarks: Landmarks;
  readonly #random: () => number;
  readonly #records = new Map<Mirror, MirrorRecord>();
  readonly #witnesses: Witnesses;
  #shown: CrossCheck[] = [];
  /** The mirror that delivered first. */
  #first: Mirror | undefined;

  constructor(mirrors: readonly Mirror[], landmarks: Landmarks, random: () => number) {
    this.#mirrors = mirrors;
    this.#landmarks = landmarks;
    this.#random = random;
    this.#witnesses = new Witnesses(mirrors, (one, other) => this.#areAlike(one, other));
  }

  /** The mirror that delivered first. */
  get first(): Mirror | undefined {
    return this.#first;
  }

  /** Notes the ETag with which a mirror serves the file. */
  tag(mirror: Mirror, etag: string | undefined): void {
    const record = this.#of(mirror);
    const strong = etag?.startsWith('"') ? etag : undefined;
    // One that changes proves nothing about others.
    record.tag = record.isTagged && record.tag !== strong ? undefined : strong;
    record.isTagged = true;
  }

  /** Notes that an earlier download has compared a mirror: that counts for those with the same ETag. */
  trust(mirror: Mirror): void {
    this.#of(mirror).isTrusted = true;
  }

  /** Notes that bytes of a mirror are used. */
  used(mirror: Mirror): void {
    this.#first ??= mirror;
  }

  /** Forgets the bytes that were used: they were discarded. */
  discard(): void {
    this.#first = undefined;
    this.#shown = [];
    this.#witnesses.discard();
    for (const record of this.#records.values()) {
      record.comparisons = record.comparedAt = record.lookedAt = 0;
    }
  }

  /** Reports whether a mirror was compared with others behind the first bytes. */
  isCompared(mirror: Mirror): boolean {
    const { comparisons, isTrusted } = this.#of(mirror);
    return comparisons > 0 || isTrusted || mirror === this.#first;
  }

  /** Returns a piece that a mirror is to show now, as it has delivered more than before. */
  due(mirror: Mirror): CrossCheck | undefined {
    const record = this.#records.get(mirror);
    if (record === undefined || mirror === this.#first || this.#first === undefined) return;
    const { comparisons, comparedAt, lookedAt, isTrusted } = record;
    const bytes = mirror.usedBytes;
    if (bytes === 0 || (lookedAt > 0 && bytes < lookedAt + LOOK_INTERVAL)) return;
    const isAsFirst = this.#haveSameTag(mirror, this.#first);
    if (isAsFirst && (comparisons > 0 || isTrusted || bytes < SAME_TAG_BYTES)) return;
    if (comparisons > 0 && bytes < Math.max(INTERVAL, GROWTH * comparedAt)) return;
    record.lookedAt = bytes;
    const pieces = this.#piecesFor(mirror);
    // First the highest, as files that differ do so from some byte on; then any.
    const at = comparisons === 0 ? -1 : Math.floor(this.#random() * pieces.length);
    const piece = pieces.at(at);
    return piece && { mirror, piece, sender: this.#mirrors[piece.source]! };
  }

  /** Returns pieces of others that a mirror has not shown, lowest first. */
  #piecesFor(mirror: Mirror): readonly (Landmark & { source: number })[] {
    const shown = new Set(
      this.#shown.filter((one) => one.mirror === mirror).map(({ piece }) => piece.start),
    );
    return behindSample(this.#landmarks).flatMap((piece) => {
      const { source, start } = piece;
      if (typeof source !== "number" || shown.has(start)) return [];
      const sender = this.#mirrors[source]!;
      if (sender === mirror || (sender !== this.#first && !this.isCompared(sender))) return [];
      return [{ ...piece, source }];
    });
  }

  /** Reports whether a piece is known, or going to be. */
  isOfUse({ sender, piece }: CrossCheck, requests: Iterable<LiveRequest>): boolean {
    return this.#landmarks.has(piece) ||
      [...requests].some((one) => one.mirror === sender && isComing(piece, one));
  }

  /** Notes that a mirror has shown a piece of another one. */
  shown(check: CrossCheck): void {
    this.#shown.push(check);
    if (this.#shown.length > MOST_SHOWN) this.#shown.shift();
    this.#witnesses.shown(check);
    // What has yet to arrive is compared with nothing so far.
    if (check.mirror.usedBytes === 0 && !this.#landmarks.has(check.piece)) return;
    for (const mirror of [check.mirror, check.sender]) {
      const record = this.#of(mirror);
      record.comparisons++;
      record.comparedAt = mirror.usedBytes;
    }
  }

  /** Forgets that a mirror has shown a byte, as what has arrived there since is not the same. */
  refute(mirror: Mirror, at: number): void {
    const isWrong = (one: CrossCheck) =>
      one.mirror === mirror && one.piece.start <= at && at < one.piece.end;
    this.#shown = this.#shown.filter((one) => !isWrong(one));
    this.#of(mirror).comparisons = 0;
  }

  /**
   * Notes that a mirror that has delivered nothing has shown other bytes than another one has sent. Returns that,
   * if most mirrors cannot have those that were delivered.
   */
  differs(contradiction: Contradiction, now: number): Contradiction | undefined {
    this.#witnesses.differs(contradiction);
    return this.#witnesses.contradiction(false, now);
  }

  /** Returns a mirror that has shown other bytes, if no more mirrors have shown the same. */
  contradiction(now: number): Contradiction | undefined {
    return this.#witnesses.contradiction(true, now);
  }

  /** Reports whether mirrors may yet matter whose first bytes are arriving, and that can show bytes by `until`. */
  areArriving(until: number, now: number): boolean {
    return this.#witnesses.areArriving({ until, now });
  }

  /** Reports whether one mirror, or several that say that they are the same, have delivered all, unseen by others. */
  get isLone(): boolean {
    const [only, ...others] = this.#groups([]);
    return only !== undefined && others.length === 0 && !this.#witnesses.haveShown(only.top);
  }

  /** Whether a mirror that has delivered nothing has shown other bytes. */
  get isDisputed(): boolean {
    return this.#witnesses.isDisputed;
  }

  /**
   * Returns checks of the last bytes for mirrors that have no work; `pending` ones are under way. These bytes have
   * been received and are known, or have yet to arrive: what has arrived in part could not be compared.
   */
  early(
    { start: first, end, received }: Pick<Ledger, "start" | "end" | "received">,
    pending: readonly CrossCheck[],
  ): readonly CrossCheck[] {
    const piece = { start: Math.max(first, end - PIECE), end };
    const isAhead = (received.at(-1)?.end ?? first) <= piece.start;
    const sender = this.#senderOf(piece) ?? this.#first;
    if (sender === undefined || !(isAhead || this.#landmarks.has(piece))) return [];
    return this.#witnesses.early(piece, pending).map((mirror) => ({ mirror, piece, sender }));
  }

  /** Returns a check with the mirror that has sent its bytes, as far as that is known by now. */
  resolved<Check extends CrossCheck>(check: Check): Check {
    return { ...check, sender: this.#senderOf(check.piece) ?? check.sender };
  }

  #senderOf(piece: ByteRange): Mirror | undefined {
    const source = this.#landmarks.senderOf(piece);
    return source === undefined ? undefined : this.#mirrors[source];
  }

  /** Forgets what a mirror has shown of the last bytes: it begins anew. */
  forget(mirror: Mirror): void {
    this.#witnesses.forget(mirror);
  }

  /**
   * Returns the comparisons that are missing to connect all mirrors that have delivered: requests with
   * these `claims` are under way, and so are `pending` comparisons. Those that no mirror can show now are not
   * among them. Others are to show the last bytes, too, if they can by `until`; `undefined`: none is.
   */
  missing(
    claims: readonly LiveRequest[],
    pending: readonly CrossCheck[],
    until: number | undefined,
    now: number,
  ): readonly CrossCheck[] {
    if (this.#first === undefined || this.#landmarks.learned.length === 0) return [];
    const groups = this.#groups(claims);
    const links = this.#links(groups, claims, pending);
    const checks = connecting(
      groups,
      links,
      (one, other) => this.#between(one, other, claims, now),
    );
    const [highest] = groups;
    const piece = highest && this.#lastPiece(highest, claims);
    if (piece === undefined || until === undefined) return checks;
    const { last: sender, mirrors: known } = highest!;
    const last = { piece, sender, known, owners: claims.map(({ mirror }) => mirror) };
    return [...checks, ...this.#witnesses.missing(last, pending, { until, now })];
  }

  /** Returns what comparisons have shown of groups, or are about to. */
  #links(
    groups: readonly Group[],
    claims: readonly LiveRequest[],
    pending: readonly CrossCheck[],
  ): Links {
    const links = new Links();
    for (const { mirror, piece, sender } of [...this.#shown, ...pending]) {
      // A mirror that has zeros in place of the rest of the file shows these, too.
      if (this.#landmarks.isEmpty(piece)) continue;
      const isExpected = claims.some((one) => one.mirror === sender && isComing(piece, one));
      const actual = isExpected ? sender : this.#senderOf(piece);
      const one = groups.findIndex(({ mirrors }) => mirrors.includes(mirror));
      const other = groups.findIndex(({ mirrors }) => actual && mirrors.includes(actual));
      if (one < 0 || other < 0) continue;
      links.add(one, other, this.#haveSameTag(mirror, actual!) ? Infinity : piece.end);
    }
    return links;
  }

  /** Returns the mirrors that have delivered, those together that are known to be the same, highest first. */
  #groups(claims: readonly LiveRequest[]): Group[] {
    const groups = new Map<string | Mirror, Group>();
    for (const [index, mirror] of this.#mirrors.entries()) {
      if (mirror.usedBytes === 0) continue;
      const { tag } = this.#of(mirror);
      const ends = claims.filter((claim) => claim.mirror === mirror).map((claim) => claim.claimEnd);
      const top = Math.max(this.#landmarks.lastOf(index)?.end ?? 0, ...ends);
      const reach = Math.max(this.#landmarks.reachOf(index), ...ends);
      const key = this.isCompared(mirror) && tag !== undefined ? tag : mirror;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { mirrors: [mirror], top, reach, last: mirror });
      else {
        group.mirrors.push(mirror);
        group.reach = Math.max(group.reach, reach);
        if (top > group.top) [group.top, group.last] = [top, mirror];
      }
    }
    return [...groups.values()].sort((one, other) => other.top - one.top);
  }

  /** Returns the soonest comparison of the last bytes of one group by the other. */
  #between(
    one: Group,
    other: Group,
    claims: readonly LiveRequest[],
    now: number,
  ): PlannedCheck | undefined {
    const end = commonEnd(one, other);
    const ways = [[one, other], [other, one]].flatMap(([by, of]) => {
      const piece = this.#lastPiece(of!, claims);
      if (piece === undefined || piece.end < end) return [];
      // A piece that a mirror has already shown proves nothing new, even if other mirrors sent parts of it.
      const able = by!.mirrors.filter((mirror) =>
        mirror.available && !this.#hasShown(mirror, piece)
      );
      return able.map((mirror) => ({
        mirror,
        piece,
        sender: of!.last,
        cost: answerMs(mirror, now),
      }));
    });
    return ways.sort((a, b) => a.cost - b.cost)[0];
  }

  #hasShown(mirror: Mirror, { start, end }: ByteRange): boolean {
    return this.#shown.some((one) =>
      one.mirror === mirror && one.piece.start === start && one.piece.end === end
    );
  }

  #lastPiece({ top, last }: Group, claims: readonly LiveRequest[]): ByteRange | undefined {
    const piece = this.#landmarks.lastOf(this.#mirrors.indexOf(last));
    if (piece !== undefined && piece.end >= top) return piece;
    const claim = claims.find(({ mirror, claimEnd }) => mirror === last && claimEnd === top);
    if (claim === undefined) return piece;
    const start = Math.max(claim.position, top - PIECE);
    return top - start >= LEAST_PIECE ? { start, end: top } : undefined;
  }

  /** Reports whether two mirrors are known to have the same file. */
  #areAlike(one: Mirror, other: Mirror): boolean {
    const areTrusted = this.#of(one).isTrusted && this.#of(other).isTrusted;
    return areTrusted || this.#haveSameTag(one, other);
  }

  #haveSameTag(one: Mirror, other: Mirror): boolean {
    const { tag } = this.#of(one);
    return tag !== undefined && tag === this.#of(other).tag;
  }

  #of(mirror: Mirror): MirrorRecord {
    let record = this.#records.get(mirror);
    if (record === undefined) {
      record = {
        tag: undefined,
        isTagged: false,
        isTrusted: false,
        comparisons: 0,
        comparedAt: 0,
        lookedAt: 0,
      };
      this.#records.set(mirror, record);
    }
    return record;
  }
}

/** Reports whether a request owns a piece, of which something has yet to arrive. */
function isComing(piece: ByteRange, { start, position, claimEnd }: LiveRequest): boolean {
  return start <= piece.start && position < piece.end && piece.end <= claimEnd;
}

/**
 * Returns about how many milliseconds a mirror takes to show a piece: one that should be delivering, but
 * has gone silent, may not answer, either.
 */
function answerMs({ live, maxConnections, link, deliveredAt }: Mirror, now: number): number {
  const turns = Math.max(1, live.length + 2 - maxConnections);
  return link.latencyMs * turns + (live.length > 0 ? now - deliveredAt : 0);
}

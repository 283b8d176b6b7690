/**
 * Which mirrors that deliver parts of one file are to be compared with one another, and where. A mirror is
 * compared with what others have sent when it has delivered its first bytes, and again after each so many
 * times as many; mirrors with the same strong ETag once. Before the download ends, comparisons connect all
 * mirrors that have delivered: of any two, one has shown the bytes at the highest place where the other has
 * sent some, or higher ones, or a third one has done so for both. So files that are the same up to any byte,
 * and differ from there on, are never put together. If one mirror has delivered everything, another one shows
 * the last bytes. Pure: randomness is passed in.
 *
 * @module
 */

import type { ByteRange } from "../../http/byte_range.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { LiveRequest } from "../requests/live_request.ts";
import { connecting, type Group, Links } from "./group_links.ts";
import { behindSample, type Landmark, type Landmarks } from "./pieces.ts";

/** A piece that a mirror is to show. */
export interface CrossCheck {
  readonly mirror: Mirror;
  readonly piece: ByteRange;
  /** The mirror that has sent the piece, or is going to. */
  readonly sender: Mirror;
}

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
  #shown: CrossCheck[] = [];
  /** The mirror that delivered first. */
  #first: Mirror | undefined;

  constructor(mirrors: readonly Mirror[], landmarks: Landmarks, random: () => number) {
    this.#mirrors = mirrors;
    this.#landmarks = landmarks;
    this.#random = random;
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
   * Returns the comparisons that are missing to connect all mirrors that have delivered: requests with
   * these `claims` are under way, and so are `pending` comparisons. Those that no mirror can show now are not
   * among them. `witnessed`: if one mirror has delivered everything, another one is to show its last bytes.
   */
  missing(
    claims: readonly LiveRequest[],
    pending: readonly CrossCheck[],
    witnessed: boolean,
    now: number,
  ): readonly CrossCheck[] {
    if (this.#first === undefined || this.#landmarks.learned.length === 0) return [];
    const groups = this.#groups(claims);
    const [only, ...others] = groups;
    if (only !== undefined && others.length === 0 && witnessed) {
      groups.push(...this.#witnesses(only, now));
    }
    if (groups.length < 2) return [];
    const links = this.#links(groups, claims, pending);
    return connecting(groups, links, (one, other) => this.#between(one, other, claims, now));
  }

  /** Returns what comparisons have shown of groups, or are about to. */
  #links(
    groups: readonly Group[],
    claims: readonly LiveRequest[],
    pending: readonly CrossCheck[],
  ): Links {
    const links = new Links();
    for (const { mirror, piece, sender } of [...this.#shown, ...pending]) {
      const isExpected = claims.some((one) => one.mirror === sender && isComing(piece, one));
      const source = this.#landmarks.senderOf(piece);
      const actual = isExpected
        ? sender
        : source === undefined
        ? undefined
        : this.#mirrors[source]!;
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
      const key = this.isCompared(mirror) && tag !== undefined ? tag : mirror;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { mirrors: [mirror], top, last: mirror });
      else {
        group.mirrors.push(mirror);
        if (top > group.top) [group.top, group.last] = [top, mirror];
      }
    }
    return [...groups.values()].sort((one, other) => other.top - one.top);
  }

  /**
   * Returns the nearest mirror that has delivered nothing, and whose tag does not say that it is the same: one
   * that does not answer becomes more distant. There is no need of one if another one has shown the last bytes.
   */
  #witnesses({ mirrors, top }: Group, now: number): readonly Group[] {
    if (mirrors.some((mirror) => this.#of(mirror).isTrusted)) return [];
    const isShown = this.#shown.some(({ mirror, sender, piece }) =>
      mirror.usedBytes === 0 && mirrors.includes(sender) && piece.end >= top
    );
    if (isShown) return [];
    const able = this.#mirrors.filter((mirror) =>
      mirror.usedBytes === 0 && mirror.available && mirror.servesRanges && mirror.failures === 0
    );
    // One with the same tag as the sender would prove nothing, and there is no need of another one.
    if (able.some((mirror) => mirrors.some((one) => this.#haveSameTag(one, mirror)))) return [];
    const distance = ({ live, link: { latencyMs } }: Mirror) =>
      latencyMs + Math.max(0, ...live.map(({ activeAt }) => now - activeAt));
    const [nearest] = able.sort((a, b) => distance(a) - distance(b));
    return nearest === undefined ? [] : [{ mirrors: [nearest], top, last: nearest }];
  }

  /** Returns the soonest comparison of the last bytes of one group by the other. */
  #between(
    one: Group,
    other: Group,
    claims: readonly LiveRequest[],
    now: number,
  ): PlannedCheck | undefined {
    const ways = [[one, other], [other, one]].flatMap(([by, of]) => {
      const piece = this.#lastPiece(of!, claims);
      if (piece === undefined) return [];
      // A piece that a mirror has already shown proves nothing new, even if other mirrors sent parts of it.
      const able = by!.mirrors.filter((mirror) =>
        mirror.available && mirror.servesRanges && !this.#hasShown(mirror, piece)
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

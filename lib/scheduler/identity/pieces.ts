/**
 * The pieces of the file that are known, and the choice of those that a mirror is compared with. Pure:
 * randomness is passed in.
 *
 * @module
 */

import type { ByteRange } from "../../http/byte_range.ts";

/** A piece of the file whose bytes or digest are known. */
export interface Landmark extends ByteRange {
  /** The mirror that sent it; `known` from before the download, `undefined` if several sent some of it. */
  readonly source?: number | "known" | undefined;
}

/** Pieces of the file that are known. */
export interface Landmarks {
  /** Pieces that were known before the download, lowest first: every mirror has to have them. */
  readonly given: readonly ByteRange[];
  /** Other pieces, in the order in which they began to arrive. */
  readonly learned: readonly Landmark[];
  /** The piece that was learned last. */
  readonly latest: ByteRange | undefined;
  /** Reports whether a piece is still known: as the file grows, some are forgotten. */
  has(piece: ByteRange): boolean;
  /** Returns the bytes up to the last one that a mirror has sent and that is not zero; `undefined` for none. */
  lastOf(mirror: number): ByteRange | undefined;
  /** Returns where the bytes end that a mirror has sent, zeros too; 0 for none. */
  reachOf(mirror: number): number;
  /** Reports whether a piece is known and has nothing but zeros, which are in many files. */
  isEmpty(piece: ByteRange): boolean;
  /** Returns the mirror that sent a piece; `undefined` if it is not known, or several sent some of it. */
  senderOf(piece: ByteRange): number | undefined;
}

export const NO_LANDMARKS: Landmarks = {
  given: [],
  learned: [],
  latest: undefined,
  has: () => false,
  lastOf: () => undefined,
  reachOf: () => 0,
  isEmpty: () => false,
  senderOf: () => undefined,
};

/** Least number of random pieces of a question. */
const LEAST_RANDOM = 1;
/** Most random pieces of a question, while all are less than this share of the bytes received. */
const MOST_RANDOM = 6;
const QUESTION_SHARE = 1 / 1000;
/** Pieces of the file that a mirror is compared with before it is admitted, where more are given. */
const MOST_GIVEN = 8;

/** The mirrors' first bytes have been compared when they answered: as many as this. */
const SAMPLE = 12 * 1024;

/** Returns the pieces that were learned behind the first bytes, lowest first. */
export function behindSample({ learned }: Landmarks): readonly Landmark[] {
  const sorted = learned.toSorted((one, other) => one.start - other.start);
  const first = sorted[0]?.start ?? 0;
  return sorted.filter(({ start }) => start >= first + SAMPLE);
}

/** Chooses pieces of one file. */
export class Pieces {
  readonly #landmarks: Landmarks;
  readonly #random: () => number;
  /** Whether an earlier download knew some. */
  readonly areEarlier: boolean;

  constructor(landmarks: Landmarks, random: () => number) {
    this.#landmarks = landmarks;
    this.#random = random;
    this.areEarlier = landmarks.learned.some(({ source }) => source === "known");
  }

  /** Reports whether a piece is still known. */
  has(piece: ByteRange): boolean {
    return this.#landmarks.has(piece);
  }

  /** Whether pieces are known that every mirror has to have. */
  get areGiven(): boolean {
    return this.#landmarks.given.length > 0;
  }

  /** Chooses the highest and the lowest of those that a mirror has sent, where there are several. */
  sentBy(mirror: number): ByteRange[] {
    const sent = this.#landmarks.learned.filter(({ source }) => source === mirror)
      .sort((one, other) => one.start - other.start);
    return sent.length < 2 ? [] : [sent.at(-1)!, sent[0]!];
  }

  /** Chooses pieces of those that every mirror has to have, with the latest one or without. */
  given(withLatest: boolean): ByteRange[] {
    const { given, latest } = this.#landmarks;
    const chosen = new Set([given[0]!, given.at(-1)!]);
    this.#addRandom(chosen, given, MOST_GIVEN - 2);
    if (withLatest && latest !== undefined) chosen.add(latest);
    return [...chosen];
  }

  /**
   * Chooses the first, the latest and random pieces, the last one of earlier downloads, and the highest one
   * that `mirror` has sent; all where they are few.
   */
  spread(mirror?: number): ByteRange[] {
    const { latest, learned } = this.#landmarks;
    const all = this.#all;
    if (all.length === 0) return [];
    const chosen = new Set([all.reduce((one, other) => other.start < one.start ? other : one)]);
    for (const sender of ["known", mirror]) {
      const sent = learned.filter(({ source }) => source !== undefined && source === sender);
      if (sent.length === 0) continue;
      chosen.add(sent.reduce((one, other) => other.start > one.start ? other : one));
    }
    if (latest !== undefined) chosen.add(latest);
    const known = all.reduce((most, { end }) => Math.max(most, end), 0);
    const { start, end } = all[0]!;
    const affordable = Math.floor(known * QUESTION_SHARE / (end - start));
    const count = Math.max(LEAST_RANDOM, Math.min(MOST_RANDOM, affordable));
    this.#addRandom(chosen, all, count);
    return [...chosen];
  }

  /** Chooses the piece that was learned last. */
  latest(): ByteRange[] {
    const { latest } = this.#landmarks;
    return latest === undefined ? this.random() : [latest];
  }

  /** Chooses any piece. */
  random(): ByteRange[] {
    const chosen = new Set<ByteRange>();
    this.#addRandom(chosen, this.#all, 1);
    return [...chosen];
  }

  get #all(): readonly ByteRange[] {
    const { given, learned } = this.#landmarks;
    return [...given, ...learned];
  }

  /** Adds up to `count` of `pieces` that are not among the chosen ones. */
  #addRandom(chosen: Set<ByteRange>, pieces: readonly ByteRange[], count: number): void {
    const others = pieces.filter((piece) => !chosen.has(piece));
    for (let left = count; left > 0 && others.length > 0; left--) {
      const [piece] = others.splice(Math.floor(this.#random() * others.length), 1);
      chosen.add(piece!);
    }
  }
}

/**
 * Pieces of the file that mirrors are compared with: some that the caller knows by their digests, some
 * of what arrives, spread evenly over it, the last bytes of each mirror, and what is asked for to compare
 * it, which may arrive later. Their number is bounded: as the file grows, the distance between those
 * that are spread doubles.
 *
 * @module
 */

import type { ByteRange } from "../../http/byte_range.ts";
import { IntervalSet } from "../../scheduler/bytes/ledger.ts";
import type { Landmark, Landmarks } from "../../scheduler/identity/pieces.ts";
import { sha256Of } from "../../hashing/platform_hash.ts";
import { GivenPieces, type KnownPiece } from "./known_pieces.ts";

/** Length of a piece, in bytes. */
const PIECE = 1024;
/** Initial distance between the beginnings of pieces, in bytes. */
const STRIDE = 16 * 1024;
/** Maximum number of pieces: half a mebibyte in all. */
const MOST_PIECES = 512;
/** Maximum share of the window that pieces take. */
const MOST_SHARE = 1 / 16;
/** So many pieces are kept in the smallest window, too. */
const LEAST_PIECES = 64;

/** Maximum number of pieces that later downloads may use. */
const MOST_LEARNED = 32;

/** Maximum number of pieces that are kept because they were asked for. */
const MOST_KEPT = 128;

/** A piece that has arrived, or some of it. */
interface Piece extends Landmark {
  source: number | undefined;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Who has sent what of it, where several did. */
  readonly parts: (ByteRange & { readonly mirror: number })[];
  /** What is missing of it; `undefined` for nothing. */
  missing: IntervalSet | undefined;
  /** What other mirrors have shown before all of it arrived, until it was compared. */
  shown: Shown[];
}

/** The bytes that a mirror showed for a piece. */
interface Shown {
  readonly mirror: number;
  readonly bytes: Uint8Array;
}

/** The last bytes of a mirror. */
interface Last extends ByteRange {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Bytes that two mirrors sent, and that differ. */
export interface Difference {
  /** Offset of the first byte that differs. */
  readonly at: number;
  /** The mirror that sent the other one; `undefined` if that is not known. */
  readonly other: number | undefined;
}

/** What a comparison has shown. */
export interface Compared {
  /** Offset of the first byte that differs; `undefined` for none. */
  readonly differsAt: number | undefined;
  /** Whether the piece has yet to arrive, and is compared as it does: so far, nothing is proved. */
  readonly isPending: boolean;
}

/** Compares a piece with the bytes that a mirror sent for it; `undefined` if they are too few to tell. */
export type Comparer = (bytes: Uint8Array<ArrayBuffer>) => Promise<Compared | undefined>;

/** Fewer bytes than this tell nothing where they are not all of a piece. */
const LEAST_COMPARED = 64;

/** The landmarks of one download. */
export class FileLandmarks implements Landmarks {
  readonly given: readonly KnownPiece[];
  readonly #earlier: readonly KnownPiece[];
  readonly #start: number;
  readonly #pieces = new Map<number, Piece>();
  /** Pieces that were asked for, in this order. */
  #kept: Piece[] = [];
  readonly #lasts = new Map<number, Last>();
  /** Where the bytes end that each mirror has sent. */
  readonly #reaches = new Map<number, number>();
  #stride = STRIDE;
  #most = MOST_PIECES;
  #latest: Piece | undefined;

  /**
   * `start` is the first byte that will arrive, `given` are the pieces that every mirror has to have;
   * `earlier` are those that earlier downloads have learned.
   */
  constructor(
    start: number,
    given: readonly KnownPiece[] = [],
    earlier: readonly KnownPiece[] = [],
  ) {
    this.#start = start;
    this.#earlier = earlier;
    this.given = given.toSorted((one, other) => one.start - other.start);
  }

  /** Sets the window of the download: where it is small, fewer pieces are kept. */
  set windowSize(bytes: number) {
    const fitting = Math.floor(bytes * MOST_SHARE / PIECE);
    this.#most = Math.max(LEAST_PIECES, Math.min(MOST_PIECES, fitting));
  }

  get learned(): readonly Landmark[] {
    const arrived = [...this.#pieces.values()].filter(({ missing }) => missing === undefined);
    return [...this.#earlier.map((piece) => ({ ...piece, source: "known" as const })), ...arrived];
  }

  get latest(): ByteRange | undefined {
    return this.#latest;
  }

  has(range: ByteRange): boolean {
    if (this.#knownOf(range) !== undefined || this.#lastAt(range) !== undefined) return true;
    const piece = this.#pieceOf(range);
    return piece !== undefined && piece.missing === undefined;
  }

  lastOf(mirror: number): ByteRange | undefined {
    const last = this.#lasts.get(mirror);
    return last && { start: last.start, end: last.end };
  }

  reachOf(mirror: number): number {
    return this.#reaches.get(mirror) ?? 0;
  }

  isEmpty(range: ByteRange): boolean {
    const piece = this.#pieceOf(range);
    if (piece === undefined || piece.missing !== undefined) return false;
    return lengthWithoutZeros(piece.bytes) === 0;
  }

  senderOf(range: ByteRange): number | undefined {
    const piece = this.#pieceOf(range);
    if (piece === undefined) return this.#lastAt(range)?.[0];
    return piece.missing === undefined ? piece.source : undefined;
  }

  /** Returns at most `most` of the pieces that have arrived, spread evenly, by their digests. */
  async digests(most: number = MOST_LEARNED): Promise<KnownPiece[]> {
    const arrived = [...this.#pieces.values()]
      .filter(({ missing }) => missing === undefined)
      .sort((one, other) => one.start - other.start);
    const chosen = arrived.filter((_, index) =>
      Math.floor(index * most / arrived.length) !== Math.floor((index - 1) * most / arrived.length)
    );
    return await Promise.all(chosen.map(async ({ start, end, bytes }) => {
      return { start, end, sha256: await sha256Of(bytes) };
    }));
  }

  /**
   * Learns pieces from the bytes at `offset`, in a file that ends at `end` (`Infinity` if unknown), and
   * compares them with pieces that are known; `mirror` has sent them. Returns where they differ.
   */
  learn(offset: number, bytes: Uint8Array, end: number, mirror: number): Difference | undefined {
    const to = Math.min(end, offset + bytes.byteLength);
    // First, as bytes that differ from what another mirror has shown are not used.
    for (const piece of this.#kept) {
      const overlaps = piece.start < to && offset < piece.end;
      const difference = overlaps ? this.#fill(piece, offset, bytes, mirror) : undefined;
      if (difference !== undefined) return difference;
    }
    const before = Math.max(0, offset - this.#start - PIECE + 1);
    let at = this.#placeFrom(before);
    while (at < to) {
      const difference = this.#fill(this.#pieceAt(at, end, mirror), offset, bytes, mirror);
      if (difference !== undefined) return difference;
      // The distance may have doubled.
      at = this.#placeFrom(at - this.#start + 1);
    }
    if (offset < to) this.#noteLast(offset, bytes.subarray(0, to - offset), mirror);
    return undefined;
  }

  /** Returns the first place of a piece that is at least so many bytes behind the start. */
  #placeFrom(distance: number): number {
    return this.#start + Math.ceil(distance / this.#stride) * this.#stride;
  }

  /**
   * Notes the last of the bytes at `offset` if they are the highest that a mirror has sent. Zeros tell nothing:
   * a file may end with them, and so does one that is not complete, but has its size.
   */
  #noteLast(offset: number, bytes: Uint8Array, mirror: number): void {
    this.#reaches.set(mirror, Math.max(this.reachOf(mirror), offset + bytes.byteLength));
    let last = this.#lasts.get(mirror);
    const isHigher = (end: number) => last === undefined || last.end < end;
    if (!isHigher(offset + bytes.byteLength)) return;
    const length = lengthWithoutZeros(bytes);
    const end = offset + length;
    if (length === 0 || !isHigher(end)) return;
    const tail = bytes.subarray(Math.max(0, length - PIECE), length);
    const buffer = last?.bytes ?? new Uint8Array(PIECE);
    // A short chunk goes on behind what came before.
    const known = last?.end === offset ? Math.min(last.end - last.start, PIECE - tail.length) : 0;
    if (known > 0) buffer.copyWithin(0, last!.end - last!.start - known, last!.end - last!.start);
    buffer.set(tail, known);
    last = { start: end - tail.length - known, end, bytes: buffer };
    this.#lasts.set(mirror, last);
  }

  /** Keeps a piece that a mirror is asked for, so that it can be compared; it may have yet to arrive. */
  keep(range: ByteRange): void {
    if (this.#pieceOf(range) !== undefined || this.#knownOf(range) !== undefined) return;
    const piece = newPiece(range, undefined);
    const [source, last] = this.#lastAt(range) ?? [];
    if (last !== undefined) {
      piece.source = source;
      piece.bytes.set(last.bytes.subarray(0, piece.bytes.length));
      piece.missing = undefined;
    }
    this.#kept.push(piece);
    if (this.#kept.length > MOST_KEPT) this.#kept.shift();
  }

  #lastAt({ start, end }: ByteRange): [mirror: number, last: Last] | undefined {
    return [...this.#lasts].find(([, last]) => last.start === start && last.end === end);
  }

  #pieceOf({ start, end }: ByteRange): Piece | undefined {
    const piece = this.#pieces.get(start);
    if (piece?.end === end && piece.missing === undefined) return piece;
    return this.#kept.find((one) => one.start === start && one.end === end);
  }

  #knownOf({ start, end }: ByteRange): KnownPiece | undefined {
    const is = (one: KnownPiece) => one.start === start && one.end === end;
    return this.given.find(is) ?? this.#earlier.find(is);
  }

  /** Compares a body that begins with the first byte of the file with the given pieces, as it arrives. */
  follow(): GivenPieces {
    return new GivenPieces(this.given);
  }

  /** Forgets what has been learned: it was another file. */
  clear(): void {
    this.#pieces.clear();
    this.#kept = [];
    this.#lasts.clear();
    this.#reaches.clear();
    this.#latest = undefined;
    this.#stride = STRIDE;
  }

  /** Returns a function that compares a piece with the bytes that `mirror` sends for it. */
  comparer(range: ByteRange, mirror: number): Comparer | undefined {
    const { start, end } = range;
    const piece = this.#pieceOf(range);
    if (piece !== undefined) {
      const least = Math.min(LEAST_COMPARED, end - start);
      return (bytes) => {
        if (bytes.byteLength < least) return Promise.resolve(undefined);
        const isPending = piece.missing !== undefined;
        return Promise.resolve({ differsAt: show(piece, { mirror, bytes }), isPending });
      };
    }
    const known = this.#knownOf(range);
    if (known === undefined) return undefined;
    // A digest may be shortened to its beginning.
    return async (bytes) => {
      if (bytes.byteLength < end - start) return undefined;
      const isSame = (await sha256Of(bytes)).startsWith(known.sha256);
      return { differsAt: isSame ? undefined : start, isPending: false };
    };
  }

  /** Returns the piece that begins at `at`. */
  #pieceAt(at: number, fileEnd: number, source: number): Piece {
    let piece = this.#pieces.get(at);
    if (piece === undefined) {
      piece = newPiece({ start: at, end: Math.min(at + PIECE, fileEnd) }, source);
      this.#pieces.set(at, piece);
      if (this.#pieces.size > this.#most) this.#thin();
    }
    return piece;
  }

  /** Fills in, or compares, those of the bytes at `offset` that are of a piece. */
  #fill(
    piece: Piece,
    offset: number,
    bytes: Uint8Array,
    mirror: number,
  ): Difference | undefined {
    const { start, end, missing } = piece;
    const from = Math.max(start, offset);
    const to = Math.min(end, offset + bytes.byteLength);
    const some = bytes.subarray(from - offset, to - offset);
    if (missing === undefined || !missing.overlaps(from, to)) {
      const at = firstDifference(from, piece.bytes.subarray(from - start), some);
      return at === undefined ? undefined : { at, other: senderAt(piece, at) };
    }
    piece.parts.push({ start: from, end: to, mirror });
    piece.source ??= missing.covers(start, end) ? mirror : undefined;
    if (piece.source !== mirror) piece.source = undefined;
    piece.bytes.set(some, from - start);
    missing.delete(from, to);
    if (missing.intervals.length > 0) return undefined;
    const difference = refuted(piece);
    if (difference !== undefined) {
      // These bytes are not used: they arrive again, perhaps from another mirror.
      missing.add(from, to);
      piece.parts.pop();
      piece.source = undefined;
      return difference;
    }
    piece.missing = undefined;
    if (this.#pieces.get(start) === piece) this.#latest = piece;
    return undefined;
  }

  /** Drops every other piece. */
  #thin(): void {
    this.#stride *= 2;
    for (const at of [...this.#pieces.keys()]) {
      if ((at - this.#start) % this.#stride === 0) continue;
      if (this.#latest?.start === at) this.#latest = undefined;
      this.#pieces.delete(at);
    }
  }
}

function newPiece({ start, end }: ByteRange, source: number | undefined): Piece {
  const missing = new IntervalSet({ start, end });
  const bytes = new Uint8Array(end - start);
  return { start, end, source, bytes, parts: [], missing, shown: [] };
}

/** Returns the mirror that sent a byte of a piece first. */
function senderAt({ source, parts }: Piece, at: number): number | undefined {
  return source ?? parts.find(({ start, end }) => start <= at && at < end)?.mirror;
}

/** Compares a piece with what a mirror has shown; if it has yet to arrive, later. */
function show(piece: Piece, shown: Shown): number | undefined {
  const { start, bytes, missing } = piece;
  if (missing === undefined) return firstDifference(start, bytes, shown.bytes);
  piece.shown.push(shown);
  return undefined;
}

/** Compares a piece that has arrived with what mirrors have shown before, up to the first that differs. */
function refuted(piece: Piece): Difference | undefined {
  for (let shown = piece.shown.shift(); shown !== undefined; shown = piece.shown.shift()) {
    const at = firstDifference(piece.start, piece.bytes, shown.bytes);
    if (at !== undefined) return { at, other: shown.mirror };
  }
  return undefined;
}

/** Returns the number of bytes without the zeros at their end. */
function lengthWithoutZeros(bytes: Uint8Array): number {
  let length = bytes.byteLength;
  while (length > 0 && bytes[length - 1] === 0) length--;
  return length;
}

/** Returns the offset of the first byte in which `other` differs from the beginning of `bytes`. */
function firstDifference(
  offset: number,
  bytes: Uint8Array,
  other: Uint8Array,
): number | undefined {
  for (let index = 0; index < other.byteLength; index++) {
    if (bytes[index] !== other[index]) return offset + index;
  }
  return undefined;
}

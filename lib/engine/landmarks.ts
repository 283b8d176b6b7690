/**
 * Pieces of the file that mirrors are compared with: some that the caller knows by their digests, and
 * some of what arrives, spread evenly over it. Their number is bounded: as the file grows, the distance
 * between them doubles.
 *
 * @module
 */

import { record, shown, whole } from "../checks.ts";
import { OptionTypeError } from "../errors.ts";
import type { ByteRange } from "../http/byte_range.ts";
import { IntervalSet } from "../scheduler/ledger.ts";
import type { Landmark, Landmarks } from "../scheduler/identity/pieces.ts";

/** A piece of the file that is known by its digest. */
export interface KnownPiece extends ByteRange {
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly sha256: string;
}

/** Maximum length of a known piece, in bytes. */
const LONGEST_KNOWN = 1024 * 1024;

/** Checks a piece that a caller knows. */
export function checkKnownPiece(name: string, value: unknown): KnownPiece {
  const { start, end, sha256 } = record(name, value);
  const from = whole(`${name}.start`, start, 0);
  if (typeof sha256 === "string" && /^[0-9a-f]{64}$/i.test(sha256)) {
    const to = whole(`${name}.end`, end, from + 1, from + LONGEST_KNOWN);
    return { start: from, end: to, sha256: sha256.toLowerCase() };
  }
  const problem = `is ${shown(sha256)}, but must be 64 hexadecimal digits`;
  throw new OptionTypeError(`${name}.sha256`, problem);
}

/** Length of a piece, in bytes. */
const PIECE = 1024;
/** Initial distance between the beginnings of pieces, in bytes. */
const STRIDE = 16 * 1024;
/** Maximum number of pieces: half a mebibyte in all. */
const MOST_PIECES = 512;

/** A piece that has arrived, or some of it. */
interface Piece extends Landmark {
  source: number | undefined;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What is missing of it; `undefined` for nothing. */
  missing: IntervalSet | undefined;
}

/** Compares a piece with the bytes that a mirror sent for it; `undefined` if they are too few to tell. */
export type Comparer = (
  bytes: Uint8Array<ArrayBuffer>,
) => Promise<{ readonly differsAt: number | undefined } | undefined>;

/** Fewer bytes than this tell nothing where they are not all of a piece. */
const LEAST_COMPARED = 64;

/** The landmarks of one download. */
export class FileLandmarks implements Landmarks {
  readonly given: readonly KnownPiece[];
  readonly #earlier: readonly KnownPiece[];
  readonly #start: number;
  readonly #pieces = new Map<number, Piece>();
  #stride = STRIDE;
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

  get learned(): readonly Landmark[] {
    const arrived = [...this.#pieces.values()].filter(({ missing }) => missing === undefined);
    return [...this.#earlier.map((piece) => ({ ...piece, source: "known" as const })), ...arrived];
  }

  get latest(): ByteRange | undefined {
    return this.#latest;
  }

  /** Returns at most `most` of the pieces that have arrived, spread evenly, by their digests. */
  async digests(most: number): Promise<KnownPiece[]> {
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
   * compares them with pieces that are known; `mirror` has sent them. Returns the offset of the first
   * byte that differs.
   */
  learn(offset: number, bytes: Uint8Array, end: number, mirror: number): number | undefined {
    const to = Math.min(end, offset + bytes.byteLength);
    const before = Math.max(0, offset - this.#start - PIECE + 1);
    for (let at = this.#start + Math.ceil(before / this.#stride) * this.#stride; at < to;) {
      const from = Math.max(at, offset);
      const until = Math.min(at + PIECE, to);
      const some = bytes.subarray(from - offset, until - offset);
      const differsAt = this.#fill(this.#pieceAt(at, end, mirror), from, some, mirror);
      if (differsAt !== undefined) return differsAt;
      at += this.#stride;
    }
    return undefined;
  }

  /** Compares a body that begins with the first byte of the file with the given pieces, as it arrives. */
  follow(): GivenPieces {
    return new GivenPieces(this.given);
  }

  /** Forgets what has been learned: it was another file. */
  clear(): void {
    this.#pieces.clear();
    this.#latest = undefined;
    this.#stride = STRIDE;
  }

  /** Returns a function that compares the known piece from `start` to `end` with other bytes. */
  comparer({ start, end }: ByteRange): Comparer | undefined {
    const piece = this.#pieces.get(start);
    if (piece !== undefined && piece.end === end && piece.missing === undefined) {
      const least = Math.min(LEAST_COMPARED, end - start);
      return (bytes) => {
        if (bytes.byteLength < least) return Promise.resolve(undefined);
        return Promise.resolve({ differsAt: firstDifference(start, piece.bytes, bytes) });
      };
    }
    const known = [...this.given, ...this.#earlier].find((one) =>
      one.start === start && one.end === end
    );
    if (known === undefined) return undefined;
    // A digest may be shortened to its beginning.
    return async (bytes) => {
      if (bytes.byteLength < end - start) return undefined;
      const isSame = (await sha256Of(bytes)).startsWith(known.sha256);
      return { differsAt: isSame ? undefined : start };
    };
  }

  /** Returns the piece that begins at `at`. */
  #pieceAt(at: number, fileEnd: number, source: number): Piece {
    const end = Math.min(at + PIECE, fileEnd);
    let piece = this.#pieces.get(at);
    if (piece === undefined) {
      piece = {
        start: at,
        end,
        source,
        bytes: new Uint8Array(end - at),
        missing: new IntervalSet({ start: at, end }),
      };
      this.#pieces.set(at, piece);
      if (this.#pieces.size > MOST_PIECES) this.#thin();
    }
    return piece;
  }

  /** Fills in, or compares, bytes of a piece from `from` on. */
  #fill(piece: Piece, from: number, bytes: Uint8Array, mirror: number): number | undefined {
    const { start: at } = piece;
    const to = from + bytes.byteLength;
    const { missing } = piece;
    if (missing === undefined || !missing.overlaps(from, to)) {
      return firstDifference(from, piece.bytes.subarray(from - at), bytes);
    }
    if (piece.source !== mirror) piece.source = undefined;
    piece.bytes.set(bytes, from - at);
    missing.delete(from, to);
    if (missing.intervals.length === 0) {
      piece.missing = undefined;
      this.#latest = piece;
    }
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

/** The given pieces of a file whose bytes arrive one after the other. */
export class GivenPieces {
  readonly #left: KnownPiece[];
  #filling: Uint8Array<ArrayBuffer> | undefined;
  #position = 0;

  constructor(given: readonly KnownPiece[]) {
    this.#left = [...given];
  }

  /** Takes the next bytes; returns where the first piece begins that differs, `undefined` for none. */
  async take(bytes: Uint8Array): Promise<number | undefined> {
    const start = this.#position;
    const end = this.#position += bytes.byteLength;
    for (
      let piece = this.#left[0];
      piece !== undefined && piece.start < end;
      piece = this.#left[0]
    ) {
      this.#filling ??= new Uint8Array(piece.end - piece.start);
      const from = Math.max(piece.start, start);
      this.#filling.set(bytes.subarray(from - start, piece.end - start), from - piece.start);
      if (piece.end > end) return undefined;
      if (await sha256Of(this.#filling) !== piece.sha256) return piece.start;
      this.#filling = undefined;
      this.#left.shift();
      // Bytes of a piece that overlaps this one may have passed.
      while (this.#left[0] !== undefined && this.#left[0].start < start) this.#left.shift();
    }
    return undefined;
  }
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

async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/**
 * Digests of pieces of a part file, spread evenly over it. They are recorded while the bytes arrive, so
 * that a later download can tell whether the part file is still what was received, and whether a mirror
 * that did not deliver it has the same bytes.
 *
 * @module
 */

import type { ByteRange } from "../../http/byte_range.ts";

/** A piece of the file, and the SHA-256 of its bytes in hexadecimal. */
export interface Piece extends ByteRange {
  readonly sha256: string;
}

/** Length of a piece in bytes. */
const PIECE = 64 * 1024;

/** Initial distance between the beginnings of pieces, in bytes; it doubles as their number grows. */
const STRIDE = 1024 * 1024;

/** Maximum number of pieces. */
export const MAX_PIECES = 64;

/** A piece whose bytes have arrived. */
interface Arrived extends ByteRange {
  readonly sha256: Promise<string>;
}

/** Takes the bytes of a part file in order, and digests pieces of them. */
export class PieceDigests {
  readonly #start: number;
  #position: number;
  #stride = STRIDE;
  #pieces: Arrived[] = [];
  /** The piece that is arriving. */
  #filling: { readonly bytes: Uint8Array<ArrayBuffer>; length: number } | undefined;

  /**
   * `start` is the offset in the file of the part file's first byte, `position` that of the next one to
   * arrive; `before` are the pieces of the bytes before it.
   */
  constructor(start: number, position: number, before: readonly Piece[] = []) {
    this.#start = start;
    this.#position = position;
    for (const { start, end, sha256 } of before) {
      if (end <= position) this.#add({ start, end, sha256: Promise.resolve(sha256) });
    }
  }

  /** Offset in the file of the next byte to arrive. */
  get position(): number {
    return this.#position;
  }

  /** Takes the next bytes; they may change afterwards. */
  update(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength;) {
      const offset = (this.#position - this.#start) % this.#stride;
      if (this.#filling === undefined && offset === 0) {
        this.#filling = { bytes: new Uint8Array(PIECE), length: 0 };
      }
      const wanted = this.#filling === undefined
        ? this.#stride - offset
        : PIECE - this.#filling.length;
      const taken = bytes.subarray(at, at + wanted);
      at += taken.byteLength;
      this.#position += taken.byteLength;
      if (this.#filling !== undefined) this.#fill(this.#filling, taken);
    }
  }

  /** Resolves to the pieces that are complete, lowest first. */
  async pieces(): Promise<Piece[]> {
    const pieces = [...this.#pieces];
    return await Promise.all(pieces.map(async ({ start, end, sha256 }) => ({
      ...{ start, end, sha256: await sha256 },
    })));
  }

  #fill(filling: { readonly bytes: Uint8Array<ArrayBuffer>; length: number }, bytes: Uint8Array) {
    filling.bytes.set(bytes, filling.length);
    filling.length += bytes.byteLength;
    if (filling.length < PIECE) return;
    this.#filling = undefined;
    const end = this.#position;
    this.#add({ start: end - PIECE, end, sha256: digestOf(filling.bytes) });
  }

  #add(piece: Arrived): void {
    this.#pieces.push(piece);
    if (this.#pieces.length <= MAX_PIECES) return;
    this.#stride *= 2;
    this.#pieces = this.#pieces.filter(({ start }) => (start - this.#start) % this.#stride === 0);
  }
}

/** Returns the SHA-256 of some bytes, in hexadecimal. */
export async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** Bytes of a part file that are compared with a mirror that did not deliver it. */
const COMPARED = 8 * 1024 * 1024;

/** Bounds of the length of one piece of these. */
const SHORTEST = 64 * 1024;
const LONGEST = 1024 * 1024;

/**
 * Returns which pieces of a part file with the bytes from `start` to `end` to compare with a mirror that
 * did not deliver it: all of a short one; the beginning, the end, and pieces at random places of a long one.
 *
 * @param random returns another number from 0 to, but without, 1 at each call
 */
export function piecesToCompare(
  { start, end }: ByteRange,
  random: () => number,
): readonly ByteRange[] {
  const size = end - start;
  const most = COMPARED / LONGEST;
  const length = Math.min(LONGEST, Math.max(SHORTEST, Math.ceil(size / most)));
  const slots = Math.ceil(size / length);
  const chosen = new Set(slots <= most ? Array(slots).keys() : [0, slots - 1]);
  while (chosen.size < Math.min(most, slots)) chosen.add(Math.floor(random() * slots));
  return [...chosen].sort((one, other) => one - other).map((slot) => ({
    start: start + slot * length,
    end: Math.min(end, start + (slot + 1) * length),
  }));
}

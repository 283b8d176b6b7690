/**
 * Which pieces of a part file are compared with mirrors that do not prove that they have its file.
 *
 * @module
 */

import type { ByteRange } from "../../../http/byte_range.ts";
import { sha256Of } from "../../../hashing/platform_hash.ts";
import { collect } from "../../../stand_ins.ts";

/** A piece of the file, and the SHA-256 of its bytes in hexadecimal. */
export interface Piece extends ByteRange {
  readonly sha256: string;
}

/** The existing bytes of a part file, by their offsets in the file. */
export interface ExistingBytes extends ByteRange {
  read(range: ByteRange): AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** Returns digests of pieces of a part file to compare with a mirror that did not deliver it. */
export async function digestsToCompare(existing: ExistingBytes): Promise<readonly Piece[]> {
  const pieces: Piece[] = [];
  for (const range of piecesToCompare(existing, Math.random)) {
    const bytes = await new Blob(await collect(existing.read(range))).arrayBuffer();
    pieces.push({ ...range, sha256: await sha256Of(new Uint8Array(bytes)) });
  }
  return pieces;
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

/**
 * Compares a local file with what a Metalink says of it: its size, the hashes of its pieces, and the hash
 * of the whole. It never changes the file.
 *
 * @module
 */

import type { HashType, MetalinkFile } from "../../../metalink.ts";
import type { ByteRange } from "../../http/byte_range.ts";
import { HASH_TYPES } from "../../http/hashes.ts";
import { hashContent, hashOf, openToRead } from "./content_hashes.ts";

/** A piece of a file that is bad or missing. */
export interface BadPiece extends ByteRange {
  /** Its number, from 0. */
  readonly index: number;
  /** Whether the file ends before it. */
  readonly isMissing: boolean;
}

/** The result of a comparison. */
export interface FileCheck {
  /** Bytes of the file that was compared. */
  readonly size: number;
  /** Pieces that are bad or missing, in order. */
  readonly bad: readonly BadPiece[];
  /** The type of the hash of the whole, `undefined` if the Metalink has none. */
  readonly type: HashType | undefined;
  /** The hash of the whole, if it is wrong; if the file is too long, that of its beginning. */
  readonly wrong: string | undefined;
}

/** Options of a comparison. */
export interface CheckOptions {
  readonly signal: AbortSignal;
  /** Takes the share of the file that has been read, from 0 to 1. */
  readonly onProgress: (share: number) => void;
}

/** Returns the strongest type of the hashes of a whole file. */
export function strongestType({ hashes }: MetalinkFile): HashType | undefined {
  return HASH_TYPES.find((type) => hashes[type] !== undefined);
}

/**
 * Compares a file. Rejects with exit code 26 if it cannot be read, or with the reason of the signal.
 *
 * @param path of the file
 * @param wanted what the Metalink says of it
 */
export async function checkFile(
  path: string,
  wanted: MetalinkFile,
  options: CheckOptions,
): Promise<FileCheck> {
  const { pieces, hashes } = wanted;
  const { file, size } = await openToRead(path);
  using _ = file;
  const type = strongestType(wanted);
  // Bytes behind the end are wrong in any case: they are not read.
  const end = wanted.size ??
    (pieces === undefined ? Infinity : pieces.length * pieces.hashes.length);
  const found = await hashContent(file, size, path, { type, pieces, end }, options);
  const bad: BadPiece[] = [];
  for (const [index, hash] of pieces?.hashes.entries() ?? []) {
    const range = rangeOf(index, wanted);
    // An empty file may have the hash of an empty piece.
    const got = found.pieces[index] ?? (range.start === range.end ? hashOf(pieces!.type, []) : "");
    if (got !== hash) bad.push({ index, ...range, isMissing: range.start >= size });
  }
  const wrong = type === undefined || found.whole === hashes[type] ? undefined : found.whole;
  return { size, bad, type, wrong };
}

/** Returns the bytes of a piece; where the size is not known, the last one may be shorter. */
function rangeOf(index: number, { size = Infinity, pieces }: MetalinkFile): ByteRange {
  const start = index * pieces!.length;
  return { start, end: Math.min(size, start + pieces!.length) };
}

/** Returns runs of pieces that follow each other. */
export function runsOf(pieces: readonly BadPiece[]): BadPiece[][] {
  const runs: BadPiece[][] = [];
  for (const piece of pieces) {
    const run = runs.at(-1);
    if (run?.at(-1)?.index === piece.index - 1) run.push(piece);
    else runs.push([piece]);
  }
  return runs;
}

/** Describes pieces that follow each other. */
export function runText(run: readonly BadPiece[]): string {
  const [first, last] = [run[0]!, run.at(-1)!];
  const are = run.length === 1 ? "is" : "are";
  const numbers = run.length === 1 ? `piece ${first.index}` : `pieces ${first.index}-${last.index}`;
  const bytes = `bytes ${first.start}-${last.end - 1}`;
  return `${numbers} (${bytes}) ${are} ${first.isMissing ? "missing" : "bad"}`;
}

/**
 * How well it is proved that the bytes are those of one file, and of the right one. The levels follow each
 * other: each is worth less than those before it.
 *
 * @module
 */

import { type Hashes, STRONG_TYPES } from "./hashes.ts";
import { matchesStrongly } from "./validators.ts";

/**
 * What proves that bytes are those of the file. `pieces`: each piece has its expected digest; `digest`: the
 * whole file has one; `tags`: all mirrors have the same strong ETag, and their bytes are compared;
 * `bytes`: their size is the same, and their bytes are compared; `size`: no more than the size is the same, if
 * that is known.
 */
export type ProofLevel = "pieces" | "digest" | "tags" | "bytes" | "size";

/** The levels, the strongest first. */
export const PROOF_LEVELS: readonly ProofLevel[] = ["pieces", "digest", "tags", "bytes", "size"];

/** What is known of a file when it is opened. */
export interface ProofFacts {
  /** Whether digests of its pieces are expected. */
  readonly hasPieces: boolean;
  /** Whether all of it is wanted, so that its digest can be verified. */
  readonly isWhole: boolean;
  readonly hashes: Hashes | undefined;
  /** The ETag of each mirror that has it. */
  readonly etags: readonly (string | undefined)[];
  /** Whether bytes of it are known, with which mirrors are compared. */
  readonly isCompared: boolean;
}

/** Returns the level that a file reaches. */
export function proofOf({ hasPieces, isWhole, hashes, etags, isCompared }: ProofFacts): ProofLevel {
  if (hasPieces) return "pieces";
  if (isWhole && STRONG_TYPES.some((type) => hashes?.[type] !== undefined)) return "digest";
  if (!isCompared) return "size";
  const [first] = etags;
  return etags.length > 0 && etags.every((etag) => matchesStrongly(first, etag)) ? "tags" : "bytes";
}

/** Reports whether a level is worth as much as another one, or more. */
export function reaches(level: ProofLevel, required: ProofLevel): boolean {
  return PROOF_LEVELS.indexOf(level) <= PROOF_LEVELS.indexOf(required);
}

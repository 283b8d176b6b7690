/**
 * The digests of a file's pieces that a caller expects.
 *
 * @module
 */

import { list, oneOf, record, shown, whole } from "../../checks.ts";
import { OptionRangeError, OptionTypeError, UnsupportedOptionError } from "../../option_errors.ts";
import { hashesBy } from "../../hashing/platform_hash.ts";
import {
  type ExpectedPieces,
  HASH_DIGITS,
  HASH_TYPES,
  LONGEST_PIECE,
  type PieceAlgorithm,
} from "../../http/hashes.ts";
import { runtimeName } from "../../runtime.ts";

/** The pieces of a file, as they were checked. */
export interface PieceDigests extends ExpectedPieces {
  /** The algorithm, which the platform has. */
  readonly algorithm: PieceAlgorithm;
  /** The digests in lower-case hexadecimal, in order. */
  readonly digests: readonly string[];
}

/** What the expected pieces have to fit. */
interface Fitting {
  readonly expectedSize: number | undefined;
  /** First byte wanted. */
  readonly start: number;
  /** The byte after the last one wanted; `undefined` for the end of the file. */
  readonly end: number | undefined;
}

/**
 * Checks the expected pieces.
 *
 * @throws {OptionTypeError | OptionRangeError} naming the field that is wrong
 * @throws {UnsupportedOptionError} if the platform lacks the algorithm
 */
export function resolvePieces(value: unknown, fitting: Fitting): PieceDigests | undefined {
  if (value === undefined) return undefined;
  const pieces = record("expectedPieces", value);
  const algorithm = oneOf("expectedPieces.algorithm", pieces.algorithm, HASH_TYPES);
  if (!hashesBy(algorithm)) {
    const option = `expectedPieces.algorithm: ${algorithm}`;
    throw new UnsupportedOptionError(option, "Deno, Node.js or Bun", runtimeName());
  }
  const length = whole("expectedPieces.length", pieces.length, 1, LONGEST_PIECE);
  const digits = HASH_DIGITS[algorithm];
  const digests = list("expectedPieces.digests", pieces.digests, (name, digest) => {
    const isDigest = typeof digest === "string" && /^[0-9a-f]*$/i.test(digest) &&
      digest.length === digits;
    if (isDigest) return digest.toLowerCase();
    const problem = `is ${shown(digest)}, but must be ${digits} hexadecimal digits`;
    throw new OptionTypeError(name, problem);
  });
  checkCount(digests.length, length, fitting);
  checkRange(digests.length, length, fitting);
  return { algorithm, length, digests };
}

/** Checks that the pieces add up to the size. */
function checkCount(count: number, length: number, { expectedSize: size }: Fitting): void {
  if (size === undefined ? count > 0 : count === Math.ceil(size / length)) return;
  // An empty file may have the digest of an empty piece.
  if (size === 0 && count === 1) return;
  const expected = size === undefined
    ? "must have one for each piece"
    : `a file of ${size} bytes has ${Math.ceil(size / length)} pieces of ${length} bytes`;
  throw new OptionRangeError("expectedPieces.digests", `has ${count} digests, but ${expected}`);
}

/** Checks that no piece is only partly wanted: it could not be proved. */
function checkRange(
  count: number,
  length: number,
  { start, end = Infinity, expectedSize: size = Infinity }: Fitting,
): void {
  const isEnd = end >= Math.min(size, count * length) || end % length === 0;
  if (start % length === 0 && isEnd) return;
  const problem = `is ${start} to ${
    end === Infinity ? "the end" : end
  }, but must begin and end with a piece of ${length} bytes`;
  throw new OptionRangeError("range", problem);
}

/**
 * The size of the file, as a mirror gives it, and as far as it is known before that. Pure.
 *
 * @module
 */

/** A file's size in bytes; `undefined` where the mirror does not give it. */
export type Size = number | undefined;

/** What is known of the file's size before a mirror has said it. */
export interface ExpectedSize {
  /** The size that the file has to have, in bytes. */
  readonly expectedSize?: number | undefined;
  /**
   * The file's pieces, if digests of them are expected: the length of all but the last, in bytes, and their
   * number.
   */
  readonly pieces?: { readonly length: number; readonly count: number } | undefined;
}

/** Returns the sizes that the file may have. */
export function sizesOf(
  { expectedSize, pieces }: ExpectedSize,
): { readonly least: number; readonly most: number } {
  if (expectedSize !== undefined) return { least: expectedSize, most: expectedSize };
  if (pieces === undefined) return { least: 0, most: Infinity };
  const { length, count } = pieces;
  // An empty file may have the digest of an empty piece.
  return { least: count > 1 ? (count - 1) * length + 1 : 0, most: count * length };
}

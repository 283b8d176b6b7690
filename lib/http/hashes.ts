/**
 * Hashes of files and of parts of them, as Metalinks and header fields name them.
 *
 * @module
 */

/** A type of hash, by IANA's name of it in Metalinks. */
export type HashType = "sha-512" | "sha-384" | "sha-256" | "sha-224" | "sha-1" | "md5";

/** Hashes of the same bytes, in lower-case hexadecimal, by type. */
export type Hashes = Readonly<Partial<Record<HashType, string>>>;

/** An algorithm of the digests of pieces. Browsers have neither SHA-224 nor MD5. */
export type PieceAlgorithm = HashType;

/**
 * The digests of all pieces of a file, in order: as in a Metalink, all pieces but the last have the same
 * length.
 */
export interface ExpectedPieces {
  /** The algorithm of the digests. */
  readonly algorithm: PieceAlgorithm;
  /** The length of all pieces but the last, in bytes, at most 256 MiB. */
  readonly length: number;
  /** The digest of each piece, in hexadecimal. */
  readonly digests: readonly string[];
}

/** The longest piece, in bytes: it is held in memory until it is proved. */
export const LONGEST_PIECE: number = 256 * 1024 * 1024;

/** Digits of a hash in hexadecimal, the strongest type first. */
export const HASH_DIGITS: Readonly<Record<HashType, number>> = {
  "sha-512": 128,
  "sha-384": 96,
  "sha-256": 64,
  "sha-224": 56,
  "sha-1": 40,
  "md5": 32,
};

/** The types, the strongest first. */
export const HASH_TYPES: readonly HashType[] = Object.keys(HASH_DIGITS) as HashType[];

/** The types that identify a file, the strongest first: no other file with the same hash can be made. */
export const STRONG_TYPES: readonly HashType[] = ["sha-512", "sha-384", "sha-256"];

/** Returns the type by which hashes are those of different bytes; `undefined` if they may be of the same. */
export function contradiction(
  one: Hashes | undefined,
  other: Hashes | undefined,
): HashType | undefined {
  if (one === undefined || other === undefined) return undefined;
  return HASH_TYPES.find((type) =>
    one[type] !== undefined && other[type] !== undefined && one[type] !== other[type]
  );
}

/**
 * Returns the type that a name means: `sha-256`; `sha256` as in version 3 of Metalink; `SHA` as in
 * `Digest`, which is SHA-1; `undefined` for others.
 */
export function hashType(name: string): HashType | undefined {
  const plain = name.toLowerCase().replace(/^sha-?(\d+)$/, "sha-$1").replace(/^sha$/, "sha-1");
  return HASH_TYPES.find((type) => type === plain);
}

/**
 * Hashes in a Metalink: of a whole file, and of its pieces. Types that are not known are left out; a
 * hash of a known type must be one, and no two may contradict each other.
 *
 * @module
 */

import { parseWholeNumber } from "../http/field_value.ts";
import { hashesBy } from "../hashing/platform_hash.ts";
import {
  type ExpectedPieces,
  HASH_DIGITS,
  HASH_TYPES,
  type Hashes,
  type HashType,
  hashType,
  LONGEST_PIECE,
} from "../http/hashes.ts";
import { MetalinkError } from "./metalink_error.ts";
import type { XmlElement } from "./xml_tree.ts";

/** The hashes of a file's pieces. */
export interface MetalinkPieces {
  /** The type of all of them. */
  readonly type: HashType;
  /** The length of a piece in bytes; the last one may be shorter. */
  readonly length: number;
  /** The hash of each piece, in lower-case hexadecimal, in order. */
  readonly hashes: readonly string[];
}

/**
 * Reads the hashes of a file.
 *
 * @throws {MetalinkError} if one is no hash of its type, or two of a type differ
 */
export function readHashes(elements: readonly XmlElement[], name: string): Hashes {
  const hashes: Partial<Record<HashType, string>> = {};
  for (const element of elements) {
    const type = hashType(element.attributes.get("type") ?? "");
    // Some generators write an empty one for a hash that they do not know.
    if (type === undefined || element.text === "") continue;
    const value = readHash(element, type, `${type} of ${name}`);
    if (hashes[type] !== undefined && hashes[type] !== value) {
      throw new MetalinkError("hash", `two ${type} of ${name} contradict each other`, element.line);
    }
    hashes[type] = value;
  }
  return hashes;
}

/**
 * Reads the hashes of a file's pieces, of the strongest type that there is.
 *
 * @param size that of the file in bytes, if it is known
 * @throws {MetalinkError} if they are not hashes of all pieces of a file of this size
 */
export function readPieces(
  elements: readonly XmlElement[],
  size: number | undefined,
  name: string,
): MetalinkPieces | undefined {
  const found = new Map<HashType, MetalinkPieces>();
  for (const element of elements) {
    const type = hashType(element.attributes.get("type") ?? "");
    if (type === undefined) continue;
    if (found.has(type)) {
      throw new MetalinkError("pieces", `${name} has two lists of ${type} of pieces`, element.line);
    }
    found.set(type, readList(element, type, size, name));
  }
  const strongest = HASH_TYPES.find((type) => found.has(type));
  return strongest && found.get(strongest);
}

/**
 * Returns the hashes of pieces as the option `expectedPieces` of a download takes them; `undefined` if it does
 * not take them: the pieces are too long, or of a type that browsers lack (MD5, SHA-224).
 */
export function expectedPiecesOf(pieces: MetalinkPieces | undefined): ExpectedPieces | undefined {
  if (pieces === undefined || pieces.length > LONGEST_PIECE) return undefined;
  const { type, length, hashes } = pieces;
  if (!hashesBy(type)) return undefined;
  return { algorithm: type, length, digests: hashes };
}

function readList(
  element: XmlElement,
  type: HashType,
  size: number | undefined,
  name: string,
): MetalinkPieces {
  const { line } = element;
  const fail = (message: string): never => {
    throw new MetalinkError("pieces", message, line);
  };
  const length = parseWholeNumber(element.attributes.get("length")?.trim());
  if (length === undefined || length === 0) {
    return fail(`the pieces of ${name} have no length in bytes`);
  }
  const children = element.children.filter((child) => child.name === "hash");
  // Version 3 numbers them; in version 4, they are in order.
  const numbered = children.map((child, index) => {
    const number = child.attributes.get("piece");
    return { child, number: number === undefined ? index : parseWholeNumber(number.trim()) };
  }).sort((one, other) => (one.number ?? -1) - (other.number ?? -1));
  const hashes = numbered.map(({ child, number }, index) => {
    if (number !== index) fail(`piece ${index} of ${name} is missing, or there twice`);
    return readHash(child, type, `${type} of piece ${index} of ${name}`);
  });
  if (hashes.length === 0) return fail(`the pieces of ${name} have no hash`);
  // An empty file may have the hash of an empty piece.
  const pieces = size === undefined ? hashes.length : Math.max(1, Math.ceil(size / length));
  if (hashes.length !== pieces) {
    fail(
      `${name} has hashes of ${hashes.length} pieces of ${length} bytes, but with its size of ` +
        `${size} bytes it has ${pieces}`,
    );
  }
  return { type, length, hashes };
}

function readHash({ text, line }: XmlElement, type: HashType, what: string): string {
  const hash = text.replace(/\s+/g, "").toLowerCase();
  if (hash.length !== HASH_DIGITS[type]) {
    throw new MetalinkError(
      "hash",
      `${what} has ${hash.length} digits, but must have ${HASH_DIGITS[type]}`,
      line,
    );
  }
  if (!/^[\da-f]*$/.test(hash)) {
    throw new MetalinkError("hash", `${what} is not hexadecimal`, line);
  }
  return hash;
}

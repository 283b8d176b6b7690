/**
 * Reads digests from header fields: `Repr-Digest`, of the whole resource, and `Content-Digest`, of what
 * a response carries (RFC 9530), and the older `Digest` (RFC 3230), of the whole resource. Algorithms
 * that are no hashes, like checksums, are left out.
 *
 * @module
 */

import { fromBase64, toHex } from "../stand_ins.ts";
import {
  contradiction,
  HASH_DIGITS,
  type Hashes,
  type HashType,
  hashType,
  STRONG_TYPES,
} from "./hashes.ts";

/** The digests in a field. */
export interface Digests {
  readonly hashes: Hashes;
  /** Why the field, or a part of it, is ignored; `undefined` if nothing is. */
  readonly problem: string | undefined;
  /** Types of the hashes that only `Digest` gives: on a part, they may be those of the part. */
  readonly doubtful?: readonly HashType[] | undefined;
}

/** None at all. */
export const NO_DIGESTS: Digests = { hashes: {}, problem: undefined };

/** The maximum length of a field; longer ones are ignored. */
const MAX_LENGTH = 64 * 1024;

/** A key of a dictionary (RFC 9651 section 3.2). */
const KEY = String.raw`[a-z*][a-z\d_.*-]*`;
/** A value that is bytes, or anything else that a dictionary may have. */
const VALUE = String
  .raw`:([A-Za-z\d+/=]*):|-?\d+(?:\.\d+)?|\?[01]|@-?\d+|"(?:[^"\\]|\\["\\])*"|[A-Za-z*][\w!#$%&'*+.^|~:/\x60-]*`;
const PARAMETERS = String.raw`(?:; *${KEY}(?:=(?:${VALUE.replaceAll(/\((?!\?)/g, "(?:")}))?)*`;
const MEMBER = new RegExp(String.raw`(${KEY})(?:=(?:${VALUE}))?${PARAMETERS}`, "y");
const COMMA = /[ \t]*(?:,[ \t]*|$)/y;

/** Reads `Repr-Digest`. */
export function readReprDigest(headers: Headers): Digests {
  return readDictionary(headers.get("repr-digest"));
}

/** Reads `Content-Digest`. */
export function readContentDigest(headers: Headers): Digests {
  return readDictionary(headers.get("content-digest"));
}

/** Reads `Digest`, in which several instances of an algorithm may be, if they are the same. */
export function readLegacyDigest(headers: Headers): Digests {
  const value = headers.get("digest");
  if (value === null) return NO_DIGESTS;
  if (value.length > MAX_LENGTH) return { hashes: {}, problem: TOO_LONG };
  const pairs = value.split(",").map((text) => text.trim()).filter((text) => text !== "");
  return collect(pairs.map((pair) => {
    const end = pair.indexOf("=");
    return end < 0
      ? [pair, undefined]
      : [pair.slice(0, end).trimEnd(), pair.slice(end + 1).trimStart()];
  }));
}

/**
 * Reads the hashes of the whole file that identify it, from `Repr-Digest`, and from `Digest` if that is
 * `believed`: on a part, it may be that of the part. Of fields that contradict each other, neither counts.
 */
export function readFileHashes(headers: Headers, believed: boolean): Digests {
  const now = named("Repr-Digest", readReprDigest(headers));
  const before = believed ? named("Digest", readLegacyDigest(headers)) : NO_DIGESTS;
  const type = contradiction(now.hashes, before.hashes);
  if (type !== undefined) {
    return { hashes: {}, problem: `the ${type} of Repr-Digest and Digest contradict each other` };
  }
  return {
    hashes: { ...before.hashes, ...now.hashes },
    problem: now.problem ?? before.problem,
    doubtful: STRONG_TYPES.filter((type) => before.hashes[type] && !now.hashes[type]),
  };
}

/** Leaves out weak hashes, and names the field in what is wrong with it. */
function named(field: string, { hashes, problem }: Digests): Digests {
  const strong = STRONG_TYPES.flatMap((type) => hashes[type] === undefined ? [] : [type]);
  return {
    hashes: Object.fromEntries(strong.map((type) => [type, hashes[type]])),
    problem: problem && `the ${field} is ignored: ${problem}`,
  };
}

/** The value of `Want-Repr-Digest` that asks for hashes that identify a file; SHA-256 costs least. */
export const WANTED = "sha-512=3, sha-256=10";

const TOO_LONG = `it is longer than ${MAX_LENGTH} characters`;

function readDictionary(value: string | null): Digests {
  if (value === null) return NO_DIGESTS;
  if (value.length > MAX_LENGTH) return { hashes: {}, problem: TOO_LONG };
  const members = parseDictionary(value);
  // A field that cannot be parsed is ignored (RFC 9651 section 4.2).
  if (members === undefined) return { hashes: {}, problem: "it is malformed" };
  // Of several members with a key, the last counts.
  return collect([...new Map(members)]);
}

/** Returns the keys of a dictionary with their bytes in Base64, if they have some; `undefined` if it is malformed. */
function parseDictionary(value: string): [key: string, bytes: string | undefined][] | undefined {
  const text = value.trim();
  const members: [string, string | undefined][] = [];
  for (let at = 0; at < text.length;) {
    MEMBER.lastIndex = at;
    const match = MEMBER.exec(text);
    if (match === null) return undefined;
    const [, key, bytes] = match;
    members.push([key!, bytes]);
    COMMA.lastIndex = MEMBER.lastIndex;
    const comma = COMMA.exec(text);
    if (comma === null) return undefined;
    at = COMMA.lastIndex;
    if (at === text.length && comma[0].includes(",")) return undefined;
  }
  return members;
}

function collect(pairs: readonly (readonly (string | undefined)[])[]): Digests {
  const hashes: Partial<Record<HashType, string>> = {};
  let problem: string | undefined;
  for (const [name = "", base64] of pairs) {
    const type = hashType(name);
    if (type === undefined) continue;
    const hash = hexadecimal(base64, type);
    if (hash === undefined) problem = `its ${type} is malformed`;
    else if (hashes[type] !== undefined && hashes[type] !== hash) {
      return { hashes: {}, problem: `two ${type} contradict each other` };
    } else hashes[type] = hash;
  }
  return { hashes, problem };
}

/** Decodes a hash; `undefined` if it is none of its type. */
function hexadecimal(base64: string | undefined, type: HashType): string | undefined {
  const bytes = fromBase64(base64 ?? "");
  return bytes?.length === HASH_DIGITS[type] / 2 ? toHex(bytes) : undefined;
}

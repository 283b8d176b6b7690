/**
 * What a download knows of its file, and what of that it hands on to later downloads. Pure.
 *
 * @module
 */

import { OptionTypeError } from "../../option_errors.ts";
import type { KnownFileFacts } from "../../scheduler/opening/opening_steps.ts";
import { PROBE_SIZE } from "../../scheduler/opening/probe.ts";
import type { KnownMirror } from "../../transport/responses/mirror_memory.ts";
import { checkKnownPiece, type KnownPiece } from "./known_pieces.ts";
import type { Elsewhere } from "../../http/duplicates.ts";
import { HASH_DIGITS, HASH_TYPES, type Hashes, type HashType } from "../../http/hashes.ts";
import type { ProofLevel } from "../../http/proof.ts";
import { list, record, shown, texts, whole } from "../../checks.ts";
import { parseUrl } from "../../stand_ins.ts";

/** What is known of the file once the mirrors have agreed on it. */
export interface FileInfo {
  /** Size of the whole file in bytes; `undefined` if no mirror reports it. */
  readonly size: number | undefined;
  /** Media type, as a mirror reports it. */
  readonly contentType: string | undefined;
  /** File name that a mirror gives (Content-Disposition): never a path, but not safe for all systems. */
  readonly fileName?: string | undefined;
  /** Entity tag of a mirror. */
  readonly etag: string | undefined;
  /** Date of last modification, as a mirror reports it. */
  readonly lastModified: string | undefined;
  /**
   * Hashes of the whole file: those that are expected, and those that the mirrors give (`Repr-Digest` of
   * RFC 9530, `Digest` of RFC 3230). Empty for none.
   */
  readonly hashes?: Hashes | undefined;
  /** What proves that all bytes will be those of the file. */
  readonly proof?: ProofLevel | undefined;
  /** Where else the file is, as a mirror says (RFC 6249): see {@linkcode mirrorsOf}. */
  readonly elsewhere?: Elsewhere | undefined;
  /** URLs of the mirrors known to have the file so far, without credentials. */
  readonly mirrors: readonly string[];
}

/**
 * What a download has learned of a file and its mirrors: another download of the file starts without
 * probing them. It is plain data and may be stored as JSON.
 */
export interface KnownFile {
  /** What the mirrors agreed on; its size is known. */
  readonly info: FileInfo;
  /** Digest of some bytes of the file, by which mirrors are compared; `undefined` for none. */
  readonly digest: string | undefined;
  /** Offset of the first of these bytes. */
  readonly digestStart: number;
  /** The mirrors that serve ranges of it. */
  readonly mirrors: readonly KnownMirror[];
  /**
   * Pieces of it, as {@linkcode Downloader.learnedPieces} returns them: a mirror whose validators
   * contradict those that are known is compared with some of them.
   */
  readonly pieces?: readonly KnownPiece[] | undefined;
}

/** Maximum number of pieces of a known file. */
export const MOST_PIECES = 64;

/**
 * Checks the shape of what a caller gives as a known file, and returns a copy. Fields that may be
 * `undefined` may be missing or `null`, as after a round trip through JSON.
 *
 * @throws {TypeError | RangeError} naming the field that is wrong
 */
export function checkKnownFile(value: unknown): KnownFile {
  const file = record("knownFile", value);
  const info = record("knownFile.info", file.info);
  return {
    info: {
      // Without bytes there are no ranges, and no mirror that is known to serve them.
      size: whole("knownFile.info.size", info.size, 1),
      ...texts("knownFile.info", info, ["contentType", "fileName", "etag", "lastModified"]),
      hashes: checkHashes("knownFile.info.hashes", info.hashes ?? {}),
      mirrors: list("knownFile.info.mirrors", info.mirrors, checkUrl),
    },
    ...texts("knownFile", file, ["digest"]),
    digestStart: whole("knownFile.digestStart", file.digestStart, 0),
    mirrors: list("knownFile.mirrors", file.mirrors, checkMirror),
    pieces: file.pieces === undefined || file.pieces === null
      ? undefined
      : list("knownFile.pieces", file.pieces, checkKnownPiece).slice(0, MOST_PIECES),
  };
}

/** Checks hashes by their types, like `sha-256`; returns them in lower case. */
export function checkHashes(name: string, value: unknown): Hashes {
  const hashes: Partial<Record<HashType, string>> = {};
  for (const [key, hash] of Object.entries(record(name, value))) {
    if (hash === undefined || hash === null) continue;
    const type = HASH_TYPES.find((type) => type === key);
    if (type === undefined) {
      const problem = `has ${shown(key)}, but its types may be ${HASH_TYPES.join(", ")}`;
      throw new OptionTypeError(name, problem);
    }
    const digits = HASH_DIGITS[type];
    if (typeof hash !== "string" || hash.length !== digits || !/^[0-9a-f]*$/i.test(hash)) {
      const problem = `is ${shown(hash)}, but must be ${digits} hexadecimal digits`;
      throw new OptionTypeError(`${name}.${type}`, problem);
    }
    hashes[type] = hash.toLowerCase();
  }
  return hashes;
}

function checkMirror(name: string, value: unknown): KnownMirror {
  const { url, location, validators, unreliable, unconditional, compared } = record(name, value);
  return {
    url: checkUrl(`${name}.url`, url),
    location: location === undefined || location === null
      ? undefined
      : checkUrl(`${name}.location`, location),
    validators: texts(`${name}.validators`, validators, ["etag", "lastModified", "strong"]),
    unreliable: flag(`${name}.unreliable`, unreliable),
    unconditional: flag(`${name}.unconditional`, unconditional),
    compared: flag(`${name}.compared`, compared),
  };
}

/** Returns a boolean, or `undefined` for none. */
function flag(name: string, value: unknown): boolean | undefined {
  if (value === undefined || value === null || typeof value === "boolean") {
    return value ?? undefined;
  }
  throw new OptionTypeError(name, `is ${shown(value)}, but must be true or false`);
}

function checkUrl(name: string, value: unknown): string {
  const protocol = typeof value === "string" ? parseUrl(value)?.protocol : undefined;
  if (protocol === "http:" || protocol === "https:") return value as string;
  // The value itself may hold credentials.
  const what = typeof value === "string" ? "another string" : shown(value);
  throw new OptionTypeError(name, `is ${what}, but must be an http or https URL`);
}

/** Returns the pieces of the file that earlier downloads have learned, or compared the mirrors by. */
export function earlierPieces(file: KnownFile | undefined): readonly KnownPiece[] {
  if (file === undefined) return [];
  const { digest: sha256, digestStart: start, info, pieces = [] } = file;
  if (sha256 === undefined) return pieces;
  return [{ start, end: Math.min(info.size!, start + PROBE_SIZE), sha256 }, ...pieces];
}

/**
 * Returns what the scheduler of a download needs of `file`. Its mirrors are compared by the `length`
 * bytes from `start` on: the digest of other bytes is of no use. `instead` is what stands for their digest
 * where they are not compared.
 */
export function presumed(
  file: KnownFile,
  start: number,
  length: number,
  instead?: string,
): KnownFileFacts {
  const comparable = file.digestStart === start && length >= PROBE_SIZE;
  return {
    size: file.info.size!,
    digest: instead ?? (comparable ? file.digest : undefined),
    hashes: file.info.hashes,
    mirrors: file.mirrors.map(({ url }) => url),
    compared: file.mirrors.filter(({ compared }) => compared).map(({ url }) => url),
  };
}

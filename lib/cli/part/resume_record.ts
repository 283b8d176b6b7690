/**
 * The record beside a part file, `FILE.part.json`: which file the bytes belong to, and so whether they
 * may be continued. Their number is the length of the part file. The record is replaced in one step,
 * contains no credentials, and is optional: if it cannot be read, the last bytes are still compared.
 *
 * @module
 */

import type { FileInfo, Hashes, HashType, KnownFile, KnownMirror } from "../../../mod.ts";
import { CommandError } from "../../command_line/command_error.ts";
import { tryParseMirrorUrl } from "../../http/address/mirror_url.ts";
import { requestedUrl } from "../../http/address/named_address.ts";
import { HASH_DIGITS } from "../../http/hashes.ts";
import { parseJson } from "../../command_line/json.ts";
import { isWeak } from "../../http/validators.ts";
import { ExitCode, reason } from "../failure/exit_code.ts";
import { replaceText } from "./durable_file.ts";
import { MAX_PIECES, type SummedPiece } from "./pieces/piece_sums.ts";

/** What is known about the file that a part file belongs to. */
export interface ResumeRecord {
  /** Size of the whole file in bytes; `undefined` if no mirror reports it. */
  readonly size: number | undefined;
  /** First byte of the file that is in the part file. */
  readonly start: number;
  /** Hashes of the whole file, by their types, as the mirrors gave them; missing for none. */
  readonly hashes?: Hashes | undefined;
  /** The mirrors that had the file, with their validators. */
  readonly mirrors: readonly RecordedMirror[];
  /** Sums of the pieces of the part file, as they were received, from its beginning on. */
  readonly pieces: readonly SummedPiece[];
  /** Whether bytes of different files may be in the part file, as mirrors turned out to differ. */
  readonly mixed?: boolean | undefined;
}

/** A mirror that had the file. */
export interface RecordedMirror {
  /** Its URL, without credentials. */
  readonly url: string;
  /** Its ETag, as received. */
  readonly etag: string | undefined;
  /** Its Last-Modified, as received. */
  readonly lastModified: string | undefined;
}

/** What a download knows about its file. */
export interface FileFacts {
  /** What the mirrors agree on. */
  readonly info: Pick<FileInfo, "size" | "etag" | "lastModified" | "mirrors" | "hashes">;
  /** What each mirror reported: `mirrors` of `Downloader.knownFile`, if there is one. */
  readonly mirrors?: readonly KnownMirror[] | undefined;
  /** First byte to download. @default {0} */
  readonly start?: number | undefined;
  /** Byte after the last one to download. @default {the end of the file} */
  readonly end?: number | undefined;
}

/** Result of reading a record. */
export interface RecordFound {
  /** The record; `undefined` if there is none that can be read. */
  readonly record: ResumeRecord | undefined;
  /** Message for the user. */
  readonly note: string | undefined;
}

/** Version of the format that is written. */
const VERSION = 1;

/** Maximum size of a record in bytes; one of {@linkcode MAX_MIRRORS} mirrors is smaller. */
const MAX_SIZE = 4 * 1024 * 1024;

/** Maximum number of mirrors in a record. */
const MAX_MIRRORS = 1000;

/** Returns the path, or the name, of the record of a part file. */
function recordOf(part: string): string {
  return `${part}.json`;
}

/** Creates a record from what a download knows. */
export function recordFacts({ info, mirrors = [], start = 0 }: FileFacts): ResumeRecord {
  const found = new Map<string, RecordedMirror>();
  for (const url of info.mirrors) {
    // If there is only one mirror, the validators of the file are its own.
    const { etag, lastModified } = info.mirrors.length === 1 ? info : NOTHING;
    found.set(url, { url, etag, lastModified });
  }
  for (const { url, validators: { etag, lastModified } } of mirrors) {
    found.set(url, { url, etag, lastModified });
  }
  const { size, hashes = {} } = info;
  const given = Object.keys(hashes).length > 0 ? hashes : undefined;
  const known = [...found.values()];
  return { size, start, hashes: given, mirrors: known, pieces: [], mixed: undefined };
}

const NOTHING = { etag: undefined, lastModified: undefined };

/** Returns the newer record, with what only the older one has: mirrors, validators, pieces. */
export function mergeRecords(older: ResumeRecord, newer: ResumeRecord): ResumeRecord {
  const merged = new Map(older.mirrors.map((mirror) => [mirror.url, mirror]));
  for (const mirror of newer.mirrors) {
    const { url, etag, lastModified } = mirror;
    const empty = etag === undefined && lastModified === undefined;
    const kept = empty ? merged.get(url) ?? mirror : mirror;
    // The newest are last, so that the oldest are dropped.
    merged.delete(url);
    merged.set(url, kept);
  }
  const pieces = newer.pieces.length > 0 ? newer.pieces : older.pieces;
  const hashes = newer.hashes ?? older.hashes;
  return { ...newer, hashes, mirrors: [...merged.values()].slice(-MAX_MIRRORS), pieces };
}

/**
 * Returns why bytes of the older record's file may not be continued with those of the newer one's, to
 * follow the name of the part file in a message; `undefined` if they may.
 */
export function difference(older: ResumeRecord, newer: ResumeRecord): string | undefined {
  if (older.start !== newer.start) {
    return `begins at byte ${older.start} of the file, not at the requested byte ${newer.start}`;
  }
  if (older.size !== undefined && newer.size !== undefined && older.size !== newer.size) {
    return `belongs to a file of ${older.size} bytes, but the mirrors have one of ${newer.size} bytes`;
  }
  return undefined;
}

/**
 * Returns what the record says of the file for a download from `urls`: mirrors that still serve it under
 * the recorded strong ETag need not be compared. `undefined` if none of them can prove that.
 */
export function recordedFile(
  { size, mirrors, hashes }: ResumeRecord,
  urls: readonly string[],
): KnownFile | undefined {
  if (!size) return undefined;
  const given = new Set(urls.map((url) => tryParseMirrorUrl(url)?.url));
  const proven = mirrors.filter(({ url, etag }) =>
    given.has(requestedUrl(url)) && etag !== undefined && !isWeak(etag)
  );
  const [first] = proven;
  if (first === undefined) return undefined;
  const { etag, lastModified } = first;
  return {
    info: {
      size,
      contentType: undefined,
      etag,
      lastModified,
      hashes,
      mirrors: proven.map(({ url }) => url),
    },
    digest: undefined,
    digestStart: 0,
    mirrors: proven.map(({ url, etag, lastModified }) => ({
      url,
      location: undefined,
      validators: { etag, lastModified, strong: etag },
    })),
  };
}

/**
 * Reads the record of a part file.
 *
 * @param path path of the part file
 * @param name name of the part file in messages
 * @throws {CommandError} a newer sphttp wrote it
 */
export async function readRecord(path: string, name: string): Promise<RecordFound> {
  let read;
  try {
    read = parseRecord(await readText(recordOf(path)));
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound
      ? `${recordOf(name)} does not exist`
      : `${recordOf(name)} cannot be used: ${reason(error)}`;
    return { record: undefined, note: `${why}; only the end of ${name} is compared` };
  }
  if (typeof read !== "number") return { record: read, note: undefined };
  throw new CommandError(
    ExitCode.RESUME,
    `${recordOf(name)} was written by a newer sphttp (format version ${read} instead of ` +
      `${VERSION}); continue with that one, or move ${name} away or omit -C - to start over`,
  );
}

/** Writes the record of the part file with that path, in one step. */
export async function writeRecord(path: string, record: ResumeRecord): Promise<void> {
  const { size, start, hashes, mirrors, pieces, mixed } = record;
  const written = { version: VERSION, size, start, mixed, hashes, mirrors, pieces };
  const text = JSON.stringify(written, undefined, 2);
  const temporary = temporaryOf(path);
  // Left behind when a process was killed.
  await Deno.remove(temporary).catch(() => {});
  // Only for the user: URLs of mirrors may be signed.
  await replaceText(recordOf(path), `${text}\n`, temporary, 0o600);
}

/** Removes the record of the part file with that path, and a temporary one. */
export async function removeRecord(path: string): Promise<void> {
  for (const name of recordsOf(path)) {
    try {
      await Deno.remove(name);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** Returns the paths of the record of a part file, and of the temporary one. */
export function recordsOf(path: string): string[] {
  return [temporaryOf(path), recordOf(path)];
}

function temporaryOf(path: string): string {
  return `${recordOf(path)}.new`;
}

async function readText(path: string): Promise<string> {
  const { isFile, size } = await Deno.lstat(path);
  if (!isFile) throw new TypeError("not a regular file");
  if (size > MAX_SIZE) throw new TypeError("too large");
  return await Deno.readTextFile(path);
}

/**
 * Parses a record; returns the version if it is newer.
 *
 * @throws {TypeError} it is not one
 */
export function parseRecord(text: string): ResumeRecord | number {
  const value = parseJson(text) as Partial<Record<keyof ResumeRecord | "version", unknown>> | null;
  if (typeof value !== "object" || value === null) throw notARecord();
  const { version, size, start, hashes, mirrors, pieces = [], mixed } = value;
  if (Number.isSafeInteger(version) && Number(version) > VERSION) return Number(version);
  if (version !== VERSION || !Array.isArray(mirrors)) throw notARecord();
  if (!isPosition(start) || !(size === undefined || isPosition(size))) throw notARecord();
  // Earlier versions wrote no pieces.
  if (!Array.isArray(pieces) || pieces.length > 2 * MAX_PIECES) throw notARecord();
  return {
    size,
    start,
    hashes: parseHashes(hashes),
    mirrors: mirrors.map(parseMirror),
    pieces: pieces.map(parsePiece),
    mixed: mixed === true ? true : undefined,
  };
}

function parseHashes(value: unknown): Hashes | undefined {
  if (value === undefined) return undefined;
  const entries = Object.entries(value ?? {});
  const isHash = ([name, hex]: [string, unknown]) =>
    HASH_DIGITS[name as HashType] === String(hex).length && /^[0-9a-f]*$/.test(String(hex));
  if (!entries.every(isHash)) throw notARecord();
  return Object.fromEntries(entries);
}

function parsePiece(value: unknown): SummedPiece {
  const { start, end, crc32 } = (value ?? {}) as Record<keyof SummedPiece, unknown>;
  if (!isPosition(start) || !isPosition(end) || end <= start) throw notARecord();
  if (!isPosition(crc32) || crc32 > 0xffffffff) throw notARecord();
  return { start, end, crc32 };
}

function parseMirror(value: unknown): RecordedMirror {
  const { url, etag, lastModified } = (value ?? {}) as Record<keyof RecordedMirror, unknown>;
  if (!isText(url) || !isTextOrNone(etag) || !isTextOrNone(lastModified)) throw notARecord();
  return { url, etag, lastModified };
}

function notARecord(): TypeError {
  return new TypeError("not a record of sphttp");
}

function isPosition(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** Reports whether a value is text that can be shown. */
function isText(value: unknown): value is string {
  return typeof value === "string" && !/\p{Cc}/u.test(value);
}

function isTextOrNone(value: unknown): value is string | undefined {
  return value === undefined || isText(value);
}

/**
 * The record beside a part file, `FILE.part.json`: of which file the bytes are. It decides whether they
 * may be continued; how many there are, only the part file knows. It is replaced whole, so that
 * whoever ends the process at whatever moment leaves the old one or the new one. It names no
 * credentials, and a record that cannot be read is no reason not to go on.
 *
 * @module
 */

import type { FileInfo, KnownMirror } from "../../../mod.ts";
import { CommandError } from "../../command_line/command_error.ts";
import { isWeak } from "../../http/validators.ts";
import { ExitCode } from "../failure/exit_code.ts";
import { reason } from "../failure/file_error.ts";
import { replaceText } from "./durable_file.ts";

/** What is known of the file that a part file belongs to. */
export interface ResumeRecord {
  /** Size of the file in bytes, whatever part of it is wanted; `undefined` where nobody tells. */
  readonly size: number | undefined;
  /** First byte of the file that the part file has. */
  readonly start: number;
  /** The mirrors that had the file, and what they said of it. */
  readonly mirrors: readonly RecordedMirror[];
}

/** A mirror that had the file. */
export interface RecordedMirror {
  /** Its URL, without credentials. */
  readonly url: string;
  /** Its entity tag, as it came. */
  readonly etag: string | undefined;
  /** Its date of last modification, as it came. */
  readonly lastModified: string | undefined;
}

/** What a download has found out about its file. */
export interface FileFacts {
  /** What the mirrors agreed on. */
  readonly info: Pick<FileInfo, "size" | "etag" | "lastModified" | "mirrors">;
  /** What is known of each mirror: the `mirrors` of `Downloader.knownFile`, if there is one. */
  readonly mirrors?: readonly KnownMirror[] | undefined;
  /**
   * First byte of the file that is wanted.
   *
   * @default {0}
   */
  readonly start?: number | undefined;
  /**
   * The byte behind the last one that is wanted.
   *
   * @default {the end of the file}
   */
  readonly end?: number | undefined;
}

/** What was found where a record should be. */
export interface RecordFound {
  /** The record; `undefined` where there is none that can be read. */
  readonly record: ResumeRecord | undefined;
  /** What the user should know, in a sentence. */
  readonly note: string | undefined;
}

/** Version of the format that is written. */
const VERSION = 1;

/** A record of a thousand mirrors is smaller: what is larger is none, in bytes. */
const MAX_SIZE = 4 * 1024 * 1024;

/** Mirrors that are remembered. */
const MAX_MIRRORS = 1000;

/** The path, or the name, of the record of a part file. */
function recordOf(part: string): string {
  return `${part}.json`;
}

/** The record of what is known now. */
export function recordFacts({ info, mirrors = [], start = 0 }: FileFacts): ResumeRecord {
  const said = new Map<string, RecordedMirror>();
  for (const url of info.mirrors) {
    // What one mirror says of the file is known to be its own where it is the only one.
    const { etag, lastModified } = info.mirrors.length === 1 ? info : NOTHING;
    said.set(url, { url, etag, lastModified });
  }
  for (const { url, validators: { etag, lastModified } } of mirrors) {
    said.set(url, { url, etag, lastModified });
  }
  return { size: info.size, start, mirrors: [...said.values()] };
}

const NOTHING = { etag: undefined, lastModified: undefined };

/** The newer record, with what only the older one knows of mirrors. */
export function mergeRecords(older: ResumeRecord, newer: ResumeRecord): ResumeRecord {
  const said = new Map(older.mirrors.map((mirror) => [mirror.url, mirror]));
  for (const mirror of newer.mirrors) {
    const { url, etag, lastModified } = mirror;
    const silent = etag === undefined && lastModified === undefined;
    const kept = silent ? said.get(url) ?? mirror : mirror;
    // What is newest stands last.
    said.delete(url);
    said.set(url, kept);
  }
  return { ...newer, mirrors: [...said.values()].slice(-MAX_MIRRORS) };
}

/**
 * Why bytes of the older record's file may not be continued with those of the newer one's, as the end
 * of a sentence that begins with the name of the part file; `undefined` where nothing speaks
 * against it.
 */
export function difference(older: ResumeRecord, newer: ResumeRecord): string | undefined {
  if (older.start !== newer.start) {
    return `begins with byte ${older.start} of the file, not with byte ${newer.start} as asked now`;
  }
  if (older.size !== undefined && newer.size !== undefined && older.size !== newer.size) {
    return `is of a file of ${older.size} bytes, but the mirrors have one of ${newer.size} bytes`;
  }
  for (const after of newer.mirrors) {
    const before = older.mirrors.find(({ url }) => url === after.url);
    const change = before && changeOf(before, after);
    if (change) return `is of another version: ${after.url} has changed since (${change})`;
  }
  return undefined;
}

/**
 * What tells that a mirror's file changed: its strong entity tag, or else its date. Weak tags decide
 * nothing but that the file is still the same (RFC 9110 section 8.8.3).
 */
function changeOf(before: RecordedMirror, after: RecordedMirror): string | undefined {
  if (before.etag !== undefined && after.etag !== undefined) {
    if (before.etag === after.etag) return undefined;
    if (!isWeak(before.etag) && !isWeak(after.etag)) {
      return `its ETag was ${before.etag} and is ${after.etag}`;
    }
  }
  if (before.lastModified === undefined || after.lastModified === undefined) return undefined;
  if (before.lastModified === after.lastModified) return undefined;
  return `its Last-Modified was ${before.lastModified} and is ${after.lastModified}`;
}

/**
 * Reads the record of a part file.
 *
 * @param path path of the part file
 * @param name what messages call the part file
 * @throws {CommandError} a newer sphttp made it
 */
export async function readRecord(path: string, name: string): Promise<RecordFound> {
  let read;
  try {
    read = parseRecord(await readText(recordOf(path)));
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound
      ? `there is no record of ${name}`
      : `${recordOf(name)} cannot be used: ${reason(error)}`;
    return { record: undefined, note: `${why}; only the end of ${name} is compared` };
  }
  if (typeof read !== "number") return { record: read, note: undefined };
  throw new CommandError(
    ExitCode.RESUME,
    `${recordOf(name)} was made by a newer sphttp (version ${read} of its format, known is ` +
      `${VERSION}); go on with that one, or move ${name} away or leave out -C - to start over`,
  );
}

/** Writes the record of the part file with that path, whole or not at all. */
export async function writeRecord(path: string, record: ResumeRecord): Promise<void> {
  const { size, start, mirrors } = record;
  const text = JSON.stringify({ version: VERSION, size, start, mirrors }, undefined, 2);
  const temporary = temporaryOf(path);
  // Left behind when a process was killed.
  await Deno.remove(temporary).catch(() => {});
  // Only for the user: URLs of mirrors may be signed.
  await replaceText(recordOf(path), `${text}\n`, temporary, 0o600);
}

/** Removes the record of the part file with that path, if there is one, and what was to become one. */
export async function removeRecord(path: string): Promise<void> {
  for (const name of recordsOf(path)) {
    try {
      await Deno.remove(name);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** Paths of the record of a part file, and of what is to become one. */
export function recordsOf(path: string): string[] {
  return [temporaryOf(path), recordOf(path)];
}

function temporaryOf(path: string): string {
  return `${recordOf(path)}.new`;
}

async function readText(path: string): Promise<string> {
  const { isFile, size } = await Deno.lstat(path);
  if (!isFile) throw new TypeError("it is no file");
  if (size > MAX_SIZE) throw new TypeError("it is too large");
  return await Deno.readTextFile(path);
}

/** Reads a record; for one of a newer version, only that. */
function parseRecord(text: string): ResumeRecord | number {
  let value: Partial<Record<keyof ResumeRecord | "version", unknown>> | null;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TypeError("it is torn or was changed");
  }
  if (typeof value !== "object" || value === null) throw notOurs();
  const { version, size, start, mirrors } = value;
  if (Number.isSafeInteger(version) && Number(version) > VERSION) return Number(version);
  if (version !== VERSION || !Array.isArray(mirrors)) throw notOurs();
  if (!isPosition(start) || !(size === undefined || isPosition(size))) throw notOurs();
  return { size, start, mirrors: mirrors.map(parseMirror) };
}

function parseMirror(value: unknown): RecordedMirror {
  const { url, etag, lastModified } = (value ?? {}) as Record<keyof RecordedMirror, unknown>;
  if (!isText(url) || !isTextOrNone(etag) || !isTextOrNone(lastModified)) throw notOurs();
  return { url, etag, lastModified };
}

function notOurs(): TypeError {
  return new TypeError("it is not what sphttp writes");
}

function isPosition(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** Whether a value is text that may be shown. */
function isText(value: unknown): value is string {
  return typeof value === "string" && !/\p{Cc}/u.test(value);
}

function isTextOrNone(value: unknown): value is string | undefined {
  return value === undefined || isText(value);
}

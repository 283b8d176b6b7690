/**
 * Finds the checksum of one file in a checksum file, or explains why there is none that can be used.
 * Parses files as sha256sum, BSD's tools, openssl, gpg and distributions write them. The signature of a file
 * that is clear-signed with PGP is skipped, not verified: the user has to trust the source of the file.
 *
 * @module
 */

import { levenshteinDistance } from "@std/text/levenshtein-distance";
import { CommandError, USAGE, usageError } from "../../command_line/command_error.ts";
import { HASH_DIGITS, HASH_TYPES, type HashType } from "../../http/hashes.ts";
import { looksLikeHtml } from "../../http/name/html.ts";
import { decodeText } from "../../http/text_encoding.ts";
import type { Document } from "../document/document.ts";
import { ExitCode } from "../failure/exit_code.ts";
import { printable, truncate } from "../../command_line/terminal_text.ts";
import { linesOf } from "../../command_line/text_file.ts";
import { type Checksum, checksumOf, findAlgorithm } from "./checksum.ts";

/** The number of hexadecimal digits of a CRC-32, which is no hash. */
const CRC32_DIGITS = 8;

const NEAR_NAMES = 5;
/** Names are compared up to here. */
const LONG_NAME = 512;
/** Of many names the first are compared, as far as the products of the lengths are not more in all. */
const MOST_COMPARED = 10_000_000;

/** The most bytes of a checksum file. */
export const MAX_CHECKSUM_FILE = 16 * 1024 * 1024;

/**
 * Returns the checksum of a file from a checksum file, as {@linkcode findChecksum} does.
 *
 * @param names names that the file may have, the likeliest first
 * @param nameless whether a digest without a name counts
 * @throws {CommandError} the same; what a server sent is an error of receiving, not of usage
 */
export function checksumIn(
  { bytes, where, url }: Document,
  names: readonly string[],
  nameless = true,
): Checksum {
  if (url !== undefined && looksLikeHtml(bytes)) {
    throw new CommandError(ExitCode.RECEIVE, `${where} is a web page, not a checksum file`);
  }
  try {
    return findChecksum(decodeText(bytes), names, where, nameless);
  } catch (error) {
    if (url === undefined || !(error instanceof CommandError) || error.exitCode !== USAGE) {
      throw error;
    }
    throw new CommandError(ExitCode.RECEIVE, error.message, { cause: error });
  }
}

/**
 * Returns the checksum of a file from the text of a checksum file: that of the same path, else of the
 * same file name, else a digest without a name. Of several algorithms, the strongest is chosen.
 *
 * @param names names that the file may have: the first that is listed counts
 * @param nameless whether a digest without a name counts
 * @param where name of the checksum file in messages
 * @throws {CommandError} there is none, none that can be used, or two that differ
 */
export function findChecksum(
  text: string,
  names: readonly string[],
  where: string,
  nameless = true,
): Checksum {
  const parsed = parseChecksumFile(text);
  const file = nameless
    ? parsed
    : { ...parsed, entries: parsed.entries.filter(({ name }) => name !== undefined) };
  if (file.entries.length === 0) throw noChecksums(file, where);
  const fileName = names.find((name) => entriesFor(file, name).length > 0) ?? names[0] ?? "";
  const entries = entriesFor(file, fileName);
  if (entries.length === 0) throw notListed(file, fileName, where);
  const found = entries.map((entry) => ({ entry, ...identify(entry, where) }));
  for (const name of HASH_TYPES) {
    const [first, ...others] = found.filter((one) => one.name === name);
    if (first === undefined) continue;
    const { hex, line } = first.entry;
    const other = others.find(({ entry }) => entry.hex !== hex);
    if (other !== undefined) {
      throw usageError(
        `${where} has different ${name} checksums for ${quoted(fileName)} ` +
          `in lines ${line} and ${other.entry.line}`,
      );
    }
    return checksumOf(name, hex);
  }
  throw unusable(found, fileName, where);
}

/** Returns the entries for the same path, else for the same file name, else those without a name. */
function entriesFor({ entries }: ChecksumFile, fileName: string): readonly ChecksumEntry[] {
  const same = (key: (path: string) => string) => {
    const wanted = key(fileName);
    return entries.filter(({ name }) => name !== undefined && key(name) === wanted);
  };
  const exact = same((path) => path.replace(/^(\.\/)+/, ""));
  if (exact.length > 0) return exact;
  const similar = same(lastPart);
  if (similar.length > 0) return similar;
  return entries.every(({ name }) => name === undefined) ? entries : [];
}

/** The algorithm of an entry: a supported one, or a word for what it seems to be. */
interface Identity {
  readonly name: HashType | undefined;
  readonly other: string;
}

/** Identifies the algorithm by the line, else by the name of the file, else by the number of digits. */
function identify({ algorithm, hex }: ChecksumEntry, where: string): Identity {
  const fits = (name: HashType) => HASH_DIGITS[name] === hex.length;
  const named = algorithm === undefined ? undefined : knownName(algorithm);
  if (algorithm !== undefined) {
    if (named === undefined) return { name: undefined, other: algorithm };
    const other = `${algorithm} with ${hex.length} digits instead of ${HASH_DIGITS[named]}`;
    return { name: fits(named) ? named : undefined, other };
  }
  const hinted = words(where, HINTS).flatMap((word) => knownName(word) ?? []).find(fits);
  if (hinted !== undefined) return { name: hinted, other: hinted };
  // By its length alone, a sha3-256 digest would look like sha-256.
  const [foreign] = words(where, FOREIGN);
  if (foreign !== undefined) return { name: undefined, other: foreign };
  const name = HASH_TYPES.find(fits);
  const other = hex.length === CRC32_DIGITS ? "crc32" : `${hex.length} digits`;
  return { name, other: name ?? other };
}

/** Returns the algorithm for a name such as `SHA256`, `sha-256`, or `SHA2-256` of openssl. */
function knownName(word: string): HashType | undefined {
  return findAlgorithm(word.replaceAll("_", "-").replace(/^sha2-?(?=\d{3}$)/i, "sha-"));
}

/** Supported algorithms in names like `SHA256SUMS`, `sha512sum.txt`, `file.iso.md5`. */
const HINTS = /(?<![a-z0-9])(sha[-_]?(?:1|224|256|384|512)|md5)(?=s?sums?(?![a-z])|[^a-z0-9]|$)/g;
/** Unsupported algorithms in names that are unambiguous: `B2SUMS`, `file.iso.sha3-256`. */
const FOREIGN =
  /(?<![a-z0-9])(sha3(?:[-_]?\d+)?|sha[-_]?512[-_]2(?:24|56)|b2|b3|blake(?:2[bs]?|3))(?=s?sums?(?![a-z])|(?:\.(?:asc|txt))?$)/g;

/** Returns the matches of an expression in the name of a file. */
function words(path: string, expression: RegExp): string[] {
  return [...lastPart(path).toLowerCase().matchAll(expression)].map(([, word]) => word!);
}

function noChecksums({ unreadable: [first] }: ChecksumFile, where: string): Error {
  if (first === undefined) return usageError(`${where} has no checksums`);
  return unreadableLine(first, where);
}

function unreadableLine({ line, text }: UnreadableLine, where: string): Error {
  return usageError(
    `${where}:${line}: ${quoted(text)} is not a checksum; expected "HEX  NAME" or ` +
      '"ALGORITHM (NAME) = HEX"',
  );
}

function notListed({ entries, unreadable }: ChecksumFile, fileName: string, where: string): Error {
  const wanted = lastPart(fileName);
  const broken = unreadable.find(({ text }) => text.includes(wanted));
  if (broken !== undefined) return unreadableLine(broken, where);
  const names = new Set(entries.flatMap(({ name }) => name === undefined ? [] : [lastPart(name)]));
  const near = nearest(wanted, names);
  const others = names.size > near.length ? "; similar names are" : "; it has";
  return usageError(
    `${where} has no line for ${quoted(wanted)}${others} ${near.map(quoted).join(", ")}`,
  );
}

/** Returns those of the names that are most similar, the nearest first. */
function nearest(wanted: string, names: Iterable<string>): string[] {
  const compared: { name: string; distance: number }[] = [];
  let left = MOST_COMPARED;
  for (const name of names) {
    left -= wanted.length * name.length;
    // The first ones are shown if there are no others.
    if (left < 0 && compared.length >= NEAR_NAMES) break;
    const [one, other] = [wanted, name].map((text) => text.slice(0, LONG_NAME).toLowerCase());
    compared.push({ name, distance: levenshteinDistance(one!, other!) });
  }
  return compared.sort((one, other) => one.distance - other.distance).slice(0, NEAR_NAMES)
    .map(({ name }) => name);
}

function unusable(
  found: readonly (Identity & { readonly entry: ChecksumEntry })[],
  fileName: string,
  where: string,
): Error {
  const others = [...new Set(found.map(({ other }) => other))].join(", ");
  return usageError(
    `${where}:${found[0]!.entry.line}: unsupported checksum for ${quoted(fileName)} ` +
      `(${others}); supported are ${HASH_TYPES.join(", ")}`,
  );
}

/** Returns the file name of a path of any system; `@std/path` would take "a:" for a drive. */
function lastPart(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

/** Quotes text of a file for a message. */
function quoted(text: string): string {
  return `"${truncate(printable(text), 100)}"`;
}

export interface ChecksumEntry {
  /** The algorithm that the line names, in lower case; `undefined` for none. */
  readonly algorithm: string | undefined;
  /** The digest in lower case hexadecimal digits, of any number. */
  readonly hex: string;
  /** Name of the file; `undefined` for a digest alone. */
  readonly name: string | undefined;
  /** Number of the line, from 1. */
  readonly line: number;
}

/** A line that is not a checksum, comment or signature. */
export interface UnreadableLine {
  /** Number of the line, from 1. */
  readonly line: number;
  readonly text: string;
}

export interface ChecksumFile {
  /** Its checksums, in order. */
  readonly entries: readonly ChecksumEntry[];
  /** Other lines, such as an introduction. */
  readonly unreadable: readonly UnreadableLine[];
}

/** No digest of a line has fewer. */
const LEAST_DIGITS = CRC32_DIGITS;
/** `SHA256 (name) = HEX` of BSD and `--tag`, `SHA2-256(name)= HEX` of openssl. */
const TAGGED = /^(\\?)([a-z][a-z0-9/-]*) ?\((.+)\) ?= ?([0-9a-f]{8,})$/i;
/** `HEX  name` and `HEX *name`, with exactly two characters between them. */
const GNU = /^(\\?)([0-9a-f]{8,}) [ *](.+)$/i;
/** The same of other programs, with any white space. */
const LOOSE = /^(\\?)([0-9a-f]{8,})[ \t]+\*?(.+)$/i;
const BARE = /^[0-9a-f]{8,}$/i;
/** `ALGORITHM:` before the digest of such a line. */
const PREFIX = /^(md5|sha-?\d{1,3}):(?=[0-9a-f]{32})/i;
/** `name: D318 5478 …` and `name: SHA256 = D318 5478 …` of gpg; `ALGORITHM: HEX`. */
const GROUPED = /^(.+?):(?:\s*([a-z][a-z0-9-]*) =)?([0-9a-f\s]*)$/i;
/** The next line of such a digest. */
const MORE_GROUPS = /^\s+[0-9A-F]{2,8}(?: +[0-9A-F]{2,8})*\s*$/;

/** Parses a checksum file; accepts digests of any algorithm. */
export function parseChecksumFile(text: string): ChecksumFile {
  const entries: ChecksumEntry[] = [];
  const unreadable: UnreadableLine[] = [];
  for (const { line, text: content } of joinGroups(contentLines(text))) {
    if (content === "" || /^\s*([#;]|$)/.test(content)) continue;
    const entry = parseLine(content, line);
    if (entry === undefined) unreadable.push({ line, text: content });
    else entries.push(entry);
  }
  return { entries, unreadable };
}

/** Joins the lines of a digest that gpg has written in groups. */
function* joinGroups(lines: Iterable<UnreadableLine>): Generator<UnreadableLine> {
  let [last, isGrouped]: [UnreadableLine | undefined, boolean] = [undefined, false];
  for (const { line, text } of lines) {
    // What is in groups stays so with more of them: it is looked at once.
    if (last !== undefined && MORE_GROUPS.test(text) && (isGrouped ||= GROUPED.test(last.text))) {
      last = { line: last.line, text: `${last.text} ${text}` };
      continue;
    }
    if (last !== undefined) yield last;
    [last, isGrouped] = [{ line, text }, false];
  }
  if (last !== undefined) yield last;
}

function parseLine(text: string, line: number): ChecksumEntry | undefined {
  if (text.length < LEAST_DIGITS) return undefined;
  const prefix = PREFIX.exec(text);
  if (prefix !== null) {
    const found = parseLine(text.slice(prefix[0].length), line);
    return found && { ...found, algorithm: prefix[1]!.toLowerCase() };
  }
  // First, because a name may end with a space, but a digest may not.
  const tagged = TAGGED.exec(text.trimEnd());
  if (tagged !== null) {
    const [, escape, algorithm, name, hex] = tagged;
    return entry(hex!, line, { algorithm: algorithm!.toLowerCase(), name: named(escape!, name!) });
  }
  if (BARE.test(text.trim())) return entry(text.trim(), line, {});
  const [, escape, hex, name] = GNU.exec(text) ?? LOOSE.exec(text) ?? [];
  if (hex === undefined) return parseGroups(text, line);
  return entry(hex, line, { name: named(escape!, name!) });
}

function parseGroups(text: string, line: number): ChecksumEntry | undefined {
  const [, name = "", algorithm, groups = ""] = GROUPED.exec(text) ?? [];
  const hex = groups.replace(/\s+/g, "");
  if (!Object.values(HASH_DIGITS).includes(hex.length)) return undefined;
  if (algorithm === undefined && knownName(name) !== undefined) {
    return entry(hex, line, { algorithm: name.toLowerCase() });
  }
  return entry(hex, line, { name, algorithm: algorithm?.toLowerCase() });
}

function entry(hex: string, line: number, rest: Partial<ChecksumEntry>): ChecksumEntry {
  const { algorithm, name } = rest;
  // "-" is the name of standard input.
  return { algorithm, hex: hex.toLowerCase(), name: name === "-" ? undefined : name, line };
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", "\\": "\\" };

/** Unescapes a name if the line begins with a backslash. */
function named(escape: string, name: string): string {
  if (escape === "") return name;
  return name.replace(/\\([nr\\])/g, (_, character: string) => ESCAPES[character]!);
}

/** Yields the lines of a file without those of PGP (RFC 9580, section 7), and of many empty ones one. */
function* contentLines(text: string): Generator<UnreadableLine> {
  let part: "content" | "headers" | "signed" | "signature" = "content";
  let isEmpty = false;
  for (const { number: line, text: content } of linesOf(text)) {
    const wasEmpty = isEmpty;
    isEmpty = content === "";
    if (content.startsWith("-----BEGIN PGP SIGNED MESSAGE-----")) part = "headers";
    else if (content.startsWith("-----BEGIN PGP SIGNATURE-----")) part = "signature";
    else if (content.startsWith("-----END PGP SIGNATURE-----")) part = "content";
    else if (part === "headers") part = content.trim() === "" ? "signed" : part;
    else if (isEmpty && wasEmpty) continue;
    else if (part === "signed") yield { line, text: content.replace(/^- /, "") };
    else if (part === "content") yield { line, text: content };
  }
}

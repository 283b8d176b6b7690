/**
 * Finds the checksum of one file in a file of checksums, and says what is wrong where there is none
 * that can be used. What computes near names is only worth loading with such a file at hand.
 *
 * @module
 */

import { closestString } from "@std/text/closest-string";
import { usageError } from "../../command_line/command_error.ts";
import { printable, truncate } from "../report/text_width.ts";
import {
  type ChecksumEntry,
  type ChecksumFile,
  parseChecksumFile,
  type UnreadableLine,
} from "./checksum_lines.ts";
import {
  type AlgorithmName,
  ALGORITHMS,
  type Checksum,
  checksumOf,
  findAlgorithm,
} from "./digest.ts";

/** Algorithms that cannot, by the digits of their digests where no other word is there. */
const OTHERS: Readonly<Record<number, string>> = { 8: "crc32", 56: "sha-224", 96: "sha-384" };

/** How many near names are shown. */
const NEAR_NAMES = 5;

/**
 * The checksum of the file `fileName` (a name, or a path that ends with it) in the text of a file of
 * checksums, which messages call `where`: that of the same path, else of the same last part of a path.
 * A file with a single digest and no name is taken to be for this one. Of several algorithms it is
 * the strongest.
 *
 * @throws {CommandError} there is none, none that can be used, or several that contradict each other
 */
export function findChecksum(text: string, fileName: string, where: string): Checksum {
  const file = parseChecksumFile(text);
  if (file.entries.length === 0) throw noChecksums(file, where);
  const entries = entriesFor(file, fileName);
  if (entries.length === 0) throw notListed(file, fileName, where);
  const found = entries.map((entry) => ({ entry, ...identify(entry, where) }));
  for (const name of Object.keys(ALGORITHMS) as AlgorithmName[]) {
    const [first, ...others] = found.filter((one) => one.name === name);
    if (first === undefined) continue;
    const { hex, line } = first.entry;
    const other = others.find(({ entry }) => entry.hex !== hex);
    if (other !== undefined) {
      throw usageError(
        `${where} has two ${name} checksums for ${quoted(fileName)}, ` +
          `in the lines ${line} and ${other.entry.line}; it cannot be told which one is meant`,
      );
    }
    return checksumOf(name, hex);
  }
  throw unusable(found, fileName, where);
}

/** Entries of the same path, else of the same last part of it, else a digest that has no name. */
function entriesFor({ entries }: ChecksumFile, fileName: string): readonly ChecksumEntry[] {
  const same = (key: (path: string) => string) =>
    entries.filter(({ name }) => name !== undefined && key(name) === key(fileName));
  const exact = same((path) => path.replace(/^(\.\/)+/, ""));
  if (exact.length > 0) return exact;
  const similar = same(lastPart);
  if (similar.length > 0) return similar;
  return entries.every(({ name }) => name === undefined) ? entries : [];
}

/** What an entry is a digest of: a name that is known, or another word for what it seems to be. */
interface Identity {
  readonly name: AlgorithmName | undefined;
  readonly other: string;
}

/** By the line's own word, else by the file's name where that fits, else by the number of digits. */
function identify({ algorithm, hex }: ChecksumEntry, where: string): Identity {
  const fits = (name: AlgorithmName) => ALGORITHMS[name] === hex.length;
  const named = algorithm === undefined ? undefined : knownName(algorithm);
  if (algorithm !== undefined) {
    if (named === undefined) return { name: undefined, other: algorithm };
    const other = `${algorithm} with ${hex.length} digits instead of ${ALGORITHMS[named]}`;
    return { name: fits(named) ? named : undefined, other };
  }
  const hinted = words(where, HINTS).flatMap((word) => knownName(word) ?? []).find(fits);
  if (hinted !== undefined) return { name: hinted, other: hinted };
  // The length alone does not tell sha3-256 from sha-256.
  const [foreign] = words(where, FOREIGN);
  if (foreign !== undefined) return { name: undefined, other: foreign };
  const name = (Object.keys(ALGORITHMS) as AlgorithmName[]).find(fits);
  return { name, other: name ?? OTHERS[hex.length] ?? `one with ${hex.length} digits` };
}

/** `SHA256`, `sha-256`, and `SHA2-256` as openssl calls it. */
function knownName(word: string): AlgorithmName | undefined {
  return findAlgorithm(word.replaceAll("_", "-").replace(/^sha2-?(?=256$|512$)/i, "sha-"));
}

/** Algorithms in names like `SHA256SUMS`, `sha512sum.txt`, `file.iso.md5`. */
const HINTS = /(?<![a-z0-9])(sha[-_]?(?:1|256|512)|md5)(?=s?sums?(?![a-z])|[^a-z0-9]|$)/g;
/** The same for others, and only where the name can mean nothing else: `B2SUMS`, `file.iso.sha3-256`. */
const FOREIGN =
  /(?<![a-z0-9])(sha3(?:[-_]?\d+)?|sha[-_]?512[-_]2(?:24|56)|b2|b3|blake(?:2[bs]?|3))(?=s?sums?(?![a-z])|(?:\.(?:asc|txt))?$)/g;

/** What the expression finds in the name of a file. */
function words(path: string, expression: RegExp): string[] {
  return [...lastPart(path).toLowerCase().matchAll(expression)].map(([, word]) => word!);
}

function noChecksums({ unreadable: [first] }: ChecksumFile, where: string): Error {
  if (first === undefined) return usageError(`${where} has no checksums in it`);
  return unreadableLine(first, where);
}

function unreadableLine({ line, text }: UnreadableLine, where: string): Error {
  return usageError(
    `${where}:${line}: ${quoted(text)} is no checksum; "HEX  NAME" or "ALGORITHM (NAME) = HEX" ` +
      "is needed",
  );
}

function notListed({ entries, unreadable }: ChecksumFile, fileName: string, where: string): Error {
  const wanted = lastPart(fileName);
  const broken = unreadable.find(({ text }) => text.includes(wanted));
  if (broken !== undefined) return unreadableLine(broken, where);
  const names = new Set(entries.flatMap(({ name }) => name === undefined ? [] : [lastPart(name)]));
  const near: string[] = [];
  while (names.size > 0 && near.length < NEAR_NAMES) {
    const nearest: string = closestString(wanted, [...names]);
    near.push(nearest);
    names.delete(nearest);
  }
  const others = names.size > 0 ? "; the nearest are" : "; it has";
  return usageError(
    `${where} has no line for ${quoted(wanted)}${others} ${near.map(quoted).join(", ")}`,
  );
}

function unusable(
  found: readonly (Identity & { readonly entry: ChecksumEntry })[],
  fileName: string,
  where: string,
): Error {
  const others = [...new Set(found.map(({ other }) => other))].join(", ");
  return usageError(
    `${where}:${found[0]!.entry.line}: the checksum for ${quoted(fileName)} cannot be used ` +
      `(${others}); ${Object.keys(ALGORITHMS).join(", ")} can`,
  );
}

function lastPart(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

/** What stands in a file, fit to be shown. */
function quoted(text: string): string {
  return `"${truncate(printable(text), 100)}"`;
}

/**
 * Looks for the checksum of a file where publishers put it: beside the file on its mirrors, under one of
 * a few usual names. The number of requests is bounded, and mirrors that contradict each other are an
 * error. Only SHA-256 and SHA-512 count.
 *
 * @module
 */

import { NoMirrorLeftError } from "../../../mod.ts";
import { CommandError } from "../../command_line/command_error.ts";
import { STRONG_TYPES } from "../../http/hashes.ts";
import { fileNameInUrl } from "../../http/name/file_name.ts";
import { redactUrl } from "../../http/address/redact.ts";
import { type Document, MissingDocument } from "../document/document.ts";
import { ExitCode } from "../failure/exit_code.ts";
import { printable, truncate } from "../../command_line/terminal_text.ts";
import type { Checksum } from "./checksum.ts";
import { checksumIn } from "./checksum_file.ts";

/** A checksum that was found. */
export interface FoundChecksum {
  readonly checksum: Checksum;
  readonly document: Document;
}

/** What is looked for. */
export interface ChecksumSearch {
  /** URLs of the mirrors, which may have credentials. */
  readonly urls: readonly string[];
  /** Names that the file may have in a checksum file, besides that in the URL. */
  readonly names: readonly string[];
  /**
   * Reads a URL. Rejects with a {@linkcode MissingDocument}, or with an error of the command whose cause is
   * that of the download.
   */
  readonly read: (url: string) => Promise<Document>;
}

/**
 * Usual names; `*` stands for that of the file. Those of a row are requested together, and the next row
 * if none of them exists.
 */
const NAMES: readonly (readonly string[])[] = [
  ["*.sha256", "SHA256SUMS", "sha256sum.txt", "*.sha256sum"],
  ["sha256sums.txt", "SHA256", "SHASUMS256.txt", "CHECKSUM"],
  ["*.sha512", "SHA512SUMS", "sha512sum.txt", "*.sha512sum"],
];

/** The number of mirrors that are asked, if they respond. */
const MIRRORS = 3;
/** The most mirrors that are tried. */
const MAX_TRIED = 8;

/** What a mirror has under one name. */
type Answer =
  | { readonly type: "found"; readonly found: FoundChecksum }
  | { readonly type: "missing" }
  /** It exists, but cannot be used. */
  | { readonly type: "useless"; readonly why: string }
  /** The mirror did not respond. */
  | { readonly type: "failed"; readonly error: CommandError };

/** What one mirror has. */
interface MirrorSearch {
  readonly found: readonly FoundChecksum[];
  /** Why documents that exist cannot be used. */
  readonly problems: readonly string[];
  /** The error of a mirror that did not respond. */
  readonly failure: CommandError | undefined;
}

/**
 * Returns the checksums that the mirrors have, one of each algorithm.
 *
 * @throws {CommandError} there is none, or two mirrors have different ones
 */
export async function searchChecksums(search: ChecksumSearch): Promise<FoundChecksum[]> {
  const places = [...new Set(search.urls.map(withoutQuery))].slice(0, MAX_TRIED);
  const mirrors: MirrorSearch[] = [];
  let next = 0;
  while (next < places.length) {
    const responded = mirrors.filter(({ failure }) => failure === undefined).length;
    if (responded >= MIRRORS) break;
    const wave = places.slice(next, next += MIRRORS - responded);
    mirrors.push(...await Promise.all(wave.map((place) => searchMirror(place, search))));
  }
  const found = mirrors.flatMap((mirror) => mirror.found);
  if (found.length === 0) throw notFound(places.slice(0, next), mirrors);
  return agreed(found);
}

async function searchMirror(place: string, search: ChecksumSearch): Promise<MirrorSearch> {
  const problems: string[] = [];
  for (const row of NAMES) {
    const answers = await Promise.all(row.map((name) => examine(place, name, search)));
    const found = answers.flatMap((answer) => answer.type === "found" ? answer.found : []);
    problems.push(...answers.flatMap((answer) => answer.type === "useless" ? answer.why : []));
    const failed = answers.find(({ type }) => type === "failed");
    if (found.length > 0) return { found, problems, failure: undefined };
    if (failed?.type === "failed") return { found, problems, failure: failed.error };
  }
  return { found: [], problems, failure: undefined };
}

async function examine(
  place: string,
  name: string,
  { names, read }: ChecksumSearch,
): Promise<Answer> {
  const url = besideUrl(place, name);
  if (url === undefined) return { type: "missing" };
  try {
    const document = await read(url);
    // A digest without a name is that of the file only if the document is named after it.
    const nameless = name.includes("*");
    const own = fileNameInUrl(place);
    const checksum = checksumIn(document, own === "" ? names : [own, ...names], nameless);
    if (STRONG_TYPES.includes(checksum.name)) {
      return { type: "found", found: { checksum, document } };
    }
    return { type: "useless", why: `${document.where} has ${checksum.name} only` };
  } catch (error) {
    if (error instanceof MissingDocument) return { type: "missing" };
    if (!(error instanceof CommandError)) throw error;
    if (!(error.cause instanceof NoMirrorLeftError)) {
      // Of a document that was read; another one is the reason of an abort.
      if (error.exitCode !== ExitCode.RECEIVE) throw error;
      return { type: "useless", why: firstLine(error) };
    }
    const responded = error.cause.cause.some(({ status }) => status !== undefined);
    return responded ? { type: "useless", why: firstLine(error) } : { type: "failed", error };
  }
}

/** Returns one of each algorithm. */
function agreed(found: readonly FoundChecksum[]): FoundChecksum[] {
  const chosen = new Map<string, FoundChecksum>();
  for (const one of found) {
    const { name, hex } = one.checksum;
    const other = chosen.get(name);
    if (other === undefined) chosen.set(name, one);
    else if (other.checksum.hex !== hex) {
      throw new CommandError(
        ExitCode.RECEIVE,
        `the mirrors have different ${name} checksums of the file (--checksum-from):\n` +
          [other, one].map(({ checksum, document }) => `  ${checksum.hex}  ${document.where}`)
            .join("\n"),
      );
    }
  }
  return [...chosen.values()];
}

/** The most lines of details in an error. */
const MOST_DETAILS = 8;

function notFound(places: readonly string[], mirrors: readonly MirrorSearch[]): CommandError {
  const failures = mirrors.flatMap(({ failure }) => failure ?? []);
  const details = mirrors.flatMap(({ problems, failure }) => [
    ...problems,
    ...failure === undefined ? [] : [firstLine(failure)],
  ]);
  const looked = NAMES.flat().map((name) => name.replace("*", "FILE")).join(", ");
  const where = places.map((place) => redactUrl(besideUrl(place, "")!)).join(", ");
  return new CommandError(
    failures.length === mirrors.length ? failures[0]!.exitCode : ExitCode.STATUS,
    `no checksum was found beside the file (--checksum-from auto)\n  at ${where}\n` +
      `  looked for ${looked}` +
      details.slice(0, MOST_DETAILS).map((line) => `\n  ${line}`).join("") +
      "\nuse --checksum or --checksum-file, or download without a checksum",
  );
}

function firstLine({ message }: Error): string {
  return truncate(printable(message.split("\n")[0]!), 200);
}

/** Returns the URL without query and fragment. */
export function withoutQuery(mirror: string): string {
  const url = new URL(mirror);
  url.search = url.hash = "";
  return url.href;
}

/**
 * Returns the URL of a name in the folder of a URL without query. An asterisk stands for the file's own
 * name; `undefined` if it has none.
 */
export function besideUrl(place: string, name: string): string | undefined {
  const slash = place.lastIndexOf("/") + 1;
  const own = place.slice(slash);
  if (name.includes("*") && own === "") return undefined;
  return place.slice(0, slash) + name.replace("*", () => own);
}

/**
 * Turns a Metalink into files to download: which ones, from which mirrors, and how they are verified.
 *
 * @module
 */

import type { ExpectedPieces } from "../../../mod.ts";
import {
  expectedPiecesOf,
  type Metalink,
  MetalinkError,
  type MetalinkFile,
  parseMetalink,
} from "../../../metalink.ts";
import { CommandError, usageError } from "../../command_line/command_error.ts";
import { HASH_TYPES, type HashType } from "../../http/hashes.ts";
import type { MetalinkArguments } from "../arguments/sources/metalink_flags.ts";
import { type Checksum, checksumOf } from "../checksum/checksum.ts";
import { ExitCode } from "../failure/exit_code.ts";
import { printable, truncate } from "../../command_line/terminal_text.ts";
import type { MetalinkText } from "./metalink_source.ts";

/** A file of a Metalink, to be downloaded. */
export interface MetalinkEntry {
  /** Its name, perhaps with folders; safe. */
  readonly name: string;
  readonly size: number | undefined;
  /** URLs of its mirrors, the best priority first. */
  readonly urls: readonly string[];
  /** Those that follow, in reserve. */
  readonly spares: readonly string[];
  readonly checksums: readonly Checksum[];
  /** A signature of the file, which is not verified. */
  readonly signature: string | undefined;
  /** The digests of its pieces; `undefined` for none of a type and length that can be used. */
  readonly pieces: ExpectedPieces | undefined;
}

/** Maximum number of names in a message. */
const MOST_NAMES = 10;

/**
 * Returns the files of a Metalink that are wanted.
 *
 * @throws {CommandError} it cannot be used, lacks a wanted file, or has no usable URL of one
 */
export function metalinkEntries(
  metalink: MetalinkText,
  { select, maxMirrors, spareMirrors }: Omit<MetalinkArguments, "source">,
): MetalinkEntry[] {
  const { where } = metalink;
  const { chosen, files } = selectFiles(metalink, select);
  const lacking = chosen.find(({ urls }) => urls.length === 0);
  if (lacking !== undefined) {
    throw new CommandError(
      ExitCode.URL,
      `${where} has no http or https URL of ${lacking.name}` +
        (files.length > 1 ? "; use --select-file NAME to download another file" : ""),
    );
  }
  return chosen.map(({ name, size, urls, hashes, pieces, signature }) => ({
    name,
    size,
    urls: urls.slice(0, maxMirrors).map(({ url }) => url),
    spares: urls.slice(maxMirrors, maxMirrors + spareMirrors).map(({ url }) => url),
    checksums: checksumsOf(hashes),
    pieces: expectedPiecesOf(pieces),
    signature: signature?.text,
  }));
}

/**
 * Returns the files of a Metalink, and those that `select` names; all if it is empty.
 *
 * @throws {CommandError} it cannot be used, or lacks a wanted file
 */
export function selectFiles(
  { text, where, url }: MetalinkText,
  select: readonly string[],
): { readonly files: readonly MetalinkFile[]; readonly chosen: readonly MetalinkFile[] } {
  const { files } = parse(text, where, url);
  if (select.length === 0) return { files, chosen: files };
  return { files, chosen: [...new Set(select.map((name) => findFile(files, name, where)))] };
}

function parse(text: string, where: string, url: string | undefined): Metalink {
  try {
    return parseMetalink(text, { url });
  } catch (error) {
    if (!(error instanceof MetalinkError)) throw error;
    const exitCode = error.fault === "urls"
      ? ExitCode.URL
      : url === undefined
      ? ExitCode.USAGE
      : ExitCode.RECEIVE;
    throw new CommandError(exitCode, `${where}: ${error.message}`, { cause: error });
  }
}

/** Finds a file by its name, or by the last part of it, of which there must be one only. */
function findFile(files: readonly MetalinkFile[], wanted: string, where: string): MetalinkFile {
  const exact = files.find(({ name }) => name === wanted);
  if (exact !== undefined) return exact;
  const [found, ...others] = files.filter(({ name }) => name.split("/").at(-1) === wanted);
  if (found !== undefined && others.length === 0) return found;
  const names = files.slice(0, MOST_NAMES).map(({ name }) => name).join(", ");
  const more = files.length > MOST_NAMES ? ` and ${files.length - MOST_NAMES} more` : "";
  const which = found === undefined ? "has no file" : "has several files";
  throw usageError(
    `${where} ${which} "${
      truncate(printable(wanted), 100)
    }" (--select-file); it has ${names}${more}`,
  );
}

/** Returns SHA-256 where it is given, else the strongest hash. */
function checksumsOf(hashes: MetalinkFile["hashes"]): Checksum[] {
  const types: readonly HashType[] = ["sha-256", ...HASH_TYPES];
  const type = types.find((type) => hashes[type] !== undefined);
  return type === undefined ? [] : [checksumOf(type, hashes[type]!)];
}

/**
 * Parses the flags of Metalinks: `--metalink`, or a single argument that has the name of one, and which
 * files and mirrors of it are used.
 *
 * @module
 */

import type { DiscoveryOptions } from "../../../../mod.ts";
import { usageError } from "../../../command_line/command_error.ts";
import type { ParsedFlags } from "../../../command_line/flag_parser.ts";
import { parseCount, parseFile, parsePositive } from "../../../command_line/values.ts";
import type { FlagName } from "../flags.ts";
import { trimUrl } from "../values/url_pattern.ts";
import { parseUrl } from "../../../stand_ins.ts";

/** How many mirrors of a file are used. */
export interface MirrorCounts {
  /** The most mirrors in use. */
  readonly maxMirrors: number;
  /** The most mirrors in reserve. */
  readonly spareMirrors: number;
}

/** A Metalink that lists the files of a command. */
export interface MetalinkArguments extends MirrorCounts {
  /** Its path or URL. */
  readonly source: string;
  /** Names of the files to download; empty for all. */
  readonly select: readonly string[];
}

/** The default of `--max-mirrors`. */
const MAX_MIRRORS = 8;
/** The default of `--spare-mirrors`. */
const SPARE_MIRRORS = 8;

/** The most mirrors that the library finds. */
const MOST_DISCOVERED = 64;

/** Reports whether a file of this name is a Metalink. */
export function isMetalinkName(name: string): boolean {
  return /\.(?:meta4|metalink)$/i.test(name);
}

/** Returns the only argument, if it has the name of a Metalink. */
export function metalinkArgument(rest: readonly string[]): string | undefined {
  const [only = "", ...others] = rest.map(trimUrl);
  return others.length === 0 && isMetalinkName(pathOf(only)) ? only : undefined;
}

/** Parses how many mirrors of a Metalink or a list are used. */
export function parseMirrorCounts({ given }: ParsedFlags<FlagName>): MirrorCounts {
  return {
    maxMirrors: given("max-mirrors", parsePositive) ?? MAX_MIRRORS,
    spareMirrors: given("spare-mirrors", parseCount) ?? SPARE_MIRRORS,
  };
}

/**
 * Parses the flags; returns `undefined` if the arguments are mirrors of one file. Where `-o` has the name
 * of a Metalink, the Metalink itself is downloaded.
 *
 * @throws {CommandError} they are used with what they exclude
 */
export function parseMetalinkArguments(
  values: ParsedFlags<FlagName>,
): MetalinkArguments | undefined {
  const { rest, has, given, each } = values;
  const output = given("output", (_flag, text) => text) ?? "";
  const source = given("metalink", parseFile) ??
    (isMetalinkName(output) ? undefined : metalinkArgument(rest));
  const select = each("select-file", parseFile);
  const counts = parseMirrorCounts(values);
  if (source === undefined) {
    if (has("select-file")) throw usageError("--select-file needs a Metalink: --metalink FILE");
    if (has("spare-mirrors") && !has("mirror-list")) {
      throw usageError(
        "--spare-mirrors needs a Metalink or a list: --metalink or --mirror-list FILE",
      );
    }
    return undefined;
  }
  if (has("metalink") && rest.length > 0) {
    throw usageError("--metalink cannot be used with URLs on the command line");
  }
  for (const name of ["input-file", "remote-header-name", "remote-name"] as const) {
    if (has(name)) {
      throw usageError(`--${name} cannot be used with a Metalink, which names the files`);
    }
  }
  return { source, select, ...counts };
}

/** Parses whether, and how, mirrors that a server names are used. */
export function parseDiscovery(values: ParsedFlags<FlagName>): DiscoveryOptions | undefined {
  const { has } = values;
  const { maxMirrors } = parseMirrorCounts(values);
  const trustMirrors = has("trust-mirrors");
  if (has("no-mirrors")) {
    if (trustMirrors) throw usageError("--no-mirrors and --trust-mirrors cannot be used together");
    return undefined;
  }
  // A part of the file cannot be verified by the digest of all of it.
  if (maxMirrors === 1 || (has("range") && !trustMirrors)) return undefined;
  return { trustMirrors, maxMirrors: Math.min(maxMirrors, MOST_DISCOVERED) };
}

/** Returns the path of a URL, and other texts unchanged. */
function pathOf(text: string): string {
  return /^https?:/i.test(text) ? parseUrl(text)?.pathname ?? "" : text;
}

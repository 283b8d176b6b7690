/**
 * Parses the flags of lists of mirrors: `--mirror-list`, and the path of the file below its URLs.
 *
 * @module
 */

import { usageError } from "../../../command_line/command_error.ts";
import type { ParsedFlags } from "../../../command_line/flag_parser.ts";
import { parseFile } from "../../../command_line/values.ts";
import type { FlagName } from "../flags.ts";
import { type MirrorCounts, parseMirrorCounts } from "./metalink_flags.ts";

/** A list of the mirrors of a file. */
export interface MirrorListArguments extends MirrorCounts {
  /** Its path or URL; `-` is stdin. */
  readonly source: string;
  /** The path of the file below the URLs of the list; `undefined` if they are URLs of the file. */
  readonly path: string | undefined;
}

/**
 * Parses the flags; returns `undefined` without a list.
 *
 * @throws {CommandError} they are used with what they exclude
 */
export function parseMirrorListArguments(
  values: ParsedFlags<FlagName>,
): MirrorListArguments | undefined {
  const { rest, has, given } = values;
  const source = given("mirror-list", parseFile);
  if (source === undefined) {
    if (has("path")) throw usageError("--path needs a list of mirrors: --mirror-list FILE");
    return undefined;
  }
  if (rest.length > 0) {
    throw usageError("--mirror-list cannot be used with URLs on the command line");
  }
  for (const name of ["input-file", "metalink"] as const) {
    if (has(name)) throw usageError(`--mirror-list and --${name} cannot be used together`);
  }
  return { source, path: given("path", parsePath), ...parseMirrorCounts(values) };
}

function parsePath(flag: string, text: string): string {
  const segments = text.replace(/^\/+/, "").split("/");
  const isPath = text.trim() !== "" && segments.at(-1) !== "" &&
    !/^[a-z][a-z0-9+.-]*:/i.test(text) &&
    !segments.some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment));
  if (isPath) return text;
  throw usageError(`${flag} is "${text}", but must be the path of a file, like dists/x.iso`);
}

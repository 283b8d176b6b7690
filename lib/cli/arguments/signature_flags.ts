/**
 * Parses `--signature` and `--signature-key`.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";
import type { ParsedFlags } from "../../command_line/flag_parser.ts";
import { parseFile } from "../../command_line/values.ts";
import type { FlagName } from "./flags.ts";

/** A signature that files are verified by. */
export interface SignatureArguments {
  /** Its path or URL; `undefined` to find it beside what it signs. */
  readonly source: string | undefined;
  /** Files of public keys, or keys of minisign; at least one. */
  readonly keys: readonly string[];
}

/**
 * Parses the flags; returns `undefined` without them.
 *
 * @throws {CommandError} there is no key, or something that they exclude
 */
export function parseSignatureArguments(
  { has, given, each }: ParsedFlags<FlagName>,
): SignatureArguments | undefined {
  const source = given("signature", parseFile);
  const keys = each("signature-key", parseFile);
  if (source === undefined && keys.length === 0) return undefined;
  if (keys.length === 0) {
    throw usageError("--signature needs the publisher's public key: --signature-key FILE");
  }
  if (has("range")) {
    throw usageError("--signature cannot be used with --range: it is that of the whole file");
  }
  if (source !== undefined && source !== "auto" && has("checksum-from")) {
    throw usageError(
      "--signature FILE cannot be used with --checksum-from auto; use auto for both",
    );
  }
  return { source: source === "auto" ? undefined : source, keys };
}

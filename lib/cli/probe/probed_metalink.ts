/**
 * Reads the Metalink whose mirrors are measured. They are named by it, not by the user: credentials and
 * cookies that are given for the server of the Metalink are not sent to them.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";
import { withoutSecrets } from "../../http/address/credentials.ts";
import type { HashType } from "../../http/hashes.ts";
import { Login, loginOfOthers } from "../arguments/credentials/login.ts";
import { openInsecure } from "../arguments/validate.ts";
import { hashesOf } from "../checksum/checksum.ts";
import { metalinkEntries } from "../metalink/metalink_entries.ts";
import { readMetalink } from "../metalink/metalink_source.ts";
import type { ExpectedFile } from "./assessment.ts";
import type { ProbeArguments } from "./probe_arguments.ts";

/** What a Metalink says of the file whose mirrors are measured. */
export interface ProbedFile extends ExpectedFile {
  readonly name: string;
  /** The type of the digest by which a download verifies the whole file, if there is one. */
  readonly hash: HashType | undefined;
}

/** Options of the request for a Metalink. */
type Settings = ProbeArguments["options"] & {
  readonly caCerts: readonly string[];
  readonly signal: AbortSignal;
};

/**
 * Returns the command with the mirrors of its Metalink, and what that says of the file. Rejects with an error
 * of the command if it cannot be used.
 */
export async function withMetalink(
  command: ProbeArguments,
  { source, file }: NonNullable<ProbeArguments["metalink"]>,
  options: Settings,
): Promise<{ readonly command: ProbeArguments; readonly file: ProbedFile }> {
  const login = await Login.of(command.login);
  using opened = command.insecure ? await openInsecure(options) : undefined;
  const metalink = await readMetalink(login.apply(source), { ...options, fetch: opened?.fetch });
  const wanted = {
    select: file === undefined ? [] : [file],
    maxMirrors: Infinity,
    spareMirrors: 0,
  };
  const [entry, ...others] = metalinkEntries(metalink, wanted);
  if (others.length > 0) {
    const count = others.length + 1;
    throw usageError(
      `${metalink.where} has ${count} files; use --select-file NAME for one of them`,
    );
  }
  const { name, size, urls, checksums, pieces } = entry!;
  return {
    command: {
      ...command,
      urls,
      login: loginOfOthers(command.login),
      options: { ...command.options, headers: withoutSecrets(command.options.headers) },
    },
    file: { name, size, hashes: hashesOf(checksums), hash: checksums[0]?.name, pieces },
  };
}

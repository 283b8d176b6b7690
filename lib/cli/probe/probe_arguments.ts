/**
 * The flags of `sphttp probe`, its help, and the parser of its arguments.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";
import { type Argument, type Flag, flagLine, parseFlags } from "../../command_line/flag_parser.ts";
import { parseFile, parseSeconds } from "../../command_line/values.ts";
import type { ClientCertificateFiles } from "../arguments/credentials/client_certificate.ts";
import { type LoginOptions, parseLoginOptions } from "../arguments/credentials/login.ts";
import { type RequestOptions, requestOptions } from "../arguments/engine_flags.ts";
import { CONNECT_TIMEOUT, REQUEST_FLAGS } from "../arguments/flags.ts";
import { metalinkArgument } from "../arguments/sources/metalink_flags.ts";
import { parseUrls } from "../arguments/values/url_pattern.ts";

export const PROBE_FLAGS = [
  { name: "json", help: "print one JSON document" },
  { name: "time", value: "SECONDS", help: "time to measure each mirror's rate (1)" },
  { name: "metalink", short: "M", value: "FILE", help: "measure the mirrors of a Metalink" },
  { name: "select-file", value: "NAME", help: "Metalink: those of this file" },
  ...REQUEST_FLAGS,
  CONNECT_TIMEOUT,
  { name: "help", short: "h", help: "show help" },
] as const satisfies readonly Flag[];

export interface ProbeArguments {
  /** The mirrors' URLs with their credentials, patterns expanded; none if a Metalink has them. */
  readonly urls: readonly string[];
  /** The path or URL of a Metalink, and the name of the file in it; the only one if there is no name. */
  readonly metalink: { readonly source: string; readonly file: string | undefined } | undefined;
  /** The time to measure a rate, in milliseconds. */
  readonly timeMs: number;
  readonly json: boolean;
  readonly caCertFile: string | undefined;
  readonly clientCertificate: ClientCertificateFiles;
  readonly insecure: boolean;
  readonly login: LoginOptions;
  readonly options: RequestOptions;
  /** Where flags were given that a file holds, by their names. */
  readonly places: ReadonlyMap<string, string>;
}

/** Parses the arguments after `probe`. Rejects with a usage error if they are invalid. */
export async function parseProbeArguments(
  args: readonly Argument[],
): Promise<ProbeArguments | "help"> {
  const values = await parseFlags("sphttp probe", args, PROBE_FLAGS);
  const { rest, has, given, places } = values;
  if (has("help")) return "help";
  const named = given("metalink", parseFile);
  const source = named ?? metalinkArgument(rest);
  const file = given("select-file", parseFile);
  if (rest.length === 0 && named === undefined) {
    throw usageError("no URL given: sphttp probe [options] URL...");
  }
  if (rest.length > 0 && named !== undefined) {
    throw usageError("--metalink cannot be used with URLs on the command line");
  }
  if (source === undefined && file !== undefined) {
    throw usageError("--select-file needs a Metalink: --metalink FILE");
  }
  return {
    urls: source === undefined ? parseUrls(rest, values) : [],
    metalink: source === undefined ? undefined : { source, file },
    timeMs: given("time", parseSeconds) ?? 1000,
    json: has("json"),
    caCertFile: given("cacert", parseFile),
    clientCertificate: { cert: given("cert", parseFile), key: given("key", parseFile) },
    insecure: has("insecure"),
    login: parseLoginOptions(values),
    options: requestOptions(values),
    places,
  };
}

/** The column in which descriptions begin. */
const COLUMN = 34;

/** Returns the text of `sphttp probe --help`. */
export function probeHelp(): string {
  return `Usage: sphttp probe [options] URL...    (all URLs are mirrors of one file)
       sphttp probe [options] -M FILE   (the mirrors of a Metalink's file)

Measures mirrors without downloading the file: whether they support ranges and
have the same file, their latency and rate, and which ones are worth using.
A URL may contain {a,b} and [1-3]; each expansion is a mirror.

${PROBE_FLAGS.map((flag) => flagLine(flag, COLUMN)).join("\n")}

use    worth using
slow   usable, but would contribute little
skip   not usable, with the reason

Below it is what proves the bytes of a download of the usable mirrors, as for
--require-proof: pieces (of a Metalink), digest, tags, bytes or size.

Latency is the time to the headers of a small range on an open connection. Rate
is that of one connection, measured one mirror at a time, so that mirrors do not
compete for your own line.

Exit codes: 0 if at least one mirror is usable; otherwise as in a download that
fails (sphttp --help all)
`;
}

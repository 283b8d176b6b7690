/**
 * The flags of `sphttp probe`, its help, and what its arguments mean.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";
import { flagLine } from "../../command_line/flag_line.ts";
import { type Flag, parseFlags } from "../../command_line/flag_parser.ts";
import { parseFile, parseSeconds } from "../../command_line/values.ts";
import { type LoginOptions, parseLoginOptions } from "../arguments/login.ts";
import { type RequestOptions, requestOptions } from "../arguments/engine_flags.ts";
import { CONNECT_TIMEOUT, REQUEST_FLAGS } from "../arguments/flags.ts";
import { expandUrlPattern } from "../arguments/url_pattern.ts";

/** The flags in the order in which the help shows them. */
export const PROBE_FLAGS = [
  { name: "json", help: "print one JSON document" },
  { name: "time", value: "SECONDS", help: "for the rate of each mirror (1)" },
  ...REQUEST_FLAGS,
  CONNECT_TIMEOUT,
  { name: "help", short: "h", help: "show this" },
] as const satisfies readonly Flag[];

/** What is to be measured, and how. */
export interface ProbeArguments {
  /** URLs of the mirrors as they were given, credentials and all. */
  readonly urls: readonly string[];
  /** How long a rate is measured, in milliseconds. */
  readonly timeMs: number;
  /** Whether JSON is printed. */
  readonly json: boolean;
  /** A file of certificates to trust. */
  readonly caCertFile: string | undefined;
  /** Whether any certificate is trusted. */
  readonly insecure: boolean;
  /** Who the user is, for mirrors whose URL does not say it. */
  readonly login: LoginOptions;
  /** How the mirrors are asked. */
  readonly options: RequestOptions;
}

/** Understands the arguments behind `probe`. Rejects with a usage error when they make no sense. */
export async function parseProbeArguments(
  args: readonly string[],
): Promise<ProbeArguments | "help"> {
  const values = await parseFlags("sphttp probe", args, PROBE_FLAGS);
  const { rest, has, given } = values;
  if (has("help")) return "help";
  if (rest.length === 0) throw usageError("a mirror URL is needed: sphttp probe [options] URL...");
  return {
    urls: rest.flatMap(expandUrlPattern),
    timeMs: given("time", parseSeconds) ?? 1000,
    json: has("json"),
    caCertFile: given("cacert", parseFile),
    insecure: has("insecure"),
    login: parseLoginOptions(values),
    options: requestOptions(values),
  };
}

/** Column in which the words about a flag begin. */
const COLUMN = 34;

/** The text of `sphttp probe --help`. */
export function probeHelp(): string {
  return `Usage: sphttp probe [options] URL...    (all URLs are mirrors of one file)

Measures mirrors without downloading: do they answer ranges, have they the same
file, how soon and how fast do they answer; which are worth using, and why not
the others. A URL may have {a,b} and [1-3] in it.

${PROBE_FLAGS.map((flag) => flagLine(flag, COLUMN)).join("\n")}

use    worth using
slow   would work, but bring a small part of what all bring together
skip   of no use; the reason is told

Latency is the time to the headers of a small range over a connection that is
open, rate what one connection brings in about a second, measured one mirror
after the other: together they cannot bring more than your own line carries.

Exit codes: 0 one mirror at least can be used; else that of the first failure,
as a download would have it (sphttp --help all)
`;
}

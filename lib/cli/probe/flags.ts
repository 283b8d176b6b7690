/**
 * The flags of `sphttp probe`, its help, and what its arguments mean.
 *
 * @module
 */

import type { DownloaderOptions } from "../../../mod.ts";
import { usageError } from "../../command/command_error.ts";
import { flagLine } from "../../command/flag_line.ts";
import { type Flag, parseFlags } from "../../command/flag_parser.ts";
import { parseFile, parseSeconds } from "../../command/values.ts";
import { withUser } from "../login.ts";
import { expandUrlPattern } from "../url_pattern.ts";
import { parseHeader, parseHeaderValue, parseProxy, parseUser } from "../values.ts";

/** The flags in the order in which the help shows them. */
export const PROBE_FLAGS = [
  { name: "json", help: "print one JSON document" },
  { name: "time", value: "SECONDS", help: "for the rate of each mirror (1)" },
  { name: "header", short: "H", value: "HEADER", help: 'send "Name: value" too; repeatable' },
  { name: "user-agent", short: "A", value: "NAME", help: "what the client calls itself" },
  { name: "user", short: "u", value: "USER:PASS", help: "for the given mirrors, no others" },
  { name: "proxy", short: "x", value: "URL", help: "http, https, socks5; or HTTP_PROXY …" },
  { name: "connect-timeout", value: "SECONDS", help: "for the first answer of a mirror (10)" },
  { name: "cacert", value: "FILE", help: "trust these certificates (PEM) too" },
  { name: "http1.1", help: "speak HTTP/1.1 only" },
  { name: "http2", help: "speak HTTP/2 only" },
  { name: "help", short: "h", help: "show this" },
] as const satisfies readonly Flag[];

/** What is to be measured, and how. */
export interface ProbeCommand {
  /** URLs of the mirrors, credentials and all. */
  readonly urls: readonly string[];
  /** How long a rate is measured, in milliseconds. */
  readonly timeMs: number;
  /** Whether JSON is printed. */
  readonly json: boolean;
  /** A file of certificates to trust. */
  readonly caCertFile: string | undefined;
  readonly http: "auto" | "http1" | "http2";
  /** The proxy for all requests. */
  readonly proxy: string | undefined;
  /** Options of the engine. */
  readonly options: Pick<DownloaderOptions, "headers" | "connectTimeoutMs">;
}

/** Understands the arguments behind `probe`. Rejects with a usage error when they make no sense. */
export async function parseProbe(args: readonly string[]): Promise<ProbeCommand | "help"> {
  const { rest, has, given, each } = await parseFlags("sphttp probe", args, PROBE_FLAGS);
  if (has("help")) return "help";
  if (rest.length === 0) throw usageError("a mirror URL is needed: sphttp probe [options] URL...");
  if (has("http1.1") && has("http2")) throw usageError("--http1.1 and --http2 exclude each other");
  const user = given("user", parseUser);
  const agent = given("user-agent", parseHeaderValue);
  const connectTimeoutMs = given("connect-timeout", parseSeconds);
  return {
    urls: rest.flatMap(expandUrlPattern).map((url) => withUser(url, user)),
    timeMs: given("time", parseSeconds) ?? 1000,
    json: has("json"),
    caCertFile: given("cacert", parseFile),
    proxy: given("proxy", parseProxy),
    http: has("http1.1") ? "http1" : has("http2") ? "http2" : "auto",
    options: {
      headers: [
        ...each("header", parseHeader),
        ...agent === undefined ? [] : [["user-agent", agent] as [string, string]],
      ],
      ...(connectTimeoutMs !== undefined && { connectTimeoutMs }),
    },
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

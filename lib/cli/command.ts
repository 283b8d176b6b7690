/**
 * Turns a command line into what is to be done: flags become the options of a download. The options
 * of the engine are not judged here, but its messages about them are put into the words of the
 * command line.
 *
 * @module
 */

import type { DownloaderOptions } from "../../mod.ts";
import { usageError } from "./exit_code.ts";
import { type FlagName, parseArguments } from "./flags.ts";
import type { ServerStatFiles } from "./server_stats.ts";
import {
  type Checksum,
  parseAge,
  parseChecksum,
  parseConnections,
  parseCount,
  parseFile,
  parseHeader,
  parseNumber,
  parseSeconds,
  parseSize,
  parseStaticDelay,
} from "./values.ts";

/** What is to be done. */
export type Command = { readonly type: "help" } | { readonly type: "version" } | DownloadCommand;

/** A download. */
export interface DownloadCommand {
  readonly type: "download";
  /** URLs of the mirrors as they were given, credentials and all. */
  readonly urls: readonly string[];
  /** Value of `-o`; `-` is stdout. */
  readonly output: string | undefined;
  /** Whether a part file is continued. */
  readonly resume: boolean;
  /** Checksums that the file must have. */
  readonly checksums: readonly Checksum[];
  /** Where events are written as lines of JSON. */
  readonly traceFile: string | undefined;
  /** Where what is known of servers is read from and written to. */
  readonly serverStats: ServerStatFiles;
  /** How much is said. */
  readonly verbosity: "silent" | "normal" | "verbose";
  /** A file of certificates to trust. */
  readonly caCertFile: string | undefined;
  /** Options of the engine. */
  readonly options: DownloaderOptions;
}

/** Flags by the option of the engine that they set. */
const FLAG_BY_OPTION: Readonly<Record<string, string>> = {
  splitSize: "--split-size",
  windowSize: "--window",
  delayRequest: "--delay",
  staticDelays: "--static-delay",
  initialDelayCoefficient: "--initial-delay-coefficient",
  duplicateRequest: "--duplicate",
  invalidBlockThreshold: "--invalid-block-threshold",
  headers: "--header",
  maxConnectionsPerMirror: "--max-connection-per-server",
  connectTimeoutMs: "--connect-timeout (in milliseconds)",
  "retry.attempts": "--retry plus one",
};

/** A message of the engine about an option, with the name of the flag in its place. */
export function inFlagWords(message: string): string {
  const [, option = "", rest = ""] = /^([\w.]+)( .*)$/s.exec(message) ?? [];
  const flag = FLAG_BY_OPTION[option];
  if (flag === undefined) return message;
  // Sizes are held against each other; nothing that the user wrote stands in those messages.
  return flag + (option === "windowSize" ? rest.replaceAll("splitSize", "--split-size") : rest);
}

/** Bytes that the engine holds ahead unless it is told otherwise. */
const DEFAULT_WINDOW = 32 * 1024 * 1024;

/** Understands a command line. Rejects with a usage error when it makes no sense. */
export async function parseCommand(args: readonly string[]): Promise<Command> {
  const { urls, flags } = await parseArguments(args);
  const all = (name: FlagName) => flags.get(name) ?? [];
  const given = <T>(name: FlagName, parse: (flag: string, text: string) => T): T | undefined => {
    const text = all(name).at(-1);
    return text === undefined ? undefined : parse(`--${name}`, text);
  };
  const each = <T>(name: FlagName, parse: (flag: string, text: string) => T): T[] =>
    all(name).map((text) => parse(`--${name}`, text));
  if (flags.has("help")) return { type: "help" };
  if (flags.has("version")) return { type: "version" };
  if (urls.length === 0) {
    throw usageError("a mirror URL is needed: sphttp [options] URL...; --help shows the options");
  }
  for (const [one, other] of EXCLUSIVE) {
    if (flags.has(one) && flags.has(other)) {
      throw usageError(`--${one} and --${other} exclude each other`);
    }
  }
  const output = given("output", (flag, text) => {
    if (text === "") throw usageError(`${flag} is "", but must be the name of a file, or -`);
    return text;
  });
  const resume = given("continue-at", (flag, text) => {
    if (text !== "-") {
      throw usageError(`${flag} is "${text}", but only - is known: the part file says where`);
    }
    return true;
  }) ?? false;
  if (resume && output === "-") {
    throw usageError("--continue-at - needs a part file, and --output - leaves none");
  }
  const splitSize = given("split-size", parseSize);
  const window = given("window", parseSize);
  const retries = given("retry", parseCount);
  const headers = each("header", parseHeader);
  const staticDelays = each("static-delay", parseStaticDelay);
  const delay = given("delay", text) ?? (staticDelays.length > 0 ? "static" : undefined);
  const options = {
    splitSize,
    // Blocks beyond half of the usual window need a larger one.
    windowSize: window ??
      (splitSize !== undefined && 2 * splitSize > DEFAULT_WINDOW ? 2 * splitSize : undefined),
    delayRequest: delay,
    staticDelays: staticDelays.length > 0 ? Object.fromEntries(staticDelays) : undefined,
    initialDelay: flags.has("no-initial-delay") ? false : undefined,
    initialDelayCoefficient: given("initial-delay-coefficient", parseNumber),
    duplicateRequest: given("duplicate", text),
    invalidBlockThreshold: given("invalid-block-threshold", parseCount),
    closeBadConnections: flags.has("close-bad-connections") ? true : undefined,
    maxConnectionsPerMirror: given("max-connection-per-server", parseConnections),
    headers: headers.length > 0 ? headers : undefined,
    http: flags.has("http1.1") ? "http1" : flags.has("http2") ? "http2" : undefined,
    connectTimeoutMs: given("connect-timeout", parseSeconds),
    retry: retries === undefined ? undefined : { attempts: retries + 1 },
  };
  return {
    type: "download",
    urls,
    output,
    resume,
    checksums: each("checksum", parseChecksum),
    traceFile: given("trace", text),
    serverStats: {
      load: given("server-stat-if", parseFile),
      save: given("server-stat-of", parseFile),
      maxAgeMs: given("server-stat-timeout", parseAge),
    },
    verbosity: flags.has("silent") ? "silent" : flags.has("verbose") ? "verbose" : "normal",
    caCertFile: given("cacert", text),
    // The names of algorithms are judged by the engine.
    options: withoutUndefined(options) as DownloaderOptions,
  };
}

const EXCLUSIVE: readonly (readonly [FlagName, FlagName])[] = [
  ["silent", "verbose"],
  ["http1.1", "http2"],
];

function text(_flag: string, text: string): string {
  return text;
}

function withoutUndefined<T extends object>(record: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(record).filter(([, value]) => value !== undefined),
  ) as Partial<T>;
}

/**
 * Turns a command line into what is to be done. What concerns the engine is in engine_flags.ts; no
 * file is read here.
 *
 * @module
 */

import type { DownloaderOptions } from "../../../mod.ts";
import { usageError } from "../../command_line/command_error.ts";
import { type ParsedFlags, parseFlags } from "../../command_line/flag_parser.ts";
import { parseFile, parsePositive, parseSeconds } from "../../command_line/values.ts";
import { type Checksum, parseChecksum } from "../checksum/digest.ts";
import { engineOptions } from "./engine_flags.ts";
import { type FlagName, FLAGS } from "./flags.ts";
import { expandUrlPattern } from "./url_pattern.ts";
import { parseAge, parseRange, type RequestedRange, unlessZero } from "./values.ts";
import type { TargetOptions } from "../output/target.ts";
import type { ReportOptions } from "../report/report.ts";
import { parseWriteOut } from "../report/write_out.ts";
import { type LoginOptions, parseLoginOptions } from "./login.ts";

/** What is to be done. */
export type Arguments =
  | { readonly type: "help"; readonly topic: string | undefined }
  | { readonly type: "version" }
  | DownloadArguments;

/** A download of one file, or of several. */
export interface DownloadArguments {
  readonly type: "download";
  /** URLs of the mirrors as they were given, credentials and all; none with an input file. */
  readonly urls: readonly string[];
  /** The file that names files and their mirrors; `-` is stdin. */
  readonly inputFile: string | undefined;
  /** Files at once. */
  readonly concurrent: number;
  /** Where a file goes. */
  readonly target: TargetOptions;
  /** The part of the file that is wanted. */
  readonly range: RequestedRange | undefined;
  /** Checksums that the file must have. */
  readonly checksums: readonly Checksum[];
  /** A file that names checksums of files. */
  readonly checksumFile: string | undefined;
  /** Who the user is, for mirrors whose URL does not say it. */
  readonly login: LoginOptions;
  /** When everything must be over, in milliseconds from the start. */
  readonly maxTimeMs: number | undefined;
  /** What is told, and how. */
  readonly report: ReportOptions;
  /** Where events are written as lines of JSON. */
  readonly traceFile: string | undefined;
  /** Where what is known of servers is read from and written to. */
  readonly serverStats: ServerStatFiles;
  /** A file of certificates to trust. */
  readonly caCertFile: string | undefined;
  /** Whether any certificate is trusted. */
  readonly insecure: boolean;
  /** Options of the engine. */
  readonly options: DownloaderOptions;
}

/** The files, and how old their figures may be. */
export interface ServerStatFiles {
  /** Where it is read from; need not be there. */
  readonly load: string | undefined;
  /** Where it is written to. */
  readonly save: string | undefined;
  /** The age from which on figures are forgotten, in milliseconds; a day unless it is given. */
  readonly maxAgeMs: number | undefined;
}

/** Files at once unless the user says how many. */
const CONCURRENT = 2;

/** Understands a command line. Rejects with a usage error when it makes no sense. */
export async function parseArguments(args: readonly string[]): Promise<Arguments> {
  const values = await parseFlags("sphttp", args, FLAGS);
  const { rest: urls, has, given, each } = values;
  if (has("help")) {
    // Who asks for help behind a URL asks about no topic.
    return { type: "help", topic: urls.find((text) => !/[:/@]/.test(text)) };
  }
  if (has("version")) return { type: "version" };
  for (const [one, other] of EXCLUSIVE) {
    if (has(one) && has(other)) throw usageError(`--${one} and --${other} exclude each other`);
  }
  if (each("output", (_flag, text) => text).length > 1) {
    throw usageError(
      "--output was given twice, but all URLs are mirrors of one file; --input-file is for several",
    );
  }
  const inputFile = given("input-file", parseFile);
  if (inputFile === undefined && urls.length === 0) {
    throw usageError("a mirror URL is needed: sphttp [options] URL...; --help shows the options");
  }
  if (inputFile !== undefined) checkSeveral(values, urls);
  const target = targetOptions(values);
  const checksums = each("checksum", parseChecksum);
  return {
    type: "download",
    urls: urls.flatMap(expandUrlPattern),
    inputFile,
    concurrent: given("max-concurrent-downloads", parsePositive) ?? CONCURRENT,
    target,
    range: given("range", parseRange),
    checksums,
    checksumFile: given("checksum-file", parseFile),
    login: parseLoginOptions(values),
    maxTimeMs: given("max-time", unlessZero(parseSeconds)),
    report: {
      verbosity: has("silent")
        ? has("show-error") ? "errors" : "silent"
        : has("verbose")
        ? "verbose"
        : "normal",
      json: has("json"),
      progress: !has("no-progress"),
      writeOut: given("write-out", parseWriteOut),
    },
    traceFile: given("trace", (flag, text) => {
      if (text === "-") throw usageError(`${flag} is "-", but must be the name of a file`);
      return parseFile(flag, text);
    }),
    serverStats: {
      load: given("server-stat-if", parseFile),
      save: given("server-stat-of", parseFile),
      maxAgeMs: given("server-stat-timeout", parseAge),
    },
    caCertFile: given("cacert", parseFile),
    insecure: has("insecure"),
    options: engineOptions(values),
  };
}

function targetOptions({ has, given }: ParsedFlags<FlagName>): TargetOptions {
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
  return {
    output,
    directory: given("output-dir", parseFile),
    createDirectories: has("create-dirs"),
    keepExisting: has("no-clobber"),
    resume,
    remoteTime: has("remote-time"),
    removeOnError: has("remove-on-error"),
  };
}

/** What is said of one file makes no sense for several. */
function checkSeveral({ has }: ParsedFlags<FlagName>, urls: readonly string[]): void {
  if (urls.length > 0) {
    throw usageError("--input-file names the URLs; none can be given besides");
  }
  for (const name of ["output", "checksum", "range", "trace"] as const) {
    if (!has(name)) continue;
    const instead = { output: "out=", checksum: "checksum=" }[name as "output"];
    throw usageError(
      `--${name} is for one file, and --input-file may name several` +
        (instead === undefined ? "" : `; ${instead} below a line of it is for that file`),
    );
  }
}

const EXCLUSIVE: readonly (readonly [FlagName, FlagName])[] = [
  ["silent", "verbose"],
  ["silent", "json"],
  ["output", "remote-name"],
  ["no-clobber", "continue-at"],
  ["remove-on-error", "continue-at"],
];

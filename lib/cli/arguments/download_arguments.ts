/**
 * Parses the command line into plain data. Reads no files. The flags are listed in flags.ts; those that
 * set options of the engine are parsed in engine_flags.ts.
 *
 * @module
 */

import type { DiscoveryOptions, DownloaderOptions } from "../../../mod.ts";
import { usageError } from "../../command_line/command_error.ts";
import {
  type Argument,
  nearestWord,
  type ParsedFlags,
  parseFlags,
} from "../../command_line/flag_parser.ts";
import {
  parseFile,
  parseNumber,
  parsePositive,
  parseSeconds,
  unlessZero,
} from "../../command_line/values.ts";
import type { Checksum } from "../checksum/checksum.ts";
import type { ClientCertificateFiles } from "./credentials/client_certificate.ts";
import { type ConditionOptions, parseConditions } from "./conditions.ts";
import { engineOptions } from "./engine_flags.ts";
import { type FlagName, FLAGS } from "./flags.ts";
import { parseUrls } from "./values/url_pattern.ts";
import { parseRange, type RequestedRange } from "./values/request_values.ts";
import type { TargetOptions } from "../output/target.ts";
import type { ReportOptions } from "../report/report.ts";
import type { Units } from "../report/text.ts";
import type { WriteOut } from "../report/write_out.ts";
import {
  type MetalinkArguments,
  type MirrorCounts,
  parseDiscovery,
  parseMetalinkArguments,
  parseMirrorCounts,
} from "./sources/metalink_flags.ts";
import { type MirrorListArguments, parseMirrorListArguments } from "./sources/mirror_list_flags.ts";
import { parseSignatureArguments, type SignatureArguments } from "./signature_flags.ts";
import { type LoginOptions, parseLoginOptions } from "./credentials/login.ts";

/** A parsed command line. */
export type Arguments =
  | { readonly type: "help"; readonly topic: string | undefined }
  | { readonly type: "version" }
  | DownloadArguments;

/** The arguments of a download of one file, or of several. */
export interface DownloadArguments {
  readonly type: "download";
  /**
   * The mirrors' URLs with their credentials, patterns expanded; empty with an input file or a Metalink.
   */
  readonly urls: readonly string[];
  /** The file that lists files and their mirrors; `-` is stdin. */
  readonly inputFile: string | undefined;
  /** The Metalink that lists files and their mirrors. */
  readonly metalink: MetalinkArguments | undefined;
  /** How mirrors that the server of a single URL names are used; `undefined` if they are not. */
  readonly discovery: DiscoveryOptions | undefined;
  /** The list of the mirrors of the file. */
  readonly mirrorList: MirrorListArguments | undefined;
  /** How many mirrors are used of a Metalink that the only URL turns out to be. */
  readonly mirrorCounts: MirrorCounts;
  readonly concurrent: number;
  readonly target: TargetOptions;
  /** The part of the file to download; `undefined` for the whole file. */
  readonly range: RequestedRange | undefined;
  readonly conditions: ConditionOptions;
  readonly checksums: readonly Checksum[];
  /** Path or URL of a checksum file. */
  readonly checksumFile: string | undefined;
  /** Whether to look for a checksum beside the file on its mirrors. */
  readonly findsChecksums: boolean;
  readonly signature: SignatureArguments | undefined;
  readonly login: LoginOptions;
  /** The time limit for the whole command, in milliseconds. */
  readonly maxTimeMs: number | undefined;
  readonly report: ReportOptions;
  readonly traceFile: string | undefined;
  /** The program that is run for each file that is complete. */
  readonly onComplete: string | undefined;
  readonly serverStats: ServerStatFiles;
  readonly caCertFile: string | undefined;
  readonly clientCertificate: ClientCertificateFiles;
  readonly insecure: boolean;
  readonly options: DownloaderOptions;
  /** Where flags were given that a file holds, by their names. */
  readonly places: ReadonlyMap<string, string>;
}

/** The values of `--server-stat-if`, `--server-stat-of` and `--server-stat-timeout`. */
export interface ServerStatFiles {
  /** The file to load; need not exist. */
  readonly load: string | undefined;
  readonly save: string | undefined;
  /** The age in milliseconds at which figures are dropped; the default is a day. */
  readonly maxAgeMs: number | undefined;
}

/** The default of `--max-concurrent-downloads`. */
const CONCURRENT = 2;

/** Parses a command line. Rejects with a usage error if it is invalid. */
export async function parseArguments(args: readonly Argument[]): Promise<Arguments> {
  const values = await parseFlags("sphttp", args, FLAGS);
  const { rest: urls, has, given, each, places } = values;
  if (has("help")) {
    // A URL before --help is not a topic.
    return { type: "help", topic: urls.find((text) => !/[:/@]/.test(text)) };
  }
  if (has("version")) return { type: "version" };
  if (has("disable")) throw usageError("--disable (-q) must be the first argument");
  refuseExclusive(values);
  // One that a file holds is overridden.
  if (each("output", (flag) => flag).filter((flag) => flag === "--output").length > 1) {
    throw usageError(
      "--output was given twice, but all URLs are mirrors of one file; use --input-file for several",
    );
  }
  const inputFile = given("input-file", parseFile);
  const mirrorList = parseMirrorListArguments(values);
  const metalink = parseMetalinkArguments(values);
  if ((inputFile ?? metalink ?? mirrorList) === undefined && urls.length === 0) {
    throw usageError("no URL given: sphttp [options] URL...; try 'sphttp --help'");
  }
  if (inputFile !== undefined) checkSeveral(values, urls);
  await refuseMistypedCommand(args.find((arg) => typeof arg === "string"));
  const target = targetOptions(values);
  const checksums = has("checksum") ? await parseChecksums(values) : [];
  return {
    type: "download",
    urls: metalink === undefined ? parseUrls(urls, values) : [],
    inputFile,
    metalink,
    discovery: parseDiscovery(values),
    mirrorList,
    mirrorCounts: parseMirrorCounts(values),
    concurrent: given("max-concurrent-downloads", parsePositive) ?? CONCURRENT,
    target,
    range: given("range", parseRange),
    conditions: parseConditions(values),
    checksums,
    checksumFile: given("checksum-file", parseFile),
    signature: parseSignatureArguments(values),
    findsChecksums: given("checksum-from", parseChecksumFrom) ?? false,
    login: parseLoginOptions(values),
    maxTimeMs: given("max-time", unlessZero(parseSeconds)),
    report: await reportOptions(values),
    onComplete: parseOnComplete(values, target),
    traceFile: given("trace", (flag, text) => {
      if (text === "-") throw usageError(`${flag} is "-", but must be the name of a file`);
      return parseFile(flag, text);
    }),
    serverStats: {
      load: given("server-stat-if", parseFile),
      save: given("server-stat-of", parseFile),
      maxAgeMs: given("server-stat-timeout", (flag, text) => parseNumber(flag, text) * 1000),
    },
    caCertFile: given("cacert", parseFile),
    clientCertificate: { cert: given("cert", parseFile), key: given("key", parseFile) },
    insecure: has("insecure"),
    options: engineOptions(values),
    places,
  };
}

async function reportOptions(values: ParsedFlags<FlagName>): Promise<ReportOptions> {
  const { has, given } = values;
  const loud = has("verbose") ? "verbose" : "normal";
  const quiet = has("show-error") ? "errors" : "silent";
  return {
    verbosity: has("silent") ? quiet : loud,
    json: has("json"),
    progress: !has("no-progress"),
    simple: has("progress-bar"),
    units: given("units", parseUnits) ?? "si",
    writeOut: has("write-out") ? await parseFormat(values) : undefined,
  };
}

async function parseChecksums({ each }: ParsedFlags<FlagName>): Promise<Checksum[]> {
  const { parseChecksum } = await import("../checksum/checksum.ts");
  return each("checksum", parseChecksum);
}

function parseChecksumFrom(flag: string, text: string): true {
  if (text === "auto") return true;
  throw usageError(
    `${flag} is "${text}", but must be auto; use --checksum-file for a file or a URL`,
  );
}

function parseUnits(flag: string, text: string): Units {
  if (text === "si" || text === "iec") return text;
  throw usageError(
    `${flag} is "${text}", but must be si (MB, 10^6 bytes) or iec (MiB, 2^20 bytes)`,
  );
}

function parseOnComplete(
  { given }: ParsedFlags<FlagName>,
  { output }: TargetOptions,
): string | undefined {
  const program = given("on-complete", parseFile);
  if (program !== undefined && output === "-") {
    throw usageError("--on-complete cannot be used with --output -, which leaves no file");
  }
  return program;
}

async function parseFormat({ given }: ParsedFlags<FlagName>): Promise<WriteOut | undefined> {
  const { parseWriteOut } = await import("../report/write_out.ts");
  return given("write-out", parseWriteOut);
}

function targetOptions({ has, given }: ParsedFlags<FlagName>): TargetOptions {
  const output = given("output", (flag, text) => {
    if (text === "") throw usageError(`${flag} is "", but must be the name of a file or -`);
    return text;
  });
  const resume = given("continue-at", (flag, text) => {
    if (text !== "-") {
      throw usageError(
        `${flag} is "${text}", but must be -: the length of the part file is the offset`,
      );
    }
    return true;
  }) ?? false;
  if (resume && output === "-") {
    throw usageError("--continue-at - cannot be used with --output -, which leaves no part file");
  }
  return {
    output,
    directory: given("output-dir", parseFile),
    createDirectories: has("create-dirs"),
    nameFromServer: has("remote-header-name") && output === undefined,
    keepExisting: has("no-clobber"),
    resume,
    remoteTime: has("remote-time"),
    removeOnError: has("remove-on-error"),
  };
}

/** Refuses a first argument that is no URL, but similar to the name of a subcommand. */
async function refuseMistypedCommand(word = ""): Promise<void> {
  if (!/^[a-z]+$/i.test(word)) return;
  const meant = await nearestWord(word, ["analyze", "completions", "metalink", "probe"]);
  if (meant !== undefined) throw usageError(`unknown command '${word}' (did you mean '${meant}'?)`);
}

/** Refuses arguments that are for one file when an input file may name several. */
function checkSeveral({ has }: ParsedFlags<FlagName>, urls: readonly string[]): void {
  if (urls.length > 0) {
    throw usageError("--input-file cannot be used with URLs on the command line");
  }
  for (const name of ["output", "checksum", "range", "trace", ...SINGLE] as const) {
    if (!has(name)) continue;
    const instead = { output: "out=", checksum: "checksum=" }[name as "output"];
    throw usageError(
      `--${name} cannot be used with --input-file, which may list several files` +
        (instead === undefined ? "" : `; use ${instead} below a file's line`),
    );
  }
}

/** Flags about one ETag. */
const SINGLE = ["etag-compare", "etag-save"] as const;

/** Refuses flags that contradict each other; names the files that hold them. */
function refuseExclusive({ has, places }: ParsedFlags<FlagName>): void {
  for (const [one, other] of EXCLUSIVE) {
    if (!has(one) || !has(other)) continue;
    const given = [one, other].flatMap((name) => {
      const place = places.get(name);
      return place === undefined ? [] : [`: --${name} is set in ${place}`];
    });
    throw usageError(`--${one} and --${other} cannot be used together${given.join("")}`);
  }
}

/** Flags that contradict each other. */
const EXCLUSIVE: readonly (readonly [FlagName, FlagName])[] = [
  ["silent", "verbose"],
  ["silent", "json"],
  ["output", "remote-name"],
  ["no-clobber", "continue-at"],
  // The name is not known before.
  ["remote-header-name", "checksum-file"],
  ["remote-header-name", "checksum-from"],
  ["checksum-file", "checksum-from"],
  // Publishers have those of whole files.
  ["range", "checksum-from"],
  ["remove-on-error", "continue-at"],
];

/**
 * Which files a command is to fetch: the one that its URLs name, or those of an input file; with the
 * checksums that are known of them. Everything that can be found wrong is found before the first
 * request.
 *
 * @module
 */

import { Downloader, type DownloaderOptions } from "../../mod.ts";
import { CommandError, usageError } from "../command/command_error.ts";
import type { DownloadCommand, TargetOptions } from "./command.ts";
import { invalidOption } from "./failure.ts";
import { fileNameFromUrl } from "./file_name.ts";
import type { InputEntry } from "./input_file.ts";
import { Login } from "./login.ts";
import { reason } from "./output.ts";
import { expandUrlPattern } from "./url_pattern.ts";
import { type Checksum, parseChecksum, parseHeader, type RequestedRange } from "./values.ts";

/** One file that is to be fetched. */
export interface FileRequest {
  /** Its number, from 0. */
  readonly number: number;
  /** How many files there are. */
  readonly of: number;
  /** What messages call it before it has a place. */
  readonly name: string;
  /** URLs of its mirrors, credentials and all. */
  readonly urls: readonly string[];
  readonly target: TargetOptions;
  readonly range: RequestedRange | undefined;
  readonly checksums: readonly Checksum[];
  readonly options: DownloaderOptions;
}

/** The files of a command, in order. */
export async function fileRequests(
  command: DownloadCommand,
  options: DownloaderOptions,
): Promise<FileRequest[]> {
  const login = await Login.of(command.login);
  const entries = await inputEntries(command);
  const checksumOf = await checksumFinder(command);
  const requests = entries.map((entry, number): FileRequest => {
    const urls = entry.urls.map((url) => login.apply(url));
    const target: TargetOptions = {
      ...command.target,
      output: entry.output ?? command.target.output,
      directory: entry.directory ?? command.target.directory,
    };
    const name = nameOf(target, urls[0]!);
    const listed = checksumOf(name);
    return {
      number,
      of: entries.length,
      name,
      urls,
      target,
      range: command.range,
      checksums: [
        ...command.checksums,
        ...entry.checksums,
        ...listed === undefined ? [] : [listed],
      ],
      options: entry.headers.length === 0
        ? options
        : { ...options, headers: [...headerList(options.headers), ...entry.headers] },
    };
  });
  refuseSameNames(requests);
  for (const { urls, options } of requests) await validate(urls, options);
  return requests;
}

function nameOf({ output }: TargetOptions, url: string): string {
  if (output !== "-") return output ?? fileNameFromUrl(url);
  try {
    return fileNameFromUrl(url);
  } catch {
    // A pipe needs no name.
    return "";
  }
}

/** Finds what is wrong with URLs and options before any file is touched. */
async function validate(urls: readonly string[], options: DownloaderOptions): Promise<void> {
  try {
    await new Downloader(urls, options).cancel();
  } catch (error) {
    throw invalidOption(error);
  }
}

/** A file as it was named. */
interface Entry {
  readonly urls: readonly string[];
  readonly output: string | undefined;
  readonly directory: string | undefined;
  readonly checksums: readonly Checksum[];
  readonly headers: readonly [string, string][];
}

async function inputEntries({ inputFile, urls }: DownloadCommand): Promise<Entry[]> {
  if (inputFile === undefined) {
    return [{ urls, output: undefined, directory: undefined, checksums: [], headers: [] }];
  }
  const text = inputFile === "-"
    ? await new Response(Deno.stdin.readable).text()
    : await readText("--input-file", inputFile);
  const where = inputFile === "-" ? "stdin" : inputFile;
  // Loaded only where it is needed, like all that the usual command has no use for.
  const { parseInputFile } = await import("./input_file.ts");
  const entries = parseInputFile(text, where);
  if (entries.length === 0) throw usageError(`--input-file ${where} names no file`);
  return entries.map((entry) => entryOf(entry, where));
}

function entryOf({ urls, options, line }: InputEntry, where: string): Entry {
  const flag = (name: string) => `${where}:${line}: ${name}`;
  const values = (name: string) => options.filter(([other]) => other === name).map(([, v]) => v);
  return {
    urls: urls.flatMap((url) => expanded(url, `${where}:${line}`)),
    output: values("out").at(-1),
    directory: values("dir").at(-1),
    checksums: values("checksum").map((text) => parseChecksum(flag("checksum"), text)),
    headers: [
      ...values("user-agent").map((text): [string, string] => ["User-Agent", text]),
      ...values("referer").map((text): [string, string] => ["Referer", text]),
      ...values("header").map((text) => parseHeader(flag("header"), text)),
    ],
  };
}

function expanded(url: string, where: string): string[] {
  try {
    return expandUrlPattern(url);
  } catch (error) {
    throw error instanceof CommandError ? usageError(`${where}: ${error.message}`) : error;
  }
}

/** What knows the checksum of a file by its name. */
async function checksumFinder(
  { checksumFile }: DownloadCommand,
): Promise<(name: string) => Checksum | undefined> {
  if (checksumFile === undefined) return () => undefined;
  const { findChecksum } = await import("./checksum_file.ts");
  const text = await readText("--checksum-file", checksumFile);
  return (name) => findChecksum(text, name, checksumFile);
}

async function readText(flag: string, path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "there is no such file" : reason(error);
    throw usageError(`${flag}: ${path}: ${why}`);
  }
}

function headerList(headers: DownloaderOptions["headers"]): [string, string][] {
  return headers === undefined ? [] : [...new Headers(headers)];
}

/** Two files under one name would destroy each other. */
function refuseSameNames(requests: readonly FileRequest[]): void {
  const known = new Map<string, number>();
  for (const { urls, target, number } of requests) {
    const { output, directory = ".", keepExisting } = target;
    if (output === "-" || keepExisting) continue;
    const path = `${directory}/${output ?? fileNameFromUrl(urls[0]!)}`;
    // Some file systems do not tell upper from lower case.
    const key = path.replace(/\/(\.?\/)+/g, "/").normalize("NFC").toLowerCase();
    const other = known.get(key);
    if (other !== undefined) {
      throw usageError(
        `the files ${other + 1} and ${number + 1} would both be ${path.replace(/^\.\//, "")}; ` +
          "out=NAME below a line of the input file gives it another name",
      );
    }
    known.set(key, number);
  }
}

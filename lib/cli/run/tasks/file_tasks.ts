/**
 * Lists the files that a command downloads: the one that its URLs name, or those of an input file,
 * with their checksums. Mistakes in them are found before the first request.
 *
 * @module
 */

import type { DownloaderOptions } from "../../../../mod.ts";
import { usageError } from "../../../command_line/command_error.ts";
import { fileNameInUrl } from "../../../http/name/file_name.ts";
import { unlessAborted } from "../../../unless_aborted.ts";
import type { DownloadArguments } from "../../arguments/download_arguments.ts";
import { readNamedFile, readStdin } from "../../../command_line/values.ts";
import type { InputEntry } from "../../arguments/sources/input_file.ts";
import type { MetalinkArguments } from "../../arguments/sources/metalink_flags.ts";
import { Login } from "../../arguments/credentials/login.ts";
import { validate } from "../../arguments/validate.ts";
import type { FileTask } from "./file_task.ts";
import type { RankedMirrors } from "./mirror_list_tasks.ts";
import type { FileChecks } from "../checks/file_checks.ts";
import type { SideFile } from "../../output/same_paths.ts";
import { nameFromUrl, type TargetOptions } from "../../output/target.ts";

/** Returns the files of a command, in order. */
export async function fileTasks(
  command: DownloadArguments,
  options: DownloaderOptions,
  signal: AbortSignal,
): Promise<FileTask[]> {
  if (command.metalink !== undefined) {
    return await listedTasks(command, command.metalink, options, signal);
  }
  const login = await Login.of(command.login);
  const ranked = await ranking(command, { ...options, signal });
  const entries = ranked === undefined
    ? await inputEntries(command, signal)
    : [entryOf(ranked.urls)];
  const checks = await checksOf(command, { ...options, signal }, entries);
  const tasks: FileTask[] = [];
  for (const [number, entry] of entries.entries()) {
    const urls = ranked?.urls ?? entry.urls.map((url) => login.apply(url));
    const own = ranked !== undefined
      ? ranked.options
      : entry.headers.length === 0
      ? options
      : { ...options, headers: withHeaders(options.headers, entry.headers) };
    // An invalid URL is reported as such, not as one without a file name.
    validate(urls, own, command.places);
    const target: TargetOptions = {
      ...command.target,
      output: entry.output ?? command.target.output,
      directory: entry.directory ?? command.target.directory,
      listed: command.inputFile !== undefined,
    };
    const name = nameOf(target, urls[0]!);
    const names = [name, ...urls.map(fileNameInUrl)];
    tasks.push({
      number,
      of: entries.length,
      name,
      urls,
      reserve: ranked?.reserve,
      notes: ranked?.notes ?? [],
      target,
      range: command.range,
      conditions: command.conditions,
      checksums: [
        ...command.checksums,
        ...entry.checksums,
        ...checks?.listed(names) ?? [],
      ],
      findChecks: checks?.finder(urls, names, own),
      options: own,
      ifMetalink: mayFollow(command) ? "follow" : "save",
      discovery: urls.length === 1 ? command.discovery : undefined,
    });
  }
  return await separated(tasks, command);
}

/** Finds the fastest mirrors of a list, if the command has one. */
async function ranking(
  command: DownloadArguments,
  options: DownloaderOptions & { readonly signal: AbortSignal },
): Promise<RankedMirrors | undefined> {
  if (command.mirrorList === undefined) return undefined;
  const { rankedMirrors } = await import("./mirror_list_tasks.ts");
  return await rankedMirrors(command, command.mirrorList, options);
}

/** Returns the files of a Metalink, in order. */
export async function listedTasks(
  command: DownloadArguments,
  metalink: MetalinkArguments,
  options: DownloaderOptions,
  signal: AbortSignal,
): Promise<FileTask[]> {
  const { metalinkTasks } = await import("./metalink_tasks.ts");
  const tasks = await metalinkTasks(command, metalink, { ...options, signal });
  return await separated(tasks, command);
}

/** Returns what the command names to check its files by, if it does. */
async function checksOf(
  command: DownloadArguments,
  options: DownloaderOptions & { readonly signal: AbortSignal },
  entries: readonly InputEntry[],
): Promise<FileChecks | undefined> {
  const { checksumFile, findsChecksums, signature } = command;
  if (checksumFile === undefined && !findsChecksums && signature === undefined) return undefined;
  const { fileChecks } = await import("../checks/file_checks.ts");
  return await fileChecks(command, options, entries.flatMap(({ urls }) => urls));
}

/**
 * Reports whether the user may mean the files of a Metalink, if the URL turns out to be one: there is one
 * URL, and no option is about its file.
 */
function mayFollow(command: DownloadArguments): boolean {
  const { urls, inputFile, target, range, checksums, checksumFile, findsChecksums } = command;
  const { signature, conditions } = command;
  return urls.length === 1 && inputFile === undefined && range === undefined &&
    target.output === undefined && !target.nameFromServer && !target.resume &&
    checksums.length === 0 && checksumFile === undefined && !findsChecksums &&
    signature === undefined &&
    Object.values(conditions).every((value) => value === undefined);
}

/**
 * Returns the tasks.
 *
 * @throws {CommandError} two of them, or one and another file of the command, have the same path
 */
async function separated(tasks: FileTask[], command: DownloadArguments): Promise<FileTask[]> {
  const sideFiles: SideFile[] = [
    ["--trace", command.traceFile],
    ["--server-stat-of", command.serverStats.save],
    ["--etag-save", command.conditions.etagSave],
  ];
  if (tasks.length > 1 || sideFiles.some(([, path]) => path !== undefined)) {
    const { refuseSamePaths } = await import("../../output/same_paths.ts");
    refuseSamePaths(tasks, sideFiles);
  }
  return tasks;
}

function nameOf({ output, name, listed, nameFromServer }: TargetOptions, url: string): string {
  const isOpen = output === "-" || (output === undefined && nameFromServer);
  if (!isOpen) return output ?? name ?? nameFromUrl(url, listed);
  if (name !== undefined) return name;
  try {
    return nameFromUrl(url);
  } catch {
    // Output to stdout needs no name, and a server may give one.
    return "";
  }
}

async function inputEntries(
  { inputFile, urls }: DownloadArguments,
  signal: AbortSignal,
): Promise<InputEntry[]> {
  if (inputFile === undefined) {
    return [entryOf(urls)];
  }
  const text: string = inputFile === "-"
    ? await unlessAborted(readStdin("--input-file"), signal)
    : await readNamedFile("--input-file", inputFile);
  const where = inputFile === "-" ? "stdin" : inputFile;
  // Loaded on demand, to keep the usual start fast.
  const { parseInputFile } = await import("../../arguments/sources/input_file.ts");
  const entries = parseInputFile(text, where);
  if (entries.length === 0) throw usageError(`--input-file ${where} has no URLs`);
  return entries;
}

/** Returns a file of which only the mirrors are given. */
function entryOf(urls: readonly string[]): InputEntry {
  return { urls, output: undefined, directory: undefined, checksums: [], headers: [] };
}

/** Adds a file's own headers, which replace those of the command; cookies are joined. */
function withHeaders(
  common: DownloaderOptions["headers"],
  own: InputEntry["headers"],
): Headers {
  const headers = new Headers(common);
  const cookies = headers.get("cookie");
  for (const [name] of own) headers.delete(name);
  for (const [name, value] of own) {
    if (name.toLowerCase() !== "cookie") headers.append(name, value);
    else headers.set(name, [headers.get(name) ?? cookies, value].filter(Boolean).join("; "));
  }
  return headers;
}

/**
 * Decides where a file goes: stdout, a device, or a path. Files that may not be replaced are refused here,
 * before anything is downloaded.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";
import {
  fileNameInUrl,
  localFileName,
  nameBytes,
  portableFileName,
} from "../../http/name/file_name.ts";
import { redactUrl } from "../../http/address/redact.ts";
import { reason, writeError } from "../failure/exit_code.ts";
import { exists, type FileTarget, nextTarget, stat } from "../part/file_target.ts";
import { baseName, directoryOf, isRooted, kindOfPath } from "../part/path.ts";

/** Where a file goes, and how it gets there. */
export interface TargetOptions {
  /** Value of `-o`; `-` is stdout, `undefined` takes the name from the URL. */
  readonly output: string | undefined;
  /** Whether the name is that in a mirror's Content-Disposition, if there is one. */
  readonly nameFromServer?: boolean | undefined;
  /** The name, perhaps with folders, where a Metalink names the file; `output` goes before it. */
  readonly name?: string | undefined;
  /** Directory of relative names. */
  readonly directory: string | undefined;
  /** Whether an input file lists the file, so that `out=` names it, not `-o`. */
  readonly listed?: boolean | undefined;
  readonly createDirectories: boolean;
  /** Whether to choose another name if the file exists. */
  readonly keepExisting: boolean;
  /** Whether to continue a part file. */
  readonly resume: boolean;
  /** Whether the file gets the mirrors' Last-Modified as its modification time. */
  readonly remoteTime: boolean;
  /** Whether to remove the part file after an error. */
  readonly removeOnError: boolean;
}

export type PathOptions = Omit<TargetOptions, "remoteTime" | "removeOnError">;

/** Where a file goes. */
export type Target =
  | { readonly type: "stdout"; readonly name: "stdout" }
  /** A device or a pipe: written in place. */
  | { readonly type: "device"; readonly name: string; readonly path: string }
  /** With `-C -`: the file exists, and there is no part file to continue. */
  | { readonly type: "present"; readonly name: string; readonly path: string }
  | FileTarget;

/**
 * Resolves the options to a target and, if requested, creates its directory. Rejects with a usage
 * error if the URL has no file name, and with exit code 23 if the file cannot be written or exists
 * and may not be replaced.
 *
 * @param url URL of the first mirror
 * @param served the name that a mirror gives; may be anything
 */
export async function resolveTarget(
  options: PathOptions,
  url: string,
  served?: string,
): Promise<Target> {
  const { output, createDirectories, keepExisting, resume } = options;
  if (output === "-") return { type: "stdout", name: "stdout" };
  const path = pathOf(options, url, served);
  const name = path.replace(/^\.\/(?!-$)/, "");
  const kind = kindOfPath(path);
  if (kind === "device") return { type: "device", name, path };
  if (kind === "stream") throw usageError(`${name}: on Windows, a name has no colon`);
  checkLength(path, name);
  if (createDirectories) await makeDirectory(directoryOf(path));
  const found = await stat(path, name);
  if (found?.isDirectory || /[/\\]$/.test(path)) {
    const why = found ? "it is a directory" : "no file name";
    const advice = options.listed ? `dir=${name}` : `--output-dir ${name}`;
    throw writeError(`cannot write to ${name}: ${why}; use ${advice} for a file in it`);
  }
  if (found !== undefined && !found.isFile) return { type: "device", name, path };
  // The file that a link points to is replaced, not the link.
  const real = found === undefined ? path : await Deno.realPath(path);
  if (resume && found !== undefined && await stat(`${real}.part`, `${name}.part`) === undefined) {
    return { type: "present", name, path: real };
  }
  const target: FileTarget = {
    type: "file",
    name,
    path: real,
    existing: keepExisting ? "avoid" : output === undefined ? "refuse" : "replace",
    choice: { number: 0, path: real, name },
    namedBy: options.listed ? "out=NAME" : "-o NAME",
    mode: found?.mode ?? undefined,
  };
  // A link that leads nowhere has the name, too.
  if (found === undefined && !await exists(path, name)) return target;
  if (keepExisting) return await nextTarget(target);
  if (output === undefined) {
    const flag = options.listed ? "out=" : "-o ";
    // Both are relative to the directory.
    const same = options.directory === undefined ? name : baseName(name);
    throw writeError(
      `${name} already exists; use ${flag}NAME to choose a name, ${flag}${same} to replace it, ` +
        "or --no-clobber to number the new file",
    );
  }
  if (found !== undefined && isProtected(found)) {
    throw writeError(`cannot replace ${name}: it is write-protected`);
  }
  return target;
}

/**
 * Returns the path of a file.
 *
 * @param url URL of the first mirror
 * @param served the name that a mirror gives; may be anything
 * @throws {CommandError} the URL has no file name
 */
export function pathOf(
  { output, name: listedName, directory, listed }: Pick<
    PathOptions,
    "output" | "name" | "directory" | "listed"
  >,
  url: string,
  served?: string,
): string {
  // A server chooses no directory, and no name that is hidden or disguised.
  const name = () =>
    served === undefined ? listedName ?? nameFromUrl(url, listed) : portableFileName(served);
  // "." keeps a name of "-" that comes from a URL from meaning stdout.
  const path = output ?? `./${name()}`;
  if (directory === undefined || isRooted(path)) return path;
  // join() would resolve "..", which leads elsewhere behind a link.
  return `${directory.replace(/\/+$/, "")}/${path.replace(/^\.\//, "")}`;
}

/**
 * Returns the file name that a URL ends with, as {@linkcode fileNameFromUrl} does.
 *
 * @param listed whether an input file lists the URL, so that `out=` names the file
 * @throws {CommandError} the URL has no file name
 */
export function nameFromUrl(url: string, listed = false): string {
  try {
    return fileNameFromUrl(url);
  } catch (error) {
    if (!listed) throw error;
    throw usageError(`${redactUrl(url)} has no file name; add a line out=NAME below it`);
  }
}

/** Maximum number of bytes in a name: 255 on most file systems, less the longest suffix. */
export const MAX_NAME_BYTES = 255 - ".100.part.json.new".length;

/**
 * Returns the file name that a URL's path ends with, made safe for local files. The URL is the user's,
 * never one of a response. Throws a usage error if there is no name.
 *
 * @param windows whether the name is for Windows
 */
export function fileNameFromUrl(
  url: string,
  windows: boolean = Deno.build.os === "windows",
): string {
  const name = fileNameInUrl(url);
  if (name === "" || name === "." || name === "..") {
    throw usageError("the first URL has no file name; use -o FILE");
  }
  return localFileName(name, windows, MAX_NAME_BYTES);
}

function checkLength(path: string, name: string): void {
  const bytes = nameBytes(baseName(path));
  if (bytes <= MAX_NAME_BYTES) return;
  throw writeError(
    `cannot write to ${name}: the name has ${bytes} bytes; ${MAX_NAME_BYTES} leave room for .part`,
  );
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (cause) {
    throw writeError(`cannot create the directory ${path}: ${reason(cause)}`, cause);
  }
}

/** Reports whether no one may write to a file: renaming another over it would succeed anyway. */
function isProtected({ mode }: Deno.FileInfo): boolean {
  return mode !== null && Deno.build.os !== "windows" && (mode & 0o222) === 0;
}

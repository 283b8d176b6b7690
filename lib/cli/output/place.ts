/**
 * Where a file goes: stdout, a device, or a name in a directory. Which files are replaced, refused
 * or left alone is decided here, before anything is downloaded.
 *
 * @module
 */

import { reason, writeError } from "../failure/file_error.ts";
import { fileNameFromUrl, MAX_NAME_BYTES, nameBytes } from "./file_name.ts";

/** Where a file goes, and what becomes of it. */
export interface TargetOptions {
  /** Value of `-o`; `-` is stdout. `undefined` takes the URL's name. */
  readonly output: string | undefined;
  /** The directory of relative names. */
  readonly directory: string | undefined;
  /** Whether directories that do not exist are made. */
  readonly createDirectories: boolean;
  /** Whether another name is chosen where the file exists. */
  readonly keepExisting: boolean;
  /** Whether a part file is continued. */
  readonly resume: boolean;
  /** Whether the file gets the mirrors' Last-Modified. */
  readonly remoteTime: boolean;
  /** Whether a part file is removed after an error. */
  readonly removeOnError: boolean;
}

/** What the user said on where a file goes. */
export type PlaceOptions = Pick<
  TargetOptions,
  "output" | "directory" | "createDirectories" | "keepExisting" | "resume"
>;

/** Where a file goes. */
export type Place =
  | { readonly type: "stdout"; readonly name: "stdout" }
  /** A device or a pipe, which is written to as it is. */
  | { readonly type: "device"; readonly name: string; readonly path: string }
  /** The file is there, and no part of it that could be continued. */
  | { readonly type: "present"; readonly name: string; readonly path: string }
  | FilePlace;

/** A file that gets its name once it is complete. */
export interface FilePlace {
  readonly type: "file";
  /** What messages call it. */
  readonly name: string;
  /** Its final path. */
  readonly path: string;
  /** What becomes of a file of that name: another one takes its place, or gives way to it. */
  readonly existing: "replace" | "refuse" | "avoid";
  /** Where it gives way: which name this is, and the first one. */
  readonly choice: { readonly number: number; readonly path: string; readonly name: string };
  /** Permissions of the file that is replaced. */
  readonly mode: number | undefined;
}

/** Names that are tried where a file is kept, as in curl. */
const MAX_NUMBER = 100;

/** What follows the last separator of a path. */
const BASE = Deno.build.os === "windows" ? /[^/\\]*$/ : /[^/]*$/;
const ABSOLUTE = Deno.build.os === "windows" ? /^(?:[a-z]:)?[/\\]/i : /^\//;

/**
 * Finds the place of a file; makes its directory, if that is wanted. Rejects with a usage error
 * where the URL has no name, and with exit code 23 where the file cannot be written or a file is in
 * its place that may not be replaced.
 *
 * @param url the first mirror's URL
 */
export async function placeOf(options: PlaceOptions, url: string): Promise<Place> {
  const { output, createDirectories, keepExisting, resume } = options;
  if (output === "-") return { type: "stdout", name: "stdout" };
  const path = pathOf(options, url);
  const name = path.replace(/^\.\/(?!-$)/, "");
  checkLength(path, name);
  if (createDirectories) await makeDirectory(path.replace(BASE, ""));
  const found = await stat(path, name);
  if (found?.isDirectory || /[/\\]$/.test(path)) {
    throw writeError(`cannot write to ${name}: ${found ? "it is a directory" : "no file name"}`);
  }
  if (found !== undefined && !found.isFile) return { type: "device", name, path };
  // What a link points to is replaced, not the link.
  const target = found === undefined ? path : await Deno.realPath(path);
  if (resume && found !== undefined && await stat(`${target}.part`, `${name}.part`) === undefined) {
    return { type: "present", name, path: target };
  }
  const file = {
    ...{ type: "file", name, path: target } as const,
    existing: keepExisting ? "avoid" : output === undefined ? "refuse" : "replace",
    choice: { number: 0, path: target, name },
    mode: found?.mode === null ? undefined : found?.mode,
  } as const;
  if (found === undefined) return file;
  if (keepExisting) return await nextPlace(file);
  if (output === undefined) {
    throw writeError(
      `${name} exists already; -o NAME to choose a name, -o ${name} to replace it, ` +
        "--no-clobber to number the new one",
    );
  }
  if (isProtected(found)) {
    throw writeError(`cannot write to ${name}: it is write-protected, and would be replaced`);
  }
  return file;
}

/** The path of a file whose first mirror has that URL. @throws {CommandError} the URL has no name */
export function pathOf(
  { output, directory }: Pick<PlaceOptions, "output" | "directory">,
  url: string,
): string {
  // A name that comes from a URL is never taken for stdout.
  return within(directory, output ?? `./${fileNameFromUrl(url)}`);
}

/** The next name that no file has, after that of a place which gives way to files. */
export async function nextPlace({ choice, ...place }: FilePlace): Promise<FilePlace> {
  for (let number = choice.number + 1; number <= MAX_NUMBER; number++) {
    const path = `${choice.path}.${number}`;
    const name = `${choice.name}.${number}`;
    if (await exists(path, name)) continue;
    return { ...place, path, name, mode: undefined, choice: { ...choice, number } };
  }
  throw writeError(
    `${choice.name} exists already, and so do ${choice.name}.1 to .${MAX_NUMBER}; ` +
      "-o NAME to choose a name",
  );
}

/** Whether something has that name, be it a link that leads nowhere. */
export async function exists(path: string, name: string): Promise<boolean> {
  return await stat(path, name, Deno.lstat) !== undefined;
}

/** What has that name. */
export async function stat(
  path: string,
  name: string,
  look: typeof Deno.stat = Deno.stat,
): Promise<Deno.FileInfo | undefined> {
  try {
    return await look(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw writeError(`cannot write to ${name}: ${reason(cause)}`, cause);
  }
}

function within(directory: string | undefined, path: string): string {
  if (directory === undefined || ABSOLUTE.test(path)) return path;
  return `${directory.replace(/\/+$/, "")}/${path.replace(/^\.\//, "")}`;
}

function checkLength(path: string, name: string): void {
  const bytes = nameBytes(BASE.exec(path)?.[0] ?? "");
  if (bytes <= MAX_NAME_BYTES) return;
  throw writeError(
    `cannot write to ${name}: the name has ${bytes} bytes; ${MAX_NAME_BYTES} leave room for .part`,
  );
}

async function makeDirectory(path: string): Promise<void> {
  if (path === "") return;
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (cause) {
    throw writeError(`cannot make the directory ${path}: ${reason(cause)}`, cause);
  }
}

/** Whether nobody may write to a file: a rename would not ask. */
function isProtected({ mode }: Deno.FileInfo): boolean {
  return mode !== null && Deno.build.os !== "windows" && (mode & 0o222) === 0;
}

/**
 * Refuses files of one run that would overwrite each other, before anything is downloaded.
 *
 * @module
 */

import { resolve } from "node:path";
import { usageError } from "../../command_line/command_error.ts";
import { recordsOf } from "../part/resume_record.ts";
import { pathOf, type PathOptions } from "./target.ts";

/** A file that a run writes besides the downloads: the option that names it, and its path. */
export type SideFile = readonly [option: string, path: string | undefined];

/** A file that a run downloads. */
export interface DownloadedFile {
  /** Its number, from 0. */
  readonly number: number;
  /** Number of files in the run. */
  readonly of: number;
  readonly urls: readonly string[];
  readonly target: PathOptions;
}

/**
 * Checks that no two files of a run have the same path.
 *
 * @throws {CommandError} two have
 */
export function refuseSamePaths(
  files: readonly DownloadedFile[],
  sideFiles: readonly SideFile[],
): void {
  const known = new Map<string, string>();
  const advice = files.length === 1
    ? "choose another name"
    : files[0]?.target.listed
    ? "out=NAME below a line of the input file gives it another name"
    : "--select-file NAME downloads one file of the Metalink";
  const add = (path: string, what: string) => {
    // Some file systems ignore case or normalize Unicode.
    const key = resolve(path).normalize("NFC").toLowerCase();
    const other = known.get(key);
    if (other !== undefined) {
      const shown = path.replace(/^\.\//, "");
      throw usageError(`${other} and ${what} would both be ${shown}; ${advice}`);
    }
    known.set(key, what);
  };
  for (const [option, path] of sideFiles) if (path !== undefined) add(path, option);
  for (const { target, urls, number, of } of files) {
    // A name that a server gives is not known yet; an existing file is never replaced by it.
    const isOpen = target.nameFromServer && target.output === undefined;
    if (target.output === "-" || target.keepExisting || isOpen) continue;
    const path = pathOf(target, urls[0]!);
    const file = of === 1 ? "the file" : `file ${number + 1}`;
    add(path, file);
    add(`${path}.part`, `the part of ${file}`);
    for (const record of recordsOf(`${path}.part`)) add(record, `the record of ${file}`);
  }
}

/**
 * The files that a run writes: no two of them may have one path, or the one destroys the other.
 *
 * @module
 */

import { resolve } from "node:path";
import { usageError } from "../../command_line/command_error.ts";
import { recordsOf } from "../part/resume_record.ts";
import { pathOf, type PlaceOptions } from "./place.ts";

/** A file that is written besides those that are fetched: the flag that names it, and its path. */
export type SideFile = readonly [flag: string, path: string | undefined];

/** A file that is fetched. */
export interface FetchedFile {
  /** Its number, from 0. */
  readonly number: number;
  /** How many files there are. */
  readonly of: number;
  readonly urls: readonly string[];
  readonly target: PlaceOptions;
}

/** Finds out before anything is touched. @throws {CommandError} two files have one path */
export function refuseSamePaths(
  files: readonly FetchedFile[],
  sideFiles: readonly SideFile[],
): void {
  const known = new Map<string, string>();
  const advice = files.length > 1
    ? "out=NAME below a line of the input file gives it another name"
    : "choose another name";
  const claim = (path: string, what: string) => {
    // Some file systems do not tell upper from lower case.
    const key = resolve(path).normalize("NFC").toLowerCase();
    const other = known.get(key);
    if (other !== undefined) {
      throw usageError(`${other} and ${what} would both be ${shown(path)}; ${advice}`);
    }
    known.set(key, what);
  };
  for (const [flag, path] of sideFiles) if (path !== undefined) claim(path, flag);
  for (const { target, urls, number, of } of files) {
    if (target.output === "-" || target.keepExisting) continue;
    const path = pathOf(target, urls[0]!);
    const file = of === 1 ? "the file" : `file ${number + 1}`;
    claim(path, file);
    claim(`${path}.part`, `the part of ${file}`);
    for (const record of recordsOf(`${path}.part`)) claim(record, `the record of ${file}`);
  }
}

function shown(path: string): string {
  return path.replace(/^\.\//, "");
}

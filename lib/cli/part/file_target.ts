/**
 * The final path of a file that is downloaded into a part file, and what happens when something
 * already has that path. With `--no-clobber` a number is appended instead, as curl does.
 *
 * @module
 */

import { reason, writeError } from "../failure/exit_code.ts";

/** A file that gets its name when it is complete. */
export interface FileTarget {
  readonly type: "file";
  /** Its path as messages show it. */
  readonly name: string;
  /** Its final path. */
  readonly path: string;
  /** What to do if a file has that path: replace it, fail, or choose the next number. */
  readonly existing: "replace" | "refuse" | "avoid";
  /** For `avoid`: the number that was chosen, 0 for none, and the path and name without it. */
  readonly choice: { readonly number: number; readonly path: string; readonly name: string };
  /** What the user writes to choose another name. */
  readonly namedBy: "-o NAME" | "out=NAME";
  /** Permissions of the file that is replaced. */
  readonly mode: number | undefined;
}

/** Highest number that is tried, as in curl. */
const MAX_NUMBER = 100;

/** Returns the target with the next number that no file has. */
export async function nextTarget({ choice, ...target }: FileTarget): Promise<FileTarget> {
  for (let number = choice.number + 1; number <= MAX_NUMBER; number++) {
    const path = `${choice.path}.${number}`;
    const name = `${choice.name}.${number}`;
    if (await exists(path, name)) continue;
    return { ...target, path, name, mode: undefined, choice: { ...choice, number } };
  }
  throw writeError(
    `${choice.name} already exists, and so do ${choice.name}.1 to .${MAX_NUMBER}; ` +
      `choose a name with ${target.namedBy}`,
  );
}

/** Reports whether something has that path, a dangling link included. */
export async function exists(path: string, name: string): Promise<boolean> {
  return await stat(path, name, Deno.lstat) !== undefined;
}

/** Returns what has that path, or `undefined` for nothing. Other errors get exit code 23. */
export async function stat(
  path: string,
  name: string,
  read: typeof Deno.stat = Deno.stat,
): Promise<Deno.FileInfo | undefined> {
  try {
    return await read(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw writeError(`cannot write to ${name}: ${reason(cause)}`, cause);
  }
}

/**
 * Splits paths. Own code because loading `node:path`, and with it the foundation of Node's modules, takes
 * as long as twenty of our modules, and `@std/path` has about as many; both do far more than is
 * needed at every start.
 *
 * @module
 */

const WINDOWS = Deno.build.os === "windows";

/** Returns what a path ends with: its last name. */
export function baseName(path: string, windows: boolean = WINDOWS): string {
  const [, name = ""] = (windows ? /^(?:[a-z]:)?(?:.*[\\/])?([^\\/]*)[\\/]*$/is : /([^/]*)\/*$/)
    .exec(path)!;
  return name;
}

/** Returns the directory that a path of a file leads to; `.` for a name alone. */
export function directoryOf(path: string, windows: boolean = WINDOWS): string {
  const [directory] =
    (windows
      ? /^(?:[a-z]:)?[\\/]*(?:.*[^\\/](?=[\\/]+[^\\/]+[\\/]*$))?/is
      : /^\/*(?:.*[^/](?=\/+[^/]+\/*$))?/s).exec(path)!;
  return directory || ".";
}

/** Reports whether a path does not depend on the current directory. */
export function isAbsolute(path: string, windows: boolean = WINDOWS): boolean {
  return (windows ? /^(?:[a-z]:)?[\\/]/i : /^\//).test(path);
}

/**
 * Splits paths. Own code because loading `node:path`, and with it the foundation of Node's modules, takes
 * as long as twenty of our modules, and `@std/path` has about as many; both do far more than is
 * needed at every start.
 *
 * @module
 */

import { isDeviceName } from "../../http/name/file_name.ts";

const WINDOWS = Deno.build.os === "windows";

/** Returns what a path ends with: its last name. */
export function baseName(path: string, windows: boolean = WINDOWS): string {
  if (windows) {
    const [, name = ""] = /^(?:[a-z]:)?(?:.*[\\/])?([^\\/]*)[\\/]*$/is.exec(path)!;
    return name;
  }
  let end = path.length;
  // An expression would look for the end of many slashes from each of them.
  while (path[end - 1] === "/") end--;
  return path.slice(path.lastIndexOf("/", end - 1) + 1, end);
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

/** Reports whether no directory can go before a path: it is absolute, or names a drive (`C:name`). */
export function isRooted(path: string, windows: boolean = WINDOWS): boolean {
  return isAbsolute(path, windows) || (windows && /^[a-z]:/i.test(path));
}

/**
 * Returns what a path names: on Windows, names like `NUL` are devices in every directory, and what
 * follows a colon is a stream of a file that `FILE` alone does not show.
 */
export function kindOfPath(path: string, windows: boolean = WINDOWS): "file" | "device" | "stream" {
  if (!windows) return "file";
  if (isDeviceName(baseName(path, windows).replace(/:$/, ""))) return "device";
  return path.replace(/^[a-z]:/i, "").includes(":") ? "stream" : "file";
}

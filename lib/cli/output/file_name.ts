/**
 * The name of a file where the user gives none: from the first URL, which the user typed, never from a
 * response. It leaves room for what is added to it while the file is incomplete.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";
import { fileNameInUrl, localFileName } from "../../http/file_name.ts";

/** The most bytes of a file name on nearly every file system. */
const SYSTEM_LIMIT = 255;

/** The longest suffix: a number, and the record that is being written. */
const LONGEST_SUFFIX = ".100.part.json.new";

/** The most bytes of UTF-8 in a name, so that everything beside the file can have its own. */
export const MAX_NAME_BYTES = SYSTEM_LIMIT - LONGEST_SUFFIX.length;

/**
 * Returns the file name that a URL's path ends with, made safe; a usage error if there is none.
 *
 * @param windows whether the name is for Windows
 */
export function fileNameFromUrl(
  url: string,
  windows: boolean = Deno.build.os === "windows",
): string {
  const name = fileNameInUrl(url);
  if (name === "" || name === "." || name === "..") {
    throw usageError("the first URL ends with no file name; -o FILE is needed");
  }
  return localFileName(name, windows, MAX_NAME_BYTES);
}

/**
 * File names from URLs, fit for every system: they stay in their directory, are no device of
 * Windows, and leave room for what is added while the file is incomplete. They come from what the
 * user typed, never from a response.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";

/** Bytes in a file name on nearly every file system. */
const SYSTEM_LIMIT = 255;

/** The longest of what may be put behind a name: a number, and the record that is being written. */
const LONGEST_SUFFIX = ".100.part.json.new";

/** Bytes of UTF-8 that a name may have, so that everything beside the file can have its own. */
export const MAX_NAME_BYTES = SYSTEM_LIMIT - LONGEST_SUFFIX.length;

/**
 * What is not shown as itself or parts names: control characters, line ends, those that turn the
 * direction of what follows, and separators.
 */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069/\\]/gu;

/** What Windows keeps for itself; elsewhere it is common in names. */
const UNSAFE_ON_WINDOWS = /[<>:"|?*]/g;

/** Names that are devices on Windows, whatever extension they have. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³]) *(?:\.|$)/i;

/** A name's extension, with the one before a compression's (`.tar.gz`). */
const EXTENSION = /(?:\.[a-z][a-z\d]{0,7})?\.[a-z\d]{1,12}$/i;

/**
 * The file name that a URL's path ends with, made safe; a usage error where there is none.
 *
 * @param windows whether the name is for Windows
 */
export function fileNameFromUrl(
  url: string,
  windows: boolean = Deno.build.os === "windows",
): string {
  const segment = URL.parse(url)?.pathname.split("/").at(-1) ?? "";
  let name = segment;
  try {
    name = decodeURIComponent(segment);
  } catch {
    // Not UTF-8: the name stays encoded.
  }
  if (name === "" || name === "." || name === "..") {
    throw usageError("the first URL ends with no file name; -o FILE is needed");
  }
  name = name.replace(UNSAFE, "_");
  if (windows) name = name.replace(UNSAFE_ON_WINDOWS, "_");
  if (DEVICE.test(name)) name = `_${name}`;
  // Windows drops dots and spaces at the end, so that another name would come of it.
  return shortened(name).replace(/[. ]+$/, (end) => "_".repeat(end.length));
}

/** Bytes of a name. */
export function nameBytes(name: string): number {
  return new TextEncoder().encode(name).byteLength;
}

/** Cuts a name that is too long between two characters, before its extension. */
function shortened(name: string): string {
  if (nameBytes(name) <= MAX_NAME_BYTES) return name;
  const extension = EXTENSION.exec(name)?.[0] ?? "";
  const stem = name.slice(0, name.length - extension.length);
  const room = new Uint8Array(MAX_NAME_BYTES - extension.length);
  // Only whole characters are written.
  const { read } = new TextEncoder().encodeInto(stem, room);
  return stem.slice(0, read) + extension;
}

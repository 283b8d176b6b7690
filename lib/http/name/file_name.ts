/**
 * File names from URLs, made safe. A name from a URL is never trusted: it may hold a path, control
 * characters, or a device of Windows.
 *
 * @module
 */

import { decodePercent } from "../text_encoding.ts";
import { parseUrl, toWellFormed } from "../../stand_ins.ts";

/** A name of more characters is none that a file has: it is not decoded, and loses its middle. */
const LONG = 16 * 1024;

/** Returns the last segment of a URL's path, decoded but not made safe; "" if there is none. */
export function fileNameInUrl(url: string): string {
  const segment = parseUrl(url)?.pathname.split("/").at(-1) ?? "";
  if (segment.length > LONG) return segment;
  const decoded = decodePercent(segment);
  if (decoded !== segment) return decoded;
  // A percent sign on its own is one of the name.
  return segment.replace(/(?:%[\da-f]{2})+/gi, decodePercent);
}

/**
 * What is not shown as itself, or separates names: control characters, line ends, those that change
 * the direction of what follows, and slashes.
 */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069/\\]/gu;
/** Reserved on Windows; elsewhere they are common in names. */
const UNSAFE_ON_WINDOWS = /[<>:"|?*]/g;

/**
 * Makes a name safe for a file of this system: everything stays recognizable, and nothing is removed.
 *
 * @param maxBytes the most bytes of UTF-8 it may have; a longer one is cut before its extension
 */
export function localFileName(name: string, windows: boolean, maxBytes: number): string {
  name = withoutMiddle(name).replace(UNSAFE, "_");
  if (windows) name = name.replace(UNSAFE_ON_WINDOWS, "_");
  // What is left of a long name may be that of a device.
  const short = shorten(notDevice(shorten(name, maxBytes)), maxBytes);
  // Windows drops dots and spaces at the end, which would make another name of it.
  return short.replace(/[. ]+$/, (end) => "_".repeat(end.length));
}

const FALLBACK_NAME = "download";
/** What file systems take (255 bytes), with room for a browser's " (1)". */
const MAX_PORTABLE_BYTES = 200;

/**
 * Makes a name safe on any system: without a path, invisible characters (those that change the
 * direction of writing would disguise an extension), leading dots, and what is reserved on Windows.
 */
export function portableFileName(name: string): string {
  const path = Math.max(name.lastIndexOf("/"), name.lastIndexOf("\\"));
  const last = toWellFormed(withoutMiddle(name.slice(path + 1)))
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffd]/gu, "")
    .replace(/\s+/gu, " ")
    .replace(UNSAFE_ON_WINDOWS, "_");
  const trimmed = shorten(last.replace(/^[. ]+/, ""), MAX_PORTABLE_BYTES).replace(/[. ]+$/, "");
  return trimmed === "" ? FALLBACK_NAME : notDevice(trimmed);
}

/** Names of devices on Windows, whatever their extension. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³]) *(?:\.|$)/i;

/** Reports whether Windows takes a name for that of a device. */
export function isDeviceName(name: string): boolean {
  return DEVICE.test(name);
}

function notDevice(name: string): string {
  return isDeviceName(name) ? `_${name}` : name;
}

/** A name's extension, with the one before a compression's (`.tar.gz`). */
const EXTENSION = /(?:\.[a-z][a-z\d]{0,7})?\.[a-z\d]{1,12}$/i;
/** It has fewer characters: in a long name it is looked for at the end only. */
const MAX_EXTENSION = 24;

/** Cuts a name that is too long between two characters, before its extension. */
function shorten(name: string, maxBytes: number): string {
  if (nameBytes(name) <= maxBytes) return name;
  const extension = EXTENSION.exec(name.slice(-MAX_EXTENSION))?.[0] ?? "";
  const stem = name.slice(0, name.length - extension.length);
  // Writes whole characters only.
  const room = new Uint8Array(maxBytes - extension.length);
  const cut = stem.slice(0, new TextEncoder().encodeInto(stem, room).read);
  return extension === "" ? cut : cut.replace(/[. ]+$/, "") + extension;
}

/** Returns a name with what {@linkcode shorten} may keep of it. */
function withoutMiddle(name: string): string {
  return name.length <= LONG ? name : name.slice(0, LONG / 2) + name.slice(-LONG / 2);
}

export function nameBytes(name: string): number {
  return new TextEncoder().encode(name).byteLength;
}

/**
 * Reads and writes the file name in a `Content-Disposition`. Reads it as servers send it: quoted or not, in
 * raw bytes, or encoded with a character set; that name is not made safe. Follows RFC 6266 section 4.3 and
 * RFC 8187.
 *
 * @module
 */

import { decodeUtf8 } from "../field_value.ts";
import { portableFileName } from "./file_name.ts";

/** A value that is longer is not read: no name needs so much. */
const MAX_LENGTH = 16 * 1024;

/** A parameter: a quoted value, or one up to the next semicolon. */
const PARAMETER = /;\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\[^])*)"|([^;"]*))/g;

/**
 * Returns the file name, without directories; `undefined` if there is none. A name with a character set
 * (`filename*`) takes precedence over one without.
 */
export function dispositionFileName(value: string | null): string | undefined {
  if (value === null || value.length > MAX_LENGTH) return undefined;
  // The type may be missing.
  const text = /^\s*filename\*?\s*=/i.test(value) ? `;${value}` : value;
  const names = new Map<string, string>();
  for (const [, name, quoted, plain] of text.matchAll(PARAMETER)) {
    const given = quoted === undefined ? plain!.trim() : quoted.replace(/\\(["\\])/g, "$1");
    const key = name!.toLowerCase();
    // The first counts, as in browsers.
    if (!names.has(key)) names.set(key, given);
  }
  const candidates = [
    extendedValue(names.get("filename*")),
    plainValue(names.get("filename") ?? ""),
  ];
  for (const candidate of candidates) {
    const last = candidate?.split(/[/\\]/).at(-1)?.trim();
    if (last !== undefined && !/^\.{0,2}$/.test(last)) return last;
  }
  return undefined;
}

/** Decodes `UTF-8'en'na%C3%AFve`; `undefined` if it is not right. */
function extendedValue(value: string | undefined): string | undefined {
  const [, charset = "", encoded = ""] = /^([\w-]+)'[^']*'(.*)$/s.exec(value ?? "") ?? [];
  const label = charset.toLowerCase();
  if (!["utf-8", "iso-8859-1"].includes(label) || /%(?![\da-f]{2})/i.test(encoded)) {
    return undefined;
  }
  const bytes = Uint8Array.from(
    encoded.matchAll(/%([\da-f]{2})|[^]/gi),
    ([one, hex]) => hex === undefined ? one.charCodeAt(0) : parseInt(hex, 16),
  );
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Decodes UTF-8 where it can be, else Latin-1. */
function plainValue(value: string): string {
  return decodeUtf8(value) ?? value;
}

/**
 * Returns a `Content-Disposition` with `name`, made safe: an `attachment` makes a browser save the file;
 * `inline`, it shows the file, and has the name if it is saved later.
 */
export function contentDisposition(
  name: string,
  type: "attachment" | "inline" = "attachment",
): string {
  const safe = portableFileName(name);
  // Some clients decode percent signs where they should not.
  const ascii = safe.replace(/[^\x20-\x7e]/gu, "_").replace(/[%\\"]/g, "_");
  const value = `${type}; filename="${ascii}"`;
  return ascii === safe ? value : `${value}; filename*=UTF-8''${encodeValue(safe)}`;
}

/** Percent-encodes everything that RFC 8187 does not call an attr-char. */
function encodeValue(text: string): string {
  return encodeURIComponent(text).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

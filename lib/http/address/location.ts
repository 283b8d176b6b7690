/**
 * The `Location` of a redirect, as servers send it: in raw bytes of UTF-8 or Latin-1, with blanks, or
 * twice. Follows RFC 9110 section 10.2.2 and the URL standard.
 *
 * @module
 */

import { takeCredentials } from "./credentials.ts";
import { decodeUtf8, readField } from "../field_value.ts";
import { parseUrl } from "../../stand_ins.ts";

/** Maximum length of a Location. */
const MAX_LENGTH = 64 * 1024;

export type RedirectTarget =
  /** There is no Location, or an empty one. */
  | { readonly type: "none" }
  /** An http or https URL, without credentials and fragment. */
  | { readonly type: "url"; readonly url: URL }
  /** What is wrong, as a part of a sentence that begins with "redirected". */
  | { readonly type: "invalid"; readonly problem: string };

/** Reads where a response of `base` redirects to. */
export function readLocation(headers: Headers, base: URL): RedirectTarget {
  const value = readField(headers, "location") ?? "";
  if (value === "") return { type: "none" };
  if (value.length > MAX_LENGTH) {
    return invalid(`to a URL of ${value.length} characters, more than ${MAX_LENGTH}`);
  }
  const copies = differentUrls(value);
  if (copies !== undefined) return invalid(`to ${copies.length} URLs at once`);
  const url = parseUrl(decode(value), base);
  if (url === null) return invalid("to something that is not a URL");
  if (!["http:", "https:"].includes(url.protocol)) {
    return invalid("to a URL that is not http or https");
  }
  takeCredentials(url);
  url.hash = "";
  return { type: "url", url };
}

function invalid(problem: string): RedirectTarget {
  return { type: "invalid", problem };
}

/** Splits copies of the field that differ: none of them is better than the others. */
function differentUrls(value: string): string[] | undefined {
  const parts = value.split(/, (?=https?:\/\/)/i);
  return parts.length > 1 && parts.every((part) => /^https?:\/\/\S+$/i.test(part))
    ? parts
    : undefined;
}

/** Decodes UTF-8 where it can be; other bytes are escaped as they are, as browsers and curl do. */
function decode(value: string): string {
  return decodeUtf8(value) ?? value.replace(
    /[\x80-\xff]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

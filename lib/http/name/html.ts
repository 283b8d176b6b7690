/**
 * Recognizes HTML pages by their first bytes, as browsers do, and names of files that are none: a sign-in
 * or error page that comes with status 200 is not the file. Follows the MIME Sniffing Standard, section
 * 7.1.
 *
 * @module
 */

import { decodeText } from "../text_encoding.ts";
import { mediaTypeOfName } from "./media_type.ts";

/** What may stand before the page's first tag, and the tags that pages begin with. */
const PROLOGUE = /^\s*(?:<\?xml\b[^>]*\?>|<!--[^]*?-->)/i;
const FIRST_TAG =
  /^\s*<(?:!doctype html|html|head|body|title|meta|link|base|script|noscript|style|iframe|frameset|center|h1|div|font|table|form|a|b|br|p)(?=[\s\/>])/i;
/** A comment that goes on after the first bytes. */
const OPEN_COMMENT = /^\s*<!--/;

/** Number of bytes looked at: a page says what it is early. */
const MAX_LOOKED_AT = 4096;

/** Reports whether a file that begins with these bytes is an HTML page. */
export function looksLikeHtml(firstBytes: Uint8Array): boolean {
  let text = decodeText(firstBytes.subarray(0, MAX_LOOKED_AT));
  for (let before = text; (text = before.replace(PROLOGUE, "")) !== before; before = text);
  return FIRST_TAG.test(text) || OPEN_COMMENT.test(text);
}

/** What a server may send instead of a file: an HTML page, or a short text that reports an error. */
export interface Page {
  readonly kind: "html" | "json" | "xml" | "text";
  /** Its title if it has a short one, or the beginning of its text. */
  readonly title: string | undefined;
  /** The name that promised another kind of file, such as `film.mkv`; `undefined` if none did. */
  readonly promised: string | undefined;
}

/** Reads the first bytes of a file with these names; returns `undefined` if it is no HTML page. */
export function readPage(firstBytes: Uint8Array, names: readonly string[]): Page | undefined {
  if (!looksLikeHtml(firstBytes)) return undefined;
  const promised = names.find(promisesOtherThanHtml);
  return { kind: "html", title: titleOf(decodeText(firstBytes)), promised };
}

/** A title of more characters says nothing that a message could use. */
const MAX_TITLE = 80;

function titleOf(text: string): string | undefined {
  const [, title = ""] = /<title\b[^<>]*>([^<]*)<\/title/i.exec(text) ?? [];
  const shown = onOneLine(title);
  return shown === "" || shown.length > MAX_TITLE ? undefined : shown;
}

/** Returns a text as it can be shown in a message. */
export function onOneLine(text: string): string {
  return text.replace(/[\p{C}\s]+/gu, " ").trim();
}

/**
 * Reports whether a file of this name cannot be an HTML page: its extension is that of a film, an
 * archive or another format that never begins like one. Plain text and its relatives may.
 */
export function promisesOtherThanHtml(fileName: string): boolean {
  const type = mediaTypeOfName(fileName);
  return type !== undefined && !type.startsWith("text/");
}

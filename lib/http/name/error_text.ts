/**
 * Recognizes short texts that APIs, stores and proxies send instead of a file, with status 200: JSON, XML,
 * or a few words, where a name promises a film, an archive, or another format that is no text.
 *
 * @module
 */

import { onOneLine, type Page } from "./html.ts";
import { isUnknownType, mediaTypeOfName } from "./media_type.ts";

/** What a server says of a file, besides its first bytes. */
export interface SentFile {
  /** `undefined` if it is not known. */
  readonly size: number | undefined;
  readonly contentType: string | undefined;
  /** Names that promise what it is. */
  readonly names: readonly string[];
}

/** A longer text is no error message. */
const MOST_BYTES = 64 * 1024;
/** Number of characters of a text that a message shows. */
const MOST_SHOWN = 80;

/** Names of these types may stand for texts, or for formats that are written as text. */
const WRITTEN =
  /^(?:text\/|application\/(?:jsonl?|x-subrip|vnd\.apple\.mpegurl|rtf|postscript)$|audio\/x-mpegurl$|video\/mp2t$)/;
/** The type of names that promise no more than that it is no text. */
const BINARY = "application/octet-stream";

/** Types of texts. */
const TEXTUAL = /^\s*(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml|javascript)\b)/i;

/** Types of web pages. */
const PAGE = /^\s*(?:text\/html|application\/xhtml\+xml)\b/i;

const JSON_START = /^\s*(?:\{\s*["}]|\[\s*(?:[[{"\]\d-]|true\b|false\b|null\b))/;
const XML_START = /^\s*<(?:\?xml\s|[a-z_][\w.:-]*[\s\/>])/i;
/** Characters that no text has. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]/;

/**
 * Reads the first bytes of a file; returns `undefined` if it is no short text, or if its names promise no
 * other format. JSON and XML are recognized whatever type they are said to have.
 */
export function readErrorText(
  firstBytes: Uint8Array,
  { size = Infinity, contentType, names }: SentFile,
): Page | undefined {
  if (size > MOST_BYTES || firstBytes.length === 0) return undefined;
  const promised = names.find(promisesOtherThanText);
  const text = decode(firstBytes);
  if (promised === undefined || text === undefined) return undefined;
  const isPlain = isUnknownType(contentType)
    ? mediaTypeOfName(promised) !== BINARY
    : TEXTUAL.test(contentType!);
  const kind = JSON_START.test(text)
    ? "json"
    : XML_START.test(text)
    ? "xml"
    : isPlain
    ? "text"
    : undefined;
  return kind && { kind, title: beginningOf(text), promised };
}

/** Reports whether a response of this type is a text, such as a web page. */
export function isText(contentType: string | undefined): boolean {
  return TEXTUAL.test(contentType ?? "");
}

/**
 * Names a text of this type and size that may say why a file is not sent; returns `undefined` for anything
 * else.
 */
export function nameOfText(
  contentType: string | undefined,
  size: number | undefined,
): string | undefined {
  if (!isText(contentType)) return undefined;
  if (PAGE.test(contentType!)) return "a web page";
  return size !== undefined && size <= MOST_BYTES ? "a short text" : undefined;
}

/** Reports whether a file of this name is in a format that is no text. */
function promisesOtherThanText(fileName: string): boolean {
  const type = mediaTypeOfName(fileName);
  return type !== undefined && !WRITTEN.test(type);
}

/** Decodes the beginning of a text, which may end within a character; `undefined` if it is none. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return CONTROL.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

function beginningOf(text: string): string | undefined {
  const shown = [...onOneLine(text.slice(0, 4 * MOST_SHOWN))];
  if (shown.length === 0) return undefined;
  return shown.length <= MOST_SHOWN ? shown.join("") : `${shown.slice(0, MOST_SHOWN).join("")}…`;
}

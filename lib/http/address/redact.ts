/**
 * Removes credentials from URLs and from texts that mention URLs, for everything that is shown or
 * recorded. The URL parser decides what credentials are, because it accepts more spellings than any
 * expression would: `http:user:pass@host/`, `http:///user:pass@host/`, `https:\\user:pass@host\`.
 * Where it finds no URL, everything that could be credentials is hidden.
 *
 * @module
 */

import { hasCredentials } from "./credentials.ts";
import { parseUrl } from "../../stand_ins.ts";

/** Replaces what is hidden. */
const HIDDEN = "…";

/** A scheme, with as many letters before its colon as matter: texts without a colon are long, too. */
const SCHEME = String.raw`[a-z][a-z\d+.-]{0,20}:`;
/** A scheme with the slashes after it. */
const HEAD = /^(?:[a-z][a-z\d+.-]*:)?[/\\]*/i;
/** Schemes whose URLs always have a host, with or without slashes before it (URL standard, "special"). */
const SPECIAL = /^(?:https?|ftp|wss?):/i;
/** A URL inside a path, a query or an opaque URL. */
const NESTED = new RegExp(String.raw`(?:\b(?:https?|ftp|wss?):|${SCHEME}//)[^]*`, "i");
/** What may be a URL in a text, with a few line breaks, which the URL parser removes. */
const CANDIDATE = new RegExp(String.raw`(?:${SCHEME}|[/\\]{2})\S+(?:[\t\n\r]+\S+){0,8}`, "gi");
/** A URL in quotes, which may have spaces and line breaks. */
const QUOTED = new RegExp(String.raw`(["'\x60])(${SCHEME}[^]*?)\1`, "gi");
/** The beginning of a URL. Its host may be invalid and have spaces. */
const BEGINNING = new RegExp(String.raw`${SCHEME}(?=\S)`, "gi");
const QUERY = /\?\S+/y;
/** A URL that is nested more deeply is hidden as a whole. */
const MAX_DEPTH = 8;

/**
 * Returns `text`, which is meant to be one URL, without credentials. An `@` elsewhere in a valid URL
 * stays; in an invalid one everything before the last `@` is hidden.
 */
export function redactUrl(text: string): string {
  return redact(text, 0);
}

function redact(text: string, depth: number): string {
  // As the URL parser does: control characters and spaces before it do not count.
  const joined = text.replace(/[\t\n\r]/g, "").replace(/^[^!-\uffff]+/, "");
  const head = HEAD.exec(joined)![0];
  const rest = joined.slice(head.length);
  const url = parseUrl(joined);
  const end = credentialsEnd(url, head, rest);
  if (end <= 0 || rest.slice(0, end) === HIDDEN) {
    const nested = redactNested(rest, depth);
    return nested === rest ? text : head + nested;
  }
  const visible = redactNested(rest.slice(end + 1), depth);
  if (url !== null && hasCredentials(url)) return head + visible;
  // Without slashes, what looks like a scheme may be the user's name.
  const isScheme = SPECIAL.test(head) || /[/\\]$/.test(head);
  return `${isScheme ? head : ""}${HIDDEN}@${visible}`;
}

/** Returns the index in `rest` of the `@` after the credentials, or what may be some; else -1. */
function credentialsEnd(url: URL | null, head: string, rest: string): number {
  if (url === null) return rest.lastIndexOf("@");
  const special = SPECIAL.test(head);
  // A URL of another scheme may be one with a typing error: `htttp:user:pass@host`.
  if (!hasCredentials(url) && (special || url.protocol === "file:")) return -1;
  const authority = special ? /^[^/\\?#]*/ : /^[^/?#]*/;
  return authority.exec(rest)![0].lastIndexOf("@");
}

/** Returns a text without the credentials of the URLs in it. */
export function redactText(text: string): string {
  return text
    .replace(QUOTED, (_all, quote, url) => quote + redactUrl(url) + quote)
    .replace(CANDIDATE, redactLines);
}

/** Returns a text without the credentials and queries of the URLs in it: both may be secret. */
export function redactLogText(text: string): string {
  return hideQueries(redactText(text));
}

/** Hides the queries of the URLs in a text. */
function hideQueries(text: string): string {
  let hidden = "";
  let from = 0;
  while (true) {
    BEGINNING.lastIndex = from;
    const mark = BEGINNING.test(text) ? text.indexOf("?", BEGINNING.lastIndex) : -1;
    if (mark < 0) return hidden + text.slice(from);
    QUERY.lastIndex = mark;
    const isQuery = QUERY.test(text);
    hidden += text.slice(from, mark + 1) + (isQuery ? HIDDEN : "");
    from = isQuery ? QUERY.lastIndex : mark + 1;
  }
}

/** Describes an error in one line for a log, without credentials and queries. */
export function describeError(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return redactLogText(text.replace(/\s+/g, " "));
}

/** Redacts lines that may be one URL, or have one each. */
function redactLines(lines: string): string {
  const [first, ...others] = lines.split(/([\t\n\r]+)/);
  if (others.length === 0) return redactUrl(lines);
  // One URL in several lines: the first alone has no credentials.
  const [joined, alone] = [parseUrl(lines), parseUrl(first!)];
  if (joined && hasCredentials(joined) && !(alone && hasCredentials(alone))) {
    return redactUrl(lines);
  }
  return redactUrl(first!) + redactText(others.join(""));
}

function redactNested(text: string, depth: number): string {
  return text.replace(NESTED, (url) => depth < MAX_DEPTH ? redact(url, depth + 1) : HIDDEN);
}

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
/** The same as it ends: colons are found faster than what may be a letter of a scheme. */
const SCHEME_END = String.raw`:(?<=(${SCHEME}))`;
/** A scheme with the slashes after it. */
const HEAD = /^(?:[a-z][a-z\d+.-]*:)?[/\\]*/i;
/** Schemes whose URLs always have a host, with or without slashes before it (URL standard, "special"). */
const SPECIAL = /^(?:https?|ftp|wss?):/i;
/** The end of the scheme of a URL inside a path, a query or an opaque URL. */
const NESTED = new RegExp(String.raw`${SCHEME_END}(?=//)|:(?<=\b((?:https?|ftp|wss?):))`, "i");
/** The end of the scheme of what may be a URL in a text, or the slashes without one. */
const CANDIDATE = new RegExp(String.raw`(?:${SCHEME_END}|[/\\]{2})(?=\S)`, "gi");
/** What follows, with a few line breaks, which the URL parser removes. */
const FOLLOWING = /\S+(?:[\t\n\r]+\S+){0,8}/y;
/** A URL in quotes, which may have spaces and line breaks. */
const QUOTED = new RegExp(String.raw`(["'\x60])(${SCHEME}[^]*?)\1`, "gi");
/** The end of the scheme of a URL. Its host may be invalid and have spaces. */
const BEGINNING = new RegExp(String.raw`${SCHEME_END}(?=\S)`, "gi");
const QUERY = /\?\S+/y;
/** A URL that is nested more deeply is hidden as a whole. */
const MAX_DEPTH = 8;
/** The same in a text of more than {@linkcode LONG} characters, each of which is parsed again and again. */
const MAX_DEPTH_IN_LONG = 1;
const LONG = 64 * 1024;
/** A text with more URLs that may have credentials is hidden from there on: they are not for people to read. */
const MOST_URLS = 1000;

/**
 * Returns `text`, which is meant to be one URL, without credentials. An `@` elsewhere in a valid URL
 * stays; in an invalid one everything before the last `@` is hidden.
 */
export function redactUrl(text: string): string {
  return mayHaveCredentials(text) ? redact(text, 0) : text;
}

/** Reports whether a text may have credentials: there are none without this sign. */
function mayHaveCredentials(text: string): boolean {
  return text.includes("@");
}

function redact(text: string, depth: number): string {
  // As the URL parser does: control characters and spaces before it do not count.
  const joined = text.replace(/[\t\n\r]+/g, "").replace(/^[^!-\uffff]+/, "");
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
  if (!mayHaveCredentials(text)) return text;
  return replaceUrls(replaceUrls(text, nextQuoted, redactQuoted), nextCandidate, redactLines);
}

/** Where a URL is in a text. */
interface Span {
  readonly start: number;
  readonly end: number;
}

function nextQuoted(text: string, from: number): Span | undefined {
  QUOTED.lastIndex = from;
  const match = QUOTED.exec(text);
  return match === null ? undefined : { start: match.index, end: QUOTED.lastIndex };
}

/** Redacts a URL with the quotes around it. */
function redactQuoted(quoted: string): string {
  return quoted[0] + redactUrl(quoted.slice(1, -1)) + quoted.at(-1);
}

function nextCandidate(text: string, from: number): Span | undefined {
  CANDIDATE.lastIndex = from;
  const match = CANDIDATE.exec(text);
  if (match === null) return undefined;
  const { length } = match[1] ?? match[0];
  FOLLOWING.lastIndex = CANDIDATE.lastIndex;
  FOLLOWING.test(text);
  return { start: CANDIDATE.lastIndex - length, end: FOLLOWING.lastIndex };
}

/** Replaces the URLs that `next` finds, as far as they may have credentials. */
function replaceUrls(
  text: string,
  next: (text: string, from: number) => Span | undefined,
  replace: (url: string) => string,
): string {
  let [replaced, from, count] = ["", 0, 0];
  for (let span = next(text, 0); span !== undefined; span = next(text, span.end)) {
    const url = text.slice(span.start, span.end);
    if (!mayHaveCredentials(url)) continue;
    replaced += text.slice(from, span.start);
    if (++count > MOST_URLS) return replaced + HIDDEN;
    replaced += replace(url);
    from = span.end;
  }
  return replaced + text.slice(from);
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
  const end = lines.search(/[\t\n\r]/);
  if (end < 0) return redactUrl(lines);
  const first = lines.slice(0, end);
  const alone = parseUrl(first);
  // One URL in several lines: the first alone has no credentials.
  const joined = alone && hasCredentials(alone) ? null : parseUrl(lines);
  if (joined && hasCredentials(joined)) return redactUrl(lines);
  return redactUrl(first) + redactText(lines.slice(end));
}

function redactNested(text: string, depth: number): string {
  const match = mayHaveCredentials(text) ? NESTED.exec(text) : null;
  if (match === null) return text;
  const [, scheme = match[2]!] = match;
  const start = match.index + 1 - scheme.length;
  const most = text.length > LONG ? MAX_DEPTH_IN_LONG : MAX_DEPTH;
  return text.slice(0, start) + (depth < most ? redact(text.slice(start), depth + 1) : HIDDEN);
}

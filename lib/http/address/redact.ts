/**
 * Removes credentials from URLs and from texts that mention URLs, for everything that is shown or
 * recorded. The URL parser decides what credentials are, because it accepts more spellings than any
 * expression would: `http:user:pass@host/`, `http:///user:pass@host/`, `https:\\user:pass@host\`.
 * Where it finds no URL, everything that could be credentials is hidden.
 *
 * @module
 */

import { hasCredentials } from "./credentials.ts";

/** Replaces what is hidden. */
const HIDDEN = "…";

/** A scheme with the slashes behind it. */
const HEAD = /^(?:[a-z][a-z\d+.-]*:)?[/\\]*/i;
/** Schemes whose URLs always have a host, with or without slashes before it (URL standard, "special"). */
const SPECIAL = /^(?:https?|ftp|wss?):/i;
/** A URL inside a path, a query or an opaque URL. */
const NESTED = /(?:\b(?:https?|ftp|wss?):|[a-z][a-z\d+.-]*:\/\/)[^]*/i;
/** What may be a URL in a text, with line breaks, which the URL parser removes. */
const CANDIDATE = /(?:[a-z][a-z\d+.-]*:|[/\\]{2})\S+(?:[\t\n\r]+\S+)*/gi;
/** A URL in quotes, which may have spaces and line breaks. */
const QUOTED = /(["'`])([a-z][a-z\d+.-]*:[^]*?)\1/gi;
/** A URL with a query. Its host may be invalid and have spaces. */
const WITH_QUERY = /([a-z][a-z\d+.-]*:(?=\S)[^?]*)\?\S+/gi;

/**
 * Returns `text`, which is meant to be one URL, without credentials. An `@` elsewhere in a valid URL
 * stays; in an invalid one everything before the last `@` is hidden.
 */
export function redactUrl(text: string): string {
  // As the URL parser does: control characters and spaces before it do not count.
  const joined = text.replace(/[\t\n\r]/g, "").replace(/^[^!-\uffff]+/, "");
  const head = HEAD.exec(joined)![0];
  const rest = joined.slice(head.length);
  const url = URL.parse(joined);
  const end = credentialsEnd(url, head, rest);
  if (end <= 0 || rest.slice(0, end) === HIDDEN) {
    const nested = redactNested(rest);
    return nested === rest ? text : head + nested;
  }
  const visible = redactNested(rest.slice(end + 1));
  if (url !== null && hasCredentials(url)) return head + visible;
  // Without slashes, what looks like a scheme may be the user's name.
  const isScheme = SPECIAL.test(head) || /[/\\]$/.test(head);
  return `${isScheme ? head : ""}${HIDDEN}@${visible}`;
}

/** Returns the index in `rest` of the `@` behind the credentials, or what may be some; else -1. */
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
  return redactText(text).replace(WITH_QUERY, `$1?${HIDDEN}`);
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
  const [joined, alone] = [URL.parse(lines), URL.parse(first!)];
  if (joined && hasCredentials(joined) && !(alone && hasCredentials(alone))) {
    return redactUrl(lines);
  }
  return redactUrl(first!) + redactText(others.join(""));
}

function redactNested(text: string): string {
  return text.replace(NESTED, redactUrl);
}

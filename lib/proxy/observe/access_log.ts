/**
 * Formats the lines of the access log, as text like the common log format or as JSON. They contain no
 * credentials: mirrors are shown without userinfo and query, and values of parameters that are not
 * the proxy's own are hidden, because they may belong to a signed URL.
 *
 * @module
 */

import type { EndEvent } from "../../../mod.ts";
import type { AccessLogFormat } from "../options.ts";
import { tryParseMirrorUrl } from "../../http/address/mirror_url.ts";
import { METALINK_PARAMETER, MIRROR_PARAMETERS, PLAIN_PARAMETERS } from "../request/query.ts";

/** A completed request. */
export interface AccessEntry {
  /** When it arrived, in milliseconds since 1970. */
  readonly time: number;
  readonly client: string;
  readonly method: string;
  /** The URL as received. */
  readonly url: string;
  readonly status: number;
  /** Bytes of the body sent to the client. */
  readonly bytes: number;
  /** Time until the last byte was sent, in milliseconds. */
  readonly durationMs: number;
  readonly range?: string | undefined;
  /** How it ended: `cancelled` by the client, `refused` because of a limit. */
  readonly outcome: EndEvent["outcome"] | "refused";
}

/** Maximum number of characters shown of a `Range` header. */
const MAX_RANGE = 200;
const HIDDEN = "…";

/** Formats the line of a request, without a newline. */
export function accessLine(entry: AccessEntry, format: AccessLogFormat = "text"): string {
  const url = showTarget(entry.url);
  if (format === "json") {
    const { time, client, method, status, bytes, outcome } = entry;
    const durationMs = roundMs(entry.durationMs);
    const range = entry.range && shorten(entry.range);
    const when = new Date(time).toISOString();
    return JSON.stringify(
      { time: when, client, method, url, status, bytes, durationMs, range, outcome },
    );
  }
  const request = escape(`${entry.method} ${url}`);
  const range = entry.range === undefined ? "-" : `"${escape(shorten(entry.range))}"`;
  const seconds = (entry.durationMs / 1000).toFixed(3);
  return `${escape(entry.client) || "-"} - - [${clock(entry.time)}] "${request}" ` +
    `${entry.status} ${entry.bytes} ${seconds}s ${range} ${entry.outcome}`;
}

/** Rounds milliseconds to three decimals. */
export function roundMs(milliseconds: number): number {
  return Math.round(1000 * milliseconds) / 1000;
}

function shorten(range: string): string {
  return range.length <= MAX_RANGE ? range : range.slice(0, MAX_RANGE) + HIDDEN;
}

/** Returns the decoded path and query of a request, without anything that may be secret. */
function showTarget(text: string): string {
  const url = URL.parse(text, "http://proxy.invalid");
  if (url === null) return HIDDEN;
  const parameters = [...url.searchParams].map(([name, value]) =>
    `${name}=${showValue(name, value)}`
  );
  return [showPath(url.pathname), parameters.join("&")].filter((part) => part !== "").join("?");
}

/** Shows the first segment of a path, if it is plain. The rest may contain a URL, so it is hidden. */
function showPath(path: string): string {
  const [, first = "", rest] = /^\/([^/]*)(\/?.*)$/.exec(path) ?? [];
  const shown = /^[\w.-]{0,64}$/.test(first) ? `/${first}` : `/${HIDDEN}`;
  return rest ? `${shown}/${HIDDEN}` : shown;
}

function showValue(name: string, value: string): string {
  if (PLAIN_PARAMETERS.includes(name)) return /^[\w.-]{0,64}$/.test(value) ? value : HIDDEN;
  if (name === METALINK_PARAMETER) return showMirror(value);
  if (!MIRROR_PARAMETERS.has(name)) return HIDDEN;
  // A comma that is not followed by a URL belongs to the URL before it.
  return value.split(/,(?=\s*https?:)/i).map(showMirror).join(",");
}

function showMirror(text: string): string {
  return tryParseMirrorUrl(text)?.url.replace(/\?.*$/, `?${HIDDEN}`) ?? HIDDEN;
}

/** Escapes characters that would end a field or a line. */
function escape(text: string): string {
  return text.replace(
    /["\\\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}

/** Formats a time as in the common log format, in UTC: `02/Jan/2006:15:04:05 +0000`. */
function clock(time: number): string {
  const [, day, month, year, hours] = new Date(time).toUTCString().split(" ");
  return `${day}/${month}/${year}:${hours} +0000`;
}

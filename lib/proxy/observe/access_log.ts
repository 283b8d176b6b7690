/**
 * One line for each request, in the manner of the common log format, or as JSON. Credentials never
 * get into it: mirrors are shown without userinfo, and neither their query's values nor those of
 * parameters that are none of the proxy's own, which may be pieces of a signed URL.
 *
 * @module
 */

import type { EndEvent } from "../../../mod.ts";
import type { AccessLogFormat } from "../options.ts";
import { tryParseMirrorUrl } from "../../http/mirror_url.ts";
import { MIRROR_PARAMETERS, PLAIN_PARAMETERS } from "../request/query.ts";

/** A request, and what became of it. */
export interface AccessEntry {
  /** When it came, in milliseconds since 1970. */
  readonly time: number;
  /** The client's address. */
  readonly client: string;
  /** Its method. */
  readonly method: string;
  /** Its URL, as it came. */
  readonly url: string;
  /** The status of the answer. */
  readonly status: number;
  /** Bytes of the answer's body that the client took. */
  readonly bytes: number;
  /** How long it took until the last byte was taken, in milliseconds. */
  readonly durationMs: number;
  /** The value of its `Range` header. */
  readonly range?: string | undefined;
  /** How it ended: `cancelled` when the client left, `refused` when it was not let begin. */
  readonly outcome: EndEvent["outcome"] | "refused";
}

/** The most characters of a Range header that are shown. */
const MOST_RANGE = 200;
/** Stands for what is not shown. */
const HIDDEN = "…";

/** Writes the line of a request, without the newline. */
export function accessLine(entry: AccessEntry, format: AccessLogFormat = "text"): string {
  const url = showTarget(entry.url);
  if (format === "json") {
    const { time, client, method, status, bytes, durationMs, outcome } = entry;
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

function shorten(range: string): string {
  return range.length <= MOST_RANGE ? range : range.slice(0, MOST_RANGE) + HIDDEN;
}

/** The path and the query of a request, decoded, without what may be secret. */
function showTarget(text: string): string {
  const url = URL.parse(text, "http://proxy.invalid");
  if (url === null) return HIDDEN;
  const parameters = [...url.searchParams].map(([name, value]) =>
    `${name}=${showValue(name, value)}`
  );
  return [showPath(url.pathname), parameters.join("&")].filter((part) => part !== "").join("?");
}

/** A path as far as it is one of ours, or one that is looked for everywhere; behind that may be a URL. */
function showPath(path: string): string {
  const [, first = "", rest] = /^\/([^/]*)(\/?.*)$/.exec(path) ?? [];
  const shown = /^[\w.-]{0,64}$/.test(first) ? `/${first}` : `/${HIDDEN}`;
  return rest ? `${shown}/${HIDDEN}` : shown;
}

function showValue(name: string, value: string): string {
  if (PLAIN_PARAMETERS.includes(name)) return /^[\w.-]{0,64}$/.test(value) ? value : HIDDEN;
  if (!MIRROR_PARAMETERS.has(name)) return HIDDEN;
  // A comma before anything but a URL belongs to the URL before it.
  return value.split(/,(?=\s*https?:)/i).map(showMirror).join(",");
}

function showMirror(text: string): string {
  return tryParseMirrorUrl(text)?.url.replace(/\?.*$/, `?${HIDDEN}`) ?? HIDDEN;
}

/** Takes from a text what would end its field or its line. */
function escape(text: string): string {
  return text.replace(
    /["\\\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}

/** A time as the common log format has it, in UTC: `02/Jan/2006:15:04:05 +0000`. */
function clock(time: number): string {
  const [, day, month, year, hours] = new Date(time).toUTCString().split(" ");
  return `${day}/${month}/${year}:${hours} +0000`;
}

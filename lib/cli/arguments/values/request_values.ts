/**
 * Parsers for values of flags that say what to request, and how: ranges, users, headers, proxies, and
 * settings of single mirrors. They work like those of command_line/values.ts, and never repeat a secret.
 *
 * @module
 */

import type { DownloaderOptions } from "../../../../mod.ts";
import { usageError } from "../../../command_line/command_error.ts";
import { parseCount } from "../../../command_line/values.ts";
import { redactUrl } from "../../../http/address/redact.ts";

/** Part of a file: from `start` up to, but not including, `end`; or its last bytes. */
export type RequestedRange =
  | { readonly start: number; readonly end?: number | undefined }
  | { readonly last: number };

/** Parses one range as curl does: `0-499`, `500-`, or `-500` for the last 500 bytes. */
export function parseRange(flag: string, text: string): RequestedRange {
  const [, first, last] = /^(\d*)-(\d*)$/.exec(text) ?? [];
  const start = Number(first);
  const end = Number(last) + 1;
  const wrong = (why: string) => usageError(`${flag} is "${text}", but ${why}`);
  if (/^[\d\s]*-[\d\s]*(,[\d\s]*-[\d\s]*)+$/.test(text)) {
    throw wrong("only one range is supported");
  }
  if (first === undefined || last === undefined || first + last === "") {
    throw wrong("must be a range of bytes: 0-499, 500- or -500 (the last 500)");
  }
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end)) {
    throw wrong("must be at most 9007199254740991");
  }
  if (first === "") {
    if (end === 1) throw wrong("must be at least 1 byte long");
    return { last: end - 1 };
  }
  if (last === "") return { start };
  if (end <= start) throw wrong("must not end before it starts");
  return { start, end };
}

/** A user's name and password. */
export interface User {
  readonly username: string;
  /** The password; may be empty. `undefined` to prompt for it. */
  readonly password: string | undefined;
}

/** Parses `USER:PASSWORD`, split at the first colon, or `USER`. */
export function parseUser(flag: string, text: string): User {
  const colon = text.indexOf(":");
  const username = colon < 0 ? text : text.slice(0, colon);
  if (username === "") {
    throw usageError(`${flag} has no user name; it must be USER:PASSWORD or USER`);
  }
  return { username, password: colon < 0 ? undefined : text.slice(colon + 1) };
}

/** Parses cookies to send: `NAME=VALUE; NAME=VALUE`. */
export function parseCookie(flag: string, text: string): string {
  if (!text.includes("=")) {
    throw usageError(`${flag} must be NAME=VALUE; cookie files are not supported`);
  }
  return parseHeaderValue(flag, text);
}

export function parseHeaderValue(flag: string, text: string): string {
  if (!isHeaderValue(text)) {
    throw usageError(`${flag} contains a character that is not allowed in a header`);
  }
  return text;
}

/** Parses a header to send; returns its name and its value. */
export function parseHeader(flag: string, text: string): [name: string, value: string] {
  const colon = text.indexOf(":");
  const name = text.slice(0, colon).trim();
  const value = text.slice(colon + 1).trim();
  const shown = colon > 0 ? name : text.split(/\s/, 1)[0]!;
  if (colon < 1 || !/^[\w!#$%&'*+.^`|~-]+$/.test(name) || !isHeaderValue(value)) {
    throw usageError(`${flag} "${shown}…" is not a header; it must be "Name: value"`);
  }
  return [name, value];
}

/** Reports whether a header may have this value: visible characters, spaces, tabs (RFC 9110, 5.5). */
function isHeaderValue(value: string): boolean {
  return !/[^\t\x20-\x7e\x80-\xff]/.test(value);
}

/**
 * Parses the URL of a proxy; the scheme defaults to http, and an empty one is none, as in curl. The
 * engine checks the rest. A mere number is what aria2's `-x` takes.
 */
export function parseProxy(flag: string, text: string): string | false {
  if (text === "") return false;
  if (/^\d+$/.test(text)) {
    throw usageError(
      `${flag} is "${text}", but must be the URL of a proxy; ` +
        `for connections to each mirror, use --max-connection-per-server ${text}`,
    );
  }
  return /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`;
}

/** Parses the number of connections to one server, or `auto`. The engine checks the maximum. */
export function parseConnections(
  flag: string,
  text: string,
): NonNullable<DownloaderOptions["maxConnectionsPerMirror"]> {
  if (text === "auto") return text;
  if (/^\d+$/.test(text)) return parseCount(flag, text);
  throw usageError(`${flag} is "${text}", but must be a whole number from 1 to 16, or auto`);
}

/** Parses a mirror's delay in blocks; the last `=` separates them, since a URL may contain others. */
export function parseStaticDelay(flag: string, text: string): [url: string, blocks: number] {
  const equals = text.lastIndexOf("=");
  const blocks = text.slice(equals + 1);
  if (equals < 1 || !/^\d+$/.test(blocks)) {
    throw usageError(
      `${flag} is "${redactUrl(text)}", but must be URL=N with a whole number of blocks`,
    );
  }
  return [text.slice(0, equals), Number(blocks)];
}

/**
 * What the values of flags mean. Every parser takes the flag as the user wrote its name and the text
 * of its value; what cannot be meant is a usage error that names the flag, the value, and what is
 * accepted.
 *
 * @module
 */

import type { DownloaderOptions } from "../../../mod.ts";
import { usageError } from "../../command_line/command_error.ts";
import { readSize, SIZE_UNITS } from "../../command_line/values.ts";
import { redactUrl } from "../../http/redact.ts";

/** A number of bytes: `1000000`, `512K`, `8M`, `1GiB`; K, M and G are binary, as aria2 has them. */
export function parseSize(flag: string, text: string): number {
  const size = readSize(text);
  if (size === undefined || size === 0) {
    throw usageError(
      `${flag} is "${text}", but must be a whole positive number of bytes like 1000000, 512K or 8M`,
    );
  }
  return size;
}

/** Takes 0 for `undefined`, the default, as curl and aria2 do: in most cases, no limit. */
export function unlessZero<T>(
  parse: (flag: string, text: string) => T,
): (flag: string, text: string) => T | undefined {
  return (flag, text) => /^0+(\.0*)?$/.test(text) ? undefined : parse(flag, text);
}

/** A rate in bytes per second: as sizes, and with a decimal point: `500K`, `1.5M`. */
export function parseRate(flag: string, text: string): number {
  const [, digits, unit = ""] = /^(\d+\.?\d*|\.\d+)([KMG])?(?:iB)?$/i.exec(text) ?? [];
  const rate = Math.round(Number(digits) * SIZE_UNITS[unit.toUpperCase()]!);
  if (digits === undefined || rate < 1 || !Number.isSafeInteger(rate)) {
    throw usageError(
      `${flag} is "${text}", but must be bytes per second like 100000, 500K or 1.5M`,
    );
  }
  return rate;
}

/** A part of a file: from `start` up to, but without, `end`; or its last bytes. */
export type RequestedRange =
  | { readonly start: number; readonly end?: number }
  | { readonly last: number };

/** One range as curl has it: `0-499`, `500-`, or `-500` for the last 500 bytes. */
export function parseRange(flag: string, text: string): RequestedRange {
  const [, first, last] = /^(\d*)-(\d*)$/.exec(text) ?? [];
  const start = Number(first);
  const end = Number(last) + 1;
  const wrong = (why: string) => usageError(`${flag} is "${text}", but ${why}`);
  if (/^[\d\s]*-[\d\s]*(,[\d\s]*-[\d\s]*)+$/.test(text)) {
    throw wrong("only one range can be had at a time");
  }
  if (first === undefined || last === undefined || first + last === "") {
    throw wrong("must be a range of bytes: 0-499, 500- or -500 (the last 500)");
  }
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end)) {
    throw wrong("no file is that large");
  }
  if (first === "") {
    if (end === 1) throw wrong("the last 0 bytes are none");
    return { last: end - 1 };
  }
  if (last === "") return { start };
  if (end <= start) throw wrong("its end lies before its start");
  return { start, end };
}

/** A user's name and password, parted by the first colon; the password may be empty. */
export function parseUser(flag: string, text: string): { user: string; password: string } {
  const colon = text.indexOf(":");
  // There is no prompt: a pipe may be where a person would be asked.
  if (colon < 0) {
    throw usageError(
      `${flag} has no password; USER:PASSWORD is needed (--netrc keeps it in a file)`,
    );
  }
  if (colon === 0) throw usageError(`${flag} has no user name; USER:PASSWORD is needed`);
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Cookies to send: `NAME=VALUE; NAME=VALUE`. */
export function parseCookie(flag: string, text: string): string {
  // The value may be a secret: it is never shown.
  if (!text.includes("=")) {
    throw usageError(`${flag} needs NAME=VALUE; files of cookies are not read`);
  }
  return parseHeaderValue(flag, text);
}

/** The value of a header; it may be a secret and is never shown. */
export function parseHeaderValue(flag: string, text: string): string {
  if (!isHeaderValue(text)) {
    throw usageError(`${flag} has a character that no header can carry`);
  }
  return text;
}

/** The URL of a proxy; without a scheme it is an http one, as in curl. The engine judges it. */
export function parseProxy(_flag: string, text: string): string {
  return /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`;
}

/** A whole number from 0 up. */
export function parseCount(flag: string, text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count)) {
    throw usageError(`${flag} is "${text}", but must be a whole number from 0 up`);
  }
  return count;
}

/** Connections to one server; how many there may be, the engine knows. */
export function parseConnections(
  flag: string,
  text: string,
): NonNullable<DownloaderOptions["maxConnectionsPerMirror"]> {
  return text === "auto" ? text : parseCount(flag, text);
}

/** A number from 0 up, with a decimal point if need be. */
export function parseNumber(flag: string, text: string): number {
  if (!/^(\d+\.?\d*|\.\d+)$/.test(text)) {
    throw usageError(`${flag} is "${text}", but must be a number from 0 up like 10 or 2.5`);
  }
  return Number(text);
}

/** An age in seconds, as milliseconds. */
export function parseAge(flag: string, text: string): number {
  return parseNumber(flag, text) * 1000;
}

/** A header to send, as name and value. */
export function parseHeader(flag: string, text: string): [name: string, value: string] {
  const colon = text.indexOf(":");
  const name = text.slice(0, colon).trim();
  const value = text.slice(colon + 1).trim();
  // The value may be a secret: it is never shown.
  const shown = colon > 0 ? name : text.split(/\s/, 1)[0]!;
  if (colon < 1 || !/^[\w!#$%&'*+.^`|~-]+$/.test(name) || !isHeaderValue(value)) {
    throw usageError(`${flag} "${shown}…" is no header; "Name: value" is needed`);
  }
  return [name, value];
}

/** Visible characters, spaces and tabs (RFC 9110 section 5.5). */
function isHeaderValue(value: string): boolean {
  return !/[^\t\x20-\x7e\x80-\xff]/.test(value);
}

/** Blocks of delay for a mirror, split at the last `=`: a URL may have others. */
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

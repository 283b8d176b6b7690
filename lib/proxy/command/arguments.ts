/**
 * What the values of the proxy's flags mean. Every parser takes the flag as the user wrote its name
 * and the text of its value; what cannot be meant is a usage error that names the flag, the value,
 * and what is accepted.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";
import { parseSeconds, readSize } from "../../command_line/values.ts";
import { LEAST_SHARE } from "../capacity/memory_budget.ts";
import { parseHostPattern } from "../guard/host_pattern.ts";

/** Memory for downloads in bytes, enough for one: `256M`, `1GiB`; the units are binary. */
export function parseMemory(flag: string, text: string): number {
  const size = readSize(text);
  if (size === undefined || size < LEAST_SHARE) {
    throw usageError(
      `${flag} is "${text}", but must be a whole number of bytes from ${LEAST_SHARE / 2 ** 20}M ` +
        `up like 256M or 1G`,
    );
  }
  return size;
}

/** A TCP port. */
export function parsePort(flag: string, text: string): number {
  if (!/^\d+$/.test(text) || Number(text) > 65535) {
    throw usageError(`${flag} is "${text}", but must be a whole number from 0 to 65535`);
  }
  return Number(text);
}

/** Seconds, as milliseconds; none at all will do, too. */
export function parseWait(flag: string, text: string): number {
  return parseSeconds(flag, text, 0);
}

/** An address to listen on, or a name of one. */
export function parseHost(flag: string, text: string): string {
  if (!/^[\w.:%[\]-]+$/.test(text)) {
    throw usageError(`${flag} is "${text}", but must be an address like 127.0.0.1 or 0.0.0.0`);
  }
  return text;
}

/** A token that fits a header; it is a secret, and never shown. */
export function parseToken(flag: string, text: string): string {
  if (!/^[\x21-\x7e]+$/.test(text)) {
    throw usageError(`${flag} must be one or more visible ASCII characters without spaces`);
  }
  return text;
}

/** Hosts that may be mirrors. */
export function parsePattern(flag: string, text: string): string {
  try {
    parseHostPattern(text);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw usageError(error.message.replace("allowHosts has", `${flag} is`), { cause: error });
  }
  return text;
}

/** The origin of pages, or `*` for all. */
export function parseOrigin(flag: string, text: string): string {
  if (text === "*") return text;
  const origin = URL.parse(text)?.origin;
  if (origin !== text || origin === "null") {
    const meant = origin === undefined || origin === "null" ? "" : `; did you mean ${origin}?`;
    throw usageError(
      `${flag} is "${text}", but must be * or an origin like https://a.example${meant}`,
    );
  }
  return text;
}

/** How access lines are written; `undefined` for not at all. */
export function parseLogFormat(flag: string, text: string): "text" | "json" | undefined {
  if (text !== "text" && text !== "json" && text !== "none") {
    throw usageError(`${flag} is "${text}", but must be text, json or none`);
  }
  return text === "none" ? undefined : text;
}

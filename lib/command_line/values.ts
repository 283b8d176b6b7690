/**
 * Parsers for values of flags: numbers, sizes, rates, durations, file names, and files that are read. Each takes the
 * flag as messages name it and the text of its value, and throws a usage error that names the flag, the value, and
 * what is accepted.
 *
 * @module
 */

import { systemReason, usageError } from "./command_error.ts";

/** Bytes by the unit after a number, in powers of 1024 as in curl and aria2. */
const SIZE_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
};

/** Reports whether a text is a number of at least 0 in decimal notation: `10`, `2.5` or `.5`. */
export function isDecimal(text: string): boolean {
  return /^(?:\d+(?:\.\d*)?|\.\d+)$/.test(text);
}

/** Returns the number of bytes in `1000000`, `512K`, `8M` or `1GiB`; `undefined` if it is not one. */
export function readSize(text: string): number | undefined {
  const [, digits, unit = ""] = /^(\d+)(?:([KMG])(?:iB)?)?$/i.exec(text) ?? [];
  const size = Number(digits) * SIZE_UNITS[unit.toUpperCase()]!;
  return digits !== undefined && Number.isSafeInteger(size) ? size : undefined;
}

/** Parses a positive number of bytes. */
export function parseSize(flag: string, text: string): number {
  const size = readSize(text);
  if (size === undefined || size === 0) {
    throw usageError(
      `${flag} is "${text}", but must be a positive whole number of bytes like 1000000, 512K or 8M`,
    );
  }
  return size;
}

/** Parses a rate in bytes per second; like a size, but it may have a decimal point. */
export function parseRate(flag: string, text: string): number {
  const [, digits = "", unit = ""] = /^([\d.]+)(?:([KMG])(?:iB)?)?$/i.exec(text) ?? [];
  const rate = Math.round(Number(digits) * SIZE_UNITS[unit.toUpperCase()]!);
  if (!isDecimal(digits) || rate < 1 || !Number.isSafeInteger(rate)) {
    throw usageError(
      `${flag} is "${text}", but must be bytes per second like 100000, 500K or 1.5M`,
    );
  }
  return rate;
}

/** Parses a whole number that is at least `least`. */
export function parseCount(flag: string, text: string, least = 0): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count) || count < least) {
    throw usageError(`${flag} is "${text}", but must be a whole number of at least ${least}`);
  }
  return count;
}

export function parsePositive(flag: string, text: string): number {
  return parseCount(flag, text, 1);
}

/** Parses a number that is at least 0 and may have a decimal point. */
export function parseNumber(flag: string, text: string): number {
  if (!isDecimal(text)) {
    throw usageError(`${flag} is "${text}", but must be a number of at least 0, like 10 or 2.5`);
  }
  return Number(text);
}

/** Parses seconds; returns milliseconds, from `least` to a day. */
export function parseSeconds(flag: string, text: string, least = 1): number {
  const milliseconds = isDecimal(text) ? Math.round(Number(text) * 1000) : -1;
  if (milliseconds < least || milliseconds > 86_400_000) {
    throw usageError(
      `${flag} is "${text}", but must be a number of seconds from ${least / 1000} to 86400, ` +
        "like 10 or 2.5",
    );
  }
  return milliseconds;
}

const DURATION_UNITS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Parses a duration like `90s`, `30m`, `2h` or `7d`; returns milliseconds, up to ten years. */
export function parseDuration(flag: string, text: string): number {
  const [, digits, unit] = /^(\d{1,9})([smhd])$/i.exec(text) ?? [];
  const milliseconds = Number(digits) * DURATION_UNITS[unit?.toLowerCase() ?? ""]!;
  if (!(milliseconds > 0 && milliseconds <= 3650 * DURATION_UNITS.d!)) {
    throw usageError(`${flag} is "${text}", but must be a time like 90s, 30m, 2h or 7d`);
  }
  return milliseconds;
}

export function parseFile(flag: string, text: string): string {
  if (text === "") throw usageError(`${flag} is "", but must be the name of a file`);
  return text;
}

/** Makes a parser return `undefined`, the default, for 0: as in curl and aria2, mostly no limit. */
export function unlessZero<T>(
  parse: (flag: string, text: string) => T,
): (flag: string, text: string) => T | undefined {
  return (flag, text) => /^0+(\.0*)?$/.test(text) ? undefined : parse(flag, text);
}

/** What reads stdin: the flag, with its value. */
let stdinReader: string | undefined;

/**
 * Reads stdin, as a flag has `-` for its file. Rejects with a usage error if it cannot be read, or if another flag
 * has read it.
 */
export async function readStdin(flag: string): Promise<string> {
  const reader = `${flag} -`;
  if (stdinReader === reader) throw usageError(`${reader} was given twice, but stdin is one file`);
  if (stdinReader !== undefined) {
    throw usageError(`${stdinReader} and ${reader} cannot be used together: both read stdin`);
  }
  stdinReader = reader;
  // Loaded on demand, to keep the usual start fast.
  const { toText } = await import("@std/streams/to-text");
  try {
    return await toText(Deno.stdin.readable);
  } catch (cause) {
    throw usageError(`${reader}: cannot read stdin: ${systemReason(cause)}`, { cause });
  }
}

/** Reads a file that a flag names. Rejects with a usage error if it cannot be read. */
export async function readNamedFile(flag: string, path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    throw usageError(`${flag}: ${path}: ${systemReason(cause)}`, { cause });
  }
}

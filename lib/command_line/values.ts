/**
 * What values mean that flags of several commands take. Every parser takes the flag as the user wrote
 * its name and the text of its value; what cannot be meant is a usage error that names the flag, the
 * value, and what is accepted.
 *
 * @module
 */

import { usageError } from "./command_error.ts";

/** Bytes by the letter behind a number; they are binary, as aria2 has them. */
export const SIZE_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
};

/** A number of bytes: `1000000`, `512K`, `8M`, `1GiB`; `undefined` for what is none. */
export function readSize(text: string): number | undefined {
  const [, digits, unit = ""] = /^(\d+)(?:([KMG])(?:iB)?)?$/i.exec(text) ?? [];
  const size = Number(digits) * SIZE_UNITS[unit.toUpperCase()]!;
  return digits !== undefined && Number.isSafeInteger(size) ? size : undefined;
}

/** A whole number from 1 up. */
export function parsePositive(flag: string, text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count) || count === 0) {
    throw usageError(`${flag} is "${text}", but must be a whole number from 1 up`);
  }
  return count;
}

/** Seconds, as milliseconds: at least `least` of them, at most a day. */
export function parseSeconds(flag: string, text: string, least = 1): number {
  const milliseconds = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Math.round(Number(text) * 1000) : -1;
  if (milliseconds < least || milliseconds > 86_400_000) {
    throw usageError(
      `${flag} is "${text}", but must be a number of seconds from ${least / 1000} to 86400 ` +
        "like 10 or 2.5",
    );
  }
  return milliseconds;
}

/** The name of a file. */
export function parseFile(flag: string, text: string): string {
  if (text === "") throw usageError(`${flag} is "", but must be the name of a file`);
  return text;
}

/**
 * A flag in the help: its spellings, and a few words.
 *
 * @module
 */

import type { Flag } from "./flag_parser.ts";

/** The line of a flag; the words about it begin at a column, counted from 1. */
export function flagLine({ name, short, value, help }: Flag, column: number): string {
  const dashes = short === undefined ? "    " : `-${short}, `;
  const usage = `  ${dashes}--${name}${value === undefined ? "" : ` ${value}`}`;
  return `${usage.padEnd(column - 1)}${help}`;
}

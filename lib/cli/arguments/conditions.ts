/**
 * Parses the flags that say under which conditions a file is downloaded: `--time-cond`, `--etag-compare`
 * and `--etag-save`, as in curl. Reads no files.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";
import type { ParsedFlags } from "../../command_line/flag_parser.ts";
import { parseFile } from "../../command_line/values.ts";
import { parseHttpDateLeniently } from "../../http/http_date.ts";
import type { FlagName } from "./flags.ts";

/** Under which conditions a file is downloaded. */
export interface ConditionOptions {
  readonly time: TimeCondition | undefined;
  /** The file with the ETag that the file must not have. */
  readonly etagCompare: string | undefined;
  /** The file in which the ETag is saved. */
  readonly etagSave: string | undefined;
}

/** A date, or a file whose time it is. */
export interface TimeCondition {
  /** In milliseconds since 1970; `undefined` if `text` is no date. */
  readonly date: number | undefined;
  /** What was given: perhaps the name of a file. */
  readonly text: string;
  /** Whether the file must be older than that; else newer. */
  readonly older: boolean;
}

/** Parses the conditions of a command line. */
export function parseConditions({ given }: ParsedFlags<FlagName>): ConditionOptions {
  return {
    time: given("time-cond", parseTimeCondition),
    etagCompare: given("etag-compare", parseFile),
    etagSave: given("etag-save", parseFile),
  };
}

/** Parses a date, or the name of a file; `-` before it means older. */
export function parseTimeCondition(flag: string, value: string): TimeCondition {
  const text = value.replace(/^[-+]/, "");
  if (text === "") {
    throw usageError(`${flag} is "${value}", but must be a date or the name of a file`);
  }
  return { date: parseDate(text), text, older: value.startsWith("-") };
}

/** Begins as dates do, and has a year. */
const DATE =
  /^(\d|(mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b)/i;
const YEAR = /(^|\D)\d{4}(\D|$)|^\d{8}(\D|$)/;
const ZONE = /(\b(Z|GMT|UTC?|[ECMP][SD]T)|\d[Z]|(\s|:\d\d(\.\d+)?)[+-]\d\d:?\d\d)\s*$/i;

/** Returns milliseconds since 1970; without a zone, a date is in GMT, as in curl. */
function parseDate(text: string): number | undefined {
  const exact = parseHttpDateLeniently(text, Date.now());
  if (exact !== undefined) return exact;
  if (!DATE.test(text) || !YEAR.test(text) || /[/\\]|\.[a-z]/i.test(text)) return undefined;
  const spaced = text.replace(/^(\d{4})(\d\d)(\d\d)(?=\D|$)/, "$1-$2-$3").replace(
    /^(\S+)T(?=\d)/,
    "$1 ",
  );
  const time = Date.parse(ZONE.test(spaced) ? spaced : `${spaced} GMT`);
  return Number.isNaN(time) ? undefined : time;
}

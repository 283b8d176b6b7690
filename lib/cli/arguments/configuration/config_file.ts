/**
 * Parses configuration files as curl's: an option with its value in each line, named as on the command
 * line, with or without dashes. They become arguments before those of the command line, which override
 * them.
 *
 * @module
 */

import { usageError } from "../../../command_line/command_error.ts";
import {
  type Argument,
  findFlag,
  findShort,
  type Flag,
  nearestWord,
} from "../../../command_line/flag_parser.ts";
import { printable, truncate } from "../../../command_line/terminal_text.ts";
import { linesOf, unescaped } from "../../../command_line/text_file.ts";
import { FLAGS } from "../flags.ts";

/** Options that make no sense in a file. */
const ONLY_ARGUMENTS: readonly string[] = ["config", "disable", "help", "version"];

/** What a file says: an option with its value, or a URL; and where it says so, for messages. */
export type ConfigEntry =
  & { readonly place: string }
  & (
    | {
      readonly type: "option";
      readonly flag: Flag;
      /** Its name, or the one that unsets it. */
      readonly name: string;
      readonly value: string | undefined;
    }
    | { readonly type: "url"; readonly value: string }
  );

/**
 * Parses a file; `where` is its name in messages.
 *
 * @throws {CommandError} a line is invalid; the message names it, and no value, which may be secret
 */
export async function parseConfig(text: string, where: string): Promise<ConfigEntry[]> {
  const entries: ConfigEntry[] = [];
  for (const { number, text: content } of linesOf(text)) {
    const line = content.trim();
    if (line === "" || line.startsWith("#")) continue;
    const place = `${where}:${number}`;
    const entry = parseLine(line, place);
    // Only for an error, as a file may have many lines.
    if (typeof entry === "string") throw await unknown(entry, place);
    entries.push(entry);
  }
  return entries;
}

/** Returns arguments that mean the same. */
export function argumentsOf(entries: readonly ConfigEntry[]): Argument[] {
  return entries.map(({ place, ...entry }) => {
    if (entry.type === "url") return { text: entry.value, place };
    const { name, value } = entry;
    return { text: `--${name}${value === undefined ? "" : `=${value}`}`, place };
  });
}

/** Parses a line; returns the name of an option that there is none of. */
function parseLine(line: string, place: string): ConfigEntry | string {
  // A short option's value may follow at once, as in -ofile.
  const short = /^-([^-\s])\s*(?:[=:]\s*)?(.*)$/s.exec(line);
  const [, name = "", rest = ""] = short ??
    /^(?:--)?([^\s=:]+)(?:\s*[=:]\s*|\s+|$)(.*)$/s.exec(line) ??
    [];
  const value = parseValue(rest, `${place}: ${name}`);
  if (short === null && name === "url") {
    if (value === undefined) throw usageError(`${place}: url requires a value: url = URL`);
    return { type: "url", value, place };
  }
  const found = short === null ? findFlag(name, FLAGS) : findLetter(name);
  if (found === undefined) return short === null ? name : `-${name}`;
  const { flag, unset } = found;
  if (ONLY_ARGUMENTS.includes(flag.name)) {
    throw usageError(`${place}: '${flag.name}' can be given on the command line only`);
  }
  if (flag.value === undefined && value !== undefined) {
    throw usageError(`${place}: option '${flag.name}' takes no value`);
  }
  if (flag.value !== undefined && value === undefined) {
    throw usageError(
      `${place}: option '${flag.name}' requires a value: ${flag.name} = ${flag.value}`,
    );
  }
  return { type: "option", flag, name: unset ? name : flag.name, value, place };
}

function findLetter(letter: string): ReturnType<typeof findFlag> {
  const flag = findShort(letter, FLAGS);
  return flag && { flag, unset: false };
}

const ESCAPES: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", v: "\v" };

/** Parses a value: the rest of the line, or text in quotes, in which a backslash escapes. */
function parseValue(text: string, place: string): string | undefined {
  if (text === "") return undefined;
  if (!text.startsWith('"')) return text;
  const [, quoted, after] = /^"((?:[^"\\]|\\.)*)"\s*(.*)$/s.exec(text) ?? [];
  if (quoted === undefined) throw usageError(`${place}: the closing quote is missing`);
  if (after !== "" && !after!.startsWith("#")) {
    throw usageError(`${place}: something follows the closing quote; write \\" for a quote`);
  }
  return unescaped(quoted, ESCAPES);
}

async function unknown(name: string, place: string): Promise<Error> {
  const words = FLAGS.filter((flag: Flag) => !flag.dangerous).map((flag) => flag.name);
  const meant = name.startsWith("-") ? undefined : await nearestWord(name, words);
  const shown = truncate(printable(name), 40);
  return usageError(
    `${place}: unknown option '${shown}'${
      meant === undefined ? "" : ` (did you mean '${meant}'?)`
    }`,
  );
}

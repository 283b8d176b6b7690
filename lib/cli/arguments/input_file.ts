/**
 * Parses lists of files to download in the format of aria2's input files: a line per file with the URLs
 * of its mirrors, separated by tabs or spaces, followed by indented lines with options of the file. A
 * list is checked as a whole, before the first request.
 *
 * @module
 */

import { closestString } from "@std/text/closest-string";
import { CommandError, usageError } from "../../command_line/command_error.ts";
import { redactUrl } from "../../http/redact.ts";
import { parseChecksum } from "../checksum/digest.ts";
import { ExitCode } from "../failure/exit_code.ts";
import { printable, truncate } from "../report/text_width.ts";
import { parseHeader, parseHeaderValue } from "./request_values.ts";

/** One file of a list. */
export interface InputEntry {
  /** The URLs of its mirrors with their credentials, patterns not expanded; at least one. */
  readonly urls: readonly string[];
  /** Its options in order, as name and value; `checksum` and `header` may be repeated. */
  readonly options: readonly (readonly [name: InputOption, value: string])[];
  /** The number of the line with the URLs, from 1. */
  readonly line: number;
}

/** Checks the value of an option; `flag` is its name in messages. */
type Check = (flag: string, value: string) => void;

const CHECKS = {
  out: checkOut,
  dir: checkPath,
  checksum: parseChecksum,
  header: parseHeader,
  referer: parseHeaderValue,
  "user-agent": parseHeaderValue,
} as const satisfies Readonly<Record<string, Check>>;

/** The name of an option of a file. */
export type InputOption = keyof typeof CHECKS;

/** Options that may be repeated. */
const REPEATABLE: ReadonlySet<InputOption> = new Set(["checksum", "header"]);

/**
 * Parses a list, which may be empty; `where` is its name in messages.
 *
 * @throws {CommandError} a line is invalid; the message names it
 */
export function parseInputFile(text: string, where: string): InputEntry[] {
  const entries: { urls: string[]; options: [InputOption, string][]; line: number }[] = [];
  for (const [index, content] of text.replace(/^\ufeff/, "").split(/\r\n|\r|\n/).entries()) {
    const line = index + 1;
    const place = `${where}:${line}`;
    const trimmed = content.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    if (!/^[ \t]/.test(content)) {
      const urls = trimmed.split(/[ \t]+/);
      for (const url of urls) checkUrl(place, url);
      entries.push({ urls, options: [], line });
      continue;
    }
    const options = entries.at(-1)?.options;
    if (options === undefined) {
      throw usageError(
        `${place}: option before the first URL; a file begins with a line of URLs`,
      );
    }
    const [name, value] = parseOption(place, trimmed);
    if (!REPEATABLE.has(name) && options.some(([other]) => other === name)) {
      throw usageError(`${place}: ${name}= was given twice for one file`);
    }
    options.push([name, value]);
  }
  return entries;
}

function parseOption(place: string, text: string): [name: InputOption, value: string] {
  const equals = text.indexOf("=");
  const name = text.slice(0, equals === -1 ? undefined : equals).trimEnd();
  const known = Object.keys(CHECKS) as InputOption[];
  const found = known.find((option) => option === name);
  if (/^https?:/i.test(text)) {
    throw usageError(
      `${place}: unexpected URL; an indented line is an option of the file above`,
    );
  }
  if (found === undefined) {
    const shown = truncate(printable(name), 40);
    // Without a name before an equals sign, the text may be a secret.
    if (equals < 1) throw usageError(`${place}: an option must be NAME=VALUE: ${list(known)}`);
    const nearest: string = closestString(name, known);
    throw usageError(
      `${place}: unknown option '${shown}=' (did you mean '${nearest}='?); ` +
        `options of a file are ${list(known)}`,
    );
  }
  if (equals === -1) throw usageError(`${place}: option '${name}' requires a value: ${name}=VALUE`);
  const value = text.slice(equals + 1).trimStart();
  const check: Check = CHECKS[found];
  check(`${place}: ${found}`, value);
  return [found, value];
}

/** Refuses what cannot be a URL. Patterns are expanded later, and may replace a host. */
function checkUrl(place: string, url: string): void {
  if (/^https?:\/\/./i.test(url)) return;
  const shown = truncate(printable(redactUrl(url)), 60);
  throw new CommandError(
    ExitCode.URL,
    `${place}: "${shown}" is not a URL; it must begin with http:// or https://`,
  );
}

/** Checks a file name, or a path that stays below the directory. */
function checkOut(flag: string, value: string): void {
  checkPath(flag, value);
  const steps = value.split(/[/\\]/);
  const wrong = (why: string) => usageError(`${flag} is "${printable(value)}", but ${why}`);
  if (steps[0] === "" || /^[a-z]:/i.test(value)) {
    throw wrong("must not be an absolute path; set the directory with dir=");
  }
  if (steps.includes("..")) throw wrong("must not contain ..; set the directory with dir=");
  if (["", "."].includes(steps.at(-1)!)) throw wrong("must end with a file name");
  if (value === "-") throw wrong("files of a list cannot be written to stdout");
}

function checkPath(flag: string, value: string): void {
  if (value === "") throw usageError(`${flag} is "", but must not be empty`);
  if (/\p{Cc}/u.test(value)) {
    throw usageError(`${flag} is "${printable(value)}", but must not contain control characters`);
  }
}

function list(names: readonly string[]): string {
  return names.map((name) => `${name}=`).join(", ");
}

/**
 * Lists of files to download, in the format of aria2's input files: a line for each file with the URLs
 * of its mirrors, parted by tabs or spaces, and below it indented lines with options of this file.
 * Everything that is wrong with a list is found before the first request.
 *
 * @module
 */

import { closestString } from "@std/text/closest-string";
import { CommandError, usageError } from "../../command_line/command_error.ts";
import { redactUrl } from "../../http/redact.ts";
import { parseChecksum } from "../checksum/digest.ts";
import { ExitCode } from "../failure/exit_code.ts";
import { printable, truncate } from "../report/text_width.ts";
import { parseHeader, parseHeaderValue } from "./values.ts";

/** One file of a list. */
export interface InputEntry {
  /** URLs of its mirrors as they were given, credentials, patterns and all; at least one. */
  readonly urls: readonly string[];
  /** Its options in order, as name and value; `checksum` and `header` may be there several times. */
  readonly options: readonly (readonly [name: InputOption, value: string])[];
  /** Number of the line with the URLs, from 1. */
  readonly line: number;
}

/** Looks at the value of an option; `flag` is what messages call it. */
type Check = (flag: string, value: string) => void;

const CHECKS = {
  out: checkOut,
  dir: checkPath,
  checksum: parseChecksum,
  header: parseHeader,
  referer: parseHeaderValue,
  "user-agent": parseHeaderValue,
} as const satisfies Readonly<Record<string, Check>>;

/** The name of an option that a file of a list may have. */
export type InputOption = keyof typeof CHECKS;

/** Options that add to each other; of the others there is one. */
const REPEATABLE: ReadonlySet<InputOption> = new Set(["checksum", "header"]);

/**
 * Reads a list, which messages call `where`; it may be empty.
 *
 * @throws {CommandError} a line makes no sense; the message names it
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
        `${place}: an option stands before the first URL; a line with URLs is needed`,
      );
    }
    const [name, value] = parseOption(place, trimmed);
    if (!REPEATABLE.has(name) && options.some(([other]) => other === name)) {
      throw usageError(`${place}: ${name}= is given twice for one file`);
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
      `${place}: an indented line is an option of the file above, but this is a URL`,
    );
  }
  if (found === undefined) {
    const shown = truncate(printable(name), 40);
    // What has no name in front of a sign of equality may be a secret.
    if (equals < 1) throw usageError(`${place}: an option is NAME=VALUE with ${list(known)}`);
    const nearest: string = closestString(name, known);
    throw usageError(
      `${place}: ${shown}= is no option of a file; did you mean ${nearest}=? ` +
        `(${list(known)} are known)`,
    );
  }
  if (equals === -1) throw usageError(`${place}: ${name} needs a value: ${name}=VALUE`);
  const value = text.slice(equals + 1).trimStart();
  const check: Check = CHECKS[found];
  check(`${place}: ${found}`, value);
  return [found, value];
}

/** Only what cannot be meant at all is refused: a pattern may stand where a host does. */
function checkUrl(place: string, url: string): void {
  if (/^https?:\/\/./i.test(url)) return;
  const shown = truncate(printable(redactUrl(url)), 60);
  throw new CommandError(
    ExitCode.URL,
    `${place}: "${shown}" is not a URL; it must begin with http:// or https://`,
  );
}

/** The name of a file, or a path that leads further down only. */
function checkOut(flag: string, value: string): void {
  checkPath(flag, value);
  const steps = value.split(/[/\\]/);
  const wrong = (why: string) => usageError(`${flag} is "${printable(value)}", but ${why}`);
  if (steps[0] === "" || /^[a-z]:/i.test(value)) {
    throw wrong("must not be an absolute path; dir= is for the directory");
  }
  if (steps.includes("..")) throw wrong("must not lead up with ..; dir= is for the directory");
  if (["", "."].includes(steps.at(-1)!)) throw wrong("must end with the name of a file");
  if (value === "-") throw wrong("files of a list do not go to stdout");
}

function checkPath(flag: string, value: string): void {
  if (value === "") throw usageError(`${flag} is "", but must be a name`);
  if (/\p{Cc}/u.test(value)) {
    throw usageError(`${flag} is "${printable(value)}", but must not have control characters`);
  }
}

function list(names: readonly string[]): string {
  return names.map((name) => `${name}=`).join(", ");
}

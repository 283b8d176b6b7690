/**
 * Parses lists of files to download in the format of aria2's input files: a line per file with the URLs
 * of its mirrors, separated by tabs or spaces, followed by indented lines with options of the file. A
 * list is checked as a whole, before the first request.
 *
 * @module
 */

import { closestString } from "@std/text/closest-string";
import { CommandError, usageError } from "../../../command_line/command_error.ts";
import { redactUrl } from "../../../http/address/redact.ts";
import { type Checksum, parseChecksum } from "../../checksum/checksum.ts";
import { ExitCode } from "../../failure/exit_code.ts";
import { printable, truncate } from "../../../command_line/terminal_text.ts";
import { linesOf } from "../../../command_line/text_file.ts";
import { parseHeader, parseHeaderValue } from "../values/request_values.ts";
import { trimUrl } from "../values/url_pattern.ts";

export interface InputEntry {
  /** The URLs of its mirrors with their credentials; at least one. */
  readonly urls: readonly string[];
  readonly output: string | undefined;
  readonly directory: string | undefined;
  readonly checksums: readonly Checksum[];
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** An entry whose options are being parsed. */
interface Draft extends InputEntry {
  output: string | undefined;
  directory: string | undefined;
  readonly checksums: Checksum[];
  readonly headers: [name: string, value: string][];
  /** The options so far. */
  readonly names: Set<InputOption>;
}

/** Parses the value of each option; `flag` is its name in messages. */
const OPTIONS = {
  out: (entry, flag, value) => entry.output = parseOut(flag, value),
  dir: (entry, flag, value) => entry.directory = parsePath(flag, value),
  checksum: (entry, flag, value) => entry.checksums.push(parseChecksum(flag, value)),
  header: (entry, flag, value) => entry.headers.push(parseHeader(flag, value)),
  referer: (entry, flag, value) => entry.headers.push(["Referer", parseHeaderValue(flag, value)]),
  "user-agent": (entry, flag, value) =>
    entry.headers.push(["User-Agent", parseHeaderValue(flag, value)]),
} as const satisfies Readonly<
  Record<string, (entry: Draft, flag: string, value: string) => unknown>
>;

type InputOption = keyof typeof OPTIONS;

const REPEATABLE: ReadonlySet<InputOption> = new Set(["checksum", "header"]);

/** No option has a longer name. */
const MAX_COMPARED = 40;

/**
 * Parses a list, which may be empty; `where` is its name in messages.
 *
 * @throws {CommandError} a line is invalid; the message names it
 */
export function parseInputFile(text: string, where: string): InputEntry[] {
  const entries: Draft[] = [];
  for (const { number, text: content } of linesOf(text)) {
    const trimmed = content.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const place = `${where}:${number}`;
    if (!/^[ \t]/.test(content)) {
      const urls = trimmed.split(/[ \t]+/).map((url) => parseUrl(place, url));
      const options = { output: undefined, directory: undefined, checksums: [], headers: [] };
      entries.push({ urls, ...options, names: new Set() });
      continue;
    }
    const entry = entries.at(-1);
    if (entry === undefined) {
      throw usageError(
        `${place}: option before the first URL; a file begins with a line of URLs`,
      );
    }
    const [name, value] = parseOption(place, trimmed);
    if (!REPEATABLE.has(name) && entry.names.has(name)) {
      throw usageError(`${place}: ${name}= was given twice for one file`);
    }
    entry.names.add(name);
    OPTIONS[name](entry, `${place}: ${name}`, value);
  }
  return entries.map(({ names: _, ...entry }) => entry);
}

function parseOption(place: string, text: string): [name: InputOption, value: string] {
  const equals = text.indexOf("=");
  const name = text.slice(0, equals === -1 ? undefined : equals).trimEnd();
  const known = Object.keys(OPTIONS) as InputOption[];
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
    // Comparing costs the product of the lengths.
    const nearest: string = closestString(name.slice(0, MAX_COMPARED), known);
    throw usageError(
      `${place}: unknown option '${shown}=' (did you mean '${nearest}='?); ` +
        `options of a file are ${list(known)}`,
    );
  }
  if (equals === -1) throw usageError(`${place}: option '${name}' requires a value: ${name}=VALUE`);
  return [found, text.slice(equals + 1).trimStart()];
}

/** Parses a URL, in which every character stands for itself. */
function parseUrl(place: string, text: string): string {
  const url = trimUrl(text);
  if (/^https?:\/\/./i.test(url)) return url;
  const shown = truncate(printable(redactUrl(url)), 60);
  throw new CommandError(
    ExitCode.URL,
    `${place}: "${shown}" is not a URL; it must begin with http:// or https://`,
  );
}

/** Parses a file name, or a path that stays below the directory. */
function parseOut(flag: string, value: string): string {
  parsePath(flag, value);
  const steps = value.split(/[/\\]/);
  const wrong = (why: string) => usageError(`${flag} is "${printable(value)}", but ${why}`);
  if (steps[0] === "" || /^[a-z]:/i.test(value)) {
    throw wrong("must not be an absolute path; set the directory with dir=");
  }
  if (steps.includes("..")) throw wrong("must not contain ..; set the directory with dir=");
  if (["", "."].includes(steps.at(-1)!)) throw wrong("must end with a file name");
  if (value === "-") throw wrong("files of a list cannot be written to stdout");
  return value;
}

function parsePath(flag: string, value: string): string {
  if (value === "") throw usageError(`${flag} is "", but must not be empty`);
  if (/\p{Cc}/u.test(value)) {
    throw usageError(`${flag} is "${printable(value)}", but must not contain control characters`);
  }
  return value;
}

function list(names: readonly string[]): string {
  return names.map((name) => `${name}=`).join(", ");
}

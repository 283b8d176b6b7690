/**
 * `--write-out FORMAT`: text in a format of the user's choice after each file, with those of curl's
 * variables that make sense for a file from many mirrors.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";

/** Facts about a download that has ended. */
export interface DownloadFacts {
  /** The first mirror's URL, without credentials. */
  readonly url: string;
  /** Number of mirrors. */
  readonly mirrors: number;
  /** Number of mirrors whose bytes were used. */
  readonly mirrorsUsed: number;
  /** Path of the file; "" if there is none. */
  readonly fileName: string;
  /** Status of the responses, or of the failure; 0 without a response. */
  readonly status: number;
  readonly contentType: string;
  /** Bytes that were received and used, including those compared with an existing part file. */
  readonly bytes: number;
  /** Bytes that were received more than once or not used. */
  readonly wastedBytes: number;
  /** Number of retries that were scheduled. */
  readonly retries: number;
  /** Time to the first byte in milliseconds; 0 without one. */
  readonly firstByteMs: number;
  readonly elapsedMs: number;
  readonly exitCode: number;
  /** Error message; "" for none. */
  readonly error: string;
  /** Number of the file, from 0. */
  readonly number: number;
}

/** A parsed format: literal texts and variables. */
export type WriteOut = readonly (string | { readonly variable: string })[];

const VARIABLES: Readonly<Record<string, (facts: DownloadFacts) => string | number>> = {
  content_type: ({ contentType }) => contentType,
  errormsg: ({ error }) => error.replace(/:?\s*\n\s*/g, "; "),
  exitcode: ({ exitCode }) => exitCode,
  filename_effective: ({ fileName }) => fileName,
  http_code: ({ status }) => status,
  response_code: ({ status }) => status,
  num_retries: ({ retries }) => retries,
  scheme: ({ url }) => url.slice(0, url.indexOf(":")),
  size_download: ({ bytes }) => bytes,
  speed_download: ({ bytes, elapsedMs }) => Math.round(1000 * bytes / Math.max(elapsedMs, 1)),
  time_starttransfer: ({ firstByteMs }) => firstByteMs / 1000,
  time_total: ({ elapsedMs }) => elapsedMs / 1000,
  url: ({ url }) => url,
  url_effective: ({ url }) => url,
  urlnum: ({ number }) => number,
  // Not in curl.
  mirrors: ({ mirrors }) => mirrors,
  mirrors_used: ({ mirrorsUsed }) => mirrorsUsed,
  size_wasted: ({ wastedBytes }) => wastedBytes,
};

/** Numbers that curl formats in another way. */
const STYLES: Readonly<Record<string, (value: number) => string>> = {
  http_code: (status) => String(status).padStart(3, "0"),
  response_code: (status) => String(status).padStart(3, "0"),
  time_starttransfer: (seconds) => seconds.toFixed(6),
  time_total: (seconds) => seconds.toFixed(6),
};

/** Variable for all others as one JSON object. */
const ALL = "json";

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** Parses a format. An unknown variable is a usage error that lists all of them. */
export function parseWriteOut(flag: string, text: string): WriteOut {
  if (text.startsWith("@")) {
    throw usageError(`${flag} "${text}": formats cannot be read from files; give the text itself`);
  }
  const parts: (string | { variable: string })[] = [];
  let literal = "";
  // By characters: an expression that takes a million of them apart gives as many matches.
  for (let at = 0; at < text.length;) {
    const first = text[at]!;
    const second = text[at + 1];
    const name = first === "%" && second === "{" ? nameAt(text, at + 2) : undefined;
    if (name !== undefined) {
      checkVariable(flag, name);
      parts.push(literal, { variable: name });
      literal = "";
      at += "%{}".length + name.length;
    } else if (second === undefined || !(first === "\\" || (first === "%" && second === "%"))) {
      literal += first;
      at++;
    } else {
      literal += first === "%" ? "%" : ESCAPES[second] ?? first + second;
      at += 2;
    }
  }
  return [...parts, literal];
}

const NAME = /([^{}]*)\}/y;

/** Returns the name of the variable that a brace at `from` ends; `undefined` if none does. */
function nameAt(text: string, from: number): string | undefined {
  NAME.lastIndex = from;
  return NAME.exec(text)?.[1];
}

function checkVariable(flag: string, variable: string): void {
  if (variable === ALL || Object.hasOwn(VARIABLES, variable)) return;
  const known = [...Object.keys(VARIABLES), ALL].join(", ");
  throw usageError(`${flag} has the unknown variable "${variable}"; known are ${known}`);
}

/** Formats the facts about one file. */
export function writeOutText(format: WriteOut, facts: DownloadFacts): string {
  return format.map((part) => {
    if (typeof part === "string") return part;
    if (part.variable !== ALL) return asText(part.variable, facts);
    const values = Object.entries(VARIABLES).map(([name, of]) => [name, asJson(of(facts))]);
    return JSON.stringify(Object.fromEntries(values));
  }).join("");
}

function asText(variable: string, facts: DownloadFacts): string {
  const value = VARIABLES[variable]!(facts);
  const style = STYLES[variable];
  return typeof value === "number" && style !== undefined ? style(value) : String(value);
}

/** Rounds numbers as in the text; an empty text is null. */
function asJson(value: string | number): string | number | null {
  if (value === "") return null;
  return typeof value === "number" ? Number(value.toFixed(6)) : value;
}

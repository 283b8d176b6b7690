/**
 * `--write-out FORMAT`: a line of the user's own after each file, with curl's variables as far as
 * they make sense for a file from many mirrors.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";

/** What is known of a file when its download has ended. */
export interface DownloadFacts {
  /** The first mirror's URL, without credentials. */
  readonly url: string;
  /** How many mirrors there are. */
  readonly mirrors: number;
  /** How many of them brought bytes that were used. */
  readonly mirrorsUsed: number;
  /** What the file is called; "" where there is none. */
  readonly fileName: string;
  /** The status of the answers that brought it, or of the last failure; 0 without any answer. */
  readonly status: number;
  readonly contentType: string;
  /** Bytes that came and were used, also those that a part file from before was compared with. */
  readonly bytes: number;
  /** Bytes that came more than once or were of no use. */
  readonly wastedBytes: number;
  /** How often a mirror that had failed was to be asked again. */
  readonly retries: number;
  /** Milliseconds until the first byte; 0 without one. */
  readonly firstByteMs: number;
  readonly elapsedMs: number;
  readonly exitCode: number;
  /** What went wrong; "" for nothing. */
  readonly error: string;
  /** The number of the file, from 0. */
  readonly number: number;
}

/** A format that has been read: texts, and variables between them. */
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
  // Those that only a file from many mirrors has.
  mirrors: ({ mirrors }) => mirrors,
  mirrors_used: ({ mirrorsUsed }) => mirrorsUsed,
  size_wasted: ({ wastedBytes }) => wastedBytes,
};

/** How numbers look that do not look like themselves: as in curl. */
const STYLES: Readonly<Record<string, (value: number) => string>> = {
  http_code: (status) => String(status).padStart(3, "0"),
  response_code: (status) => String(status).padStart(3, "0"),
  time_starttransfer: (seconds) => seconds.toFixed(6),
  time_total: (seconds) => seconds.toFixed(6),
};

/** All variables as one object of JSON. */
const ALL = "json";

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** Reads a format; an unknown variable is a usage error that names all of them. */
export function parseWriteOut(flag: string, text: string): WriteOut {
  if (text.startsWith("@")) {
    throw usageError(`${flag} "${text}": formats are not read from files; give the text itself`);
  }
  const parts: (string | { variable: string })[] = [];
  const pattern = /%\{([^}]*)\}|%%|\\(.)|[^%\\]+|[%\\]/gs;
  for (const [match, variable, escape] of text.matchAll(pattern)) {
    if (variable !== undefined) {
      if (variable !== ALL && !Object.hasOwn(VARIABLES, variable)) {
        const known = [...Object.keys(VARIABLES), ALL].join(", ");
        throw usageError(`${flag} knows no variable "${variable}"; there are ${known}`);
      }
      parts.push({ variable });
    } else if (match === "%%") parts.push("%");
    else if (escape !== undefined) parts.push(ESCAPES[escape] ?? match);
    else parts.push(match);
  }
  return parts;
}

/** The text of a format for one file. */
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

/** Numbers have no more digits than in the text, and what there is not is null. */
function asJson(value: string | number): string | number | null {
  if (value === "") return null;
  return typeof value === "number" ? Number(value.toFixed(6)) : value;
}

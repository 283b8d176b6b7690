/**
 * Parses netrc files as curl does: words on any number of lines, quoted words with escapes, comments, and
 * macros, which are skipped. Unknown words are ignored. Messages never quote the file.
 *
 * Own code because neither the platform nor `@std` has a netrc parser.
 *
 * @module
 */

import { usageError } from "../../../command_line/command_error.ts";
import { linesOf, type TextLine, unescaped } from "../../../command_line/text_file.ts";
import { bareHost } from "../../../http/address/host.ts";

export interface NetrcEntry {
  /** The host; `undefined` for the default entry. */
  readonly machine: string | undefined;
  readonly login?: string | undefined;
  readonly password?: string | undefined;
  /** Another password, which HTTP does not use. */
  readonly account?: string | undefined;
}

/** A word, and the line on which it begins. */
interface Word {
  readonly text: string;
  readonly line: number;
}

/** A keyword that has a value. */
type Field = "login" | "password" | "account";

const FIELDS: ReadonlySet<string> = new Set<Field>(["login", "password", "account"]);
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/**
 * Parses a netrc file.
 *
 * @throws {CommandError} a quoted word is not closed on its line, or a value is missing; names the line
 */
export function parseNetrc(text: string): NetrcEntry[] {
  const words = new Words(text);
  const entries: NetrcEntry[] = [];
  let entry: { -readonly [Name in keyof NetrcEntry]: NetrcEntry[Name] } | undefined;
  for (let word; (word = words.keyword()) !== undefined;) {
    const keyword = word.text.toLowerCase();
    if (keyword === "machine" || keyword === "default") {
      const machine = keyword === "default" ? undefined : words.value(word).text;
      entries.push(entry = { machine });
    } else if (keyword === "macdef") words.skipMacro();
    else if (FIELDS.has(keyword)) {
      const { text } = words.value(word);
      // Values before the first machine are ignored.
      if (entry !== undefined) entry[keyword as Field] = text;
    }
  }
  return entries;
}

/**
 * Returns the entry for a host as in `URL.hostname`: the first one for it that has a name or a password,
 * or the default entry.
 */
export function credentialsFor(
  entries: readonly NetrcEntry[],
  hostname: string,
): NetrcEntry | undefined {
  const host = canonical(hostname);
  const useful = entries.filter(({ login, password }) => (login ?? password) !== undefined);
  return useful.find(({ machine }) => machine !== undefined && canonical(machine) === host) ??
    useful.find(({ machine }) => machine === undefined);
}

/**
 * Returns the path of the user's netrc file: `$NETRC`, or `.netrc` (on Windows `_netrc`) in the home
 * directory; `undefined` if there is no home directory.
 */
export function netrcPath(
  variable: (name: string) => string | undefined,
  os: string = Deno.build.os,
): string | undefined {
  const path = variable("NETRC");
  if (path) return path;
  const home = variable("HOME") || (os === "windows" ? variable("USERPROFILE") : undefined);
  if (os !== "windows") return home ? `${home.replace(/\/$/, "")}/.netrc` : undefined;
  return home ? `${home.replace(/[/\\]$/, "")}\\_netrc` : undefined;
}

/** Splits a file into words. */
class Words {
  /** The lines that follow. */
  readonly #lines: Iterator<TextLine>;
  /** Number of the current line, and the rest of it. */
  #line = 0;
  #rest = "";

  constructor(text: string) {
    this.#lines = linesOf(text);
  }

  /** Returns the next word where a keyword is expected; `#` begins a comment there. */
  keyword(): Word | undefined {
    while (this.#seek() && this.#rest.startsWith("#")) this.#rest = "";
    return this.#next();
  }

  /** Returns the value of a keyword; on the line of the keyword, it may begin with `#`. */
  value(keyword: Word): Word {
    const startedIn = this.#line;
    while (this.#seek() && this.#line > startedIn && this.#rest.startsWith("#")) this.#rest = "";
    const word = this.#next();
    if (word !== undefined) return word;
    throw usageError(
      `line ${keyword.line}: "${keyword.text.toLowerCase()}" has no value`,
    );
  }

  /** Skips a macro: its name, and all lines up to an empty one. */
  skipMacro(): void {
    while (this.#nextLine() && this.#rest.trim() !== "");
    this.#rest = "";
  }

  #next(): Word | undefined {
    if (!this.#seek()) return undefined;
    const text = this.#rest.startsWith('"') ? this.#quoted() : this.#plain();
    return { text, line: this.#line };
  }

  /** Moves to the next word; returns false at the end. */
  #seek(): boolean {
    this.#rest = this.#rest.trimStart();
    while (this.#rest === "") {
      if (!this.#nextLine()) return false;
      this.#rest = this.#rest.trimStart();
    }
    return true;
  }

  /** Moves to the next line; returns false at the end. */
  #nextLine(): boolean {
    const { done, value } = this.#lines.next();
    if (done) return false;
    this.#line = value.number;
    this.#rest = value.text;
    return true;
  }

  #plain(): string {
    const [word] = /^\S+/.exec(this.#rest)!;
    this.#rest = this.#rest.slice(word.length);
    return word;
  }

  /** Reads a quoted word, which may contain spaces and `\"`, `\\`, `\n`, `\r`, `\t`. */
  #quoted(): string {
    const match = /^"((?:[^"\\]|\\.)*)"/.exec(this.#rest);
    if (match === null) {
      throw usageError(`line ${this.#line}: missing closing quote`);
    }
    this.#rest = this.#rest.slice(match[0].length);
    return unescaped(match[1]!, ESCAPES);
  }
}

/** Returns a host name for comparison: lower case, without brackets and without a final dot. */
function canonical(host: string): string {
  return bareHost(host.toLowerCase()).replace(/\.$/, "");
}

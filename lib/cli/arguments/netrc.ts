/**
 * Names and passwords from a netrc file, read as curl reads it: words in any number of lines, quoted
 * ones with escapes, comments, and macros, which are skipped. Words that it does not know are passed
 * over. What stands in the file is never part of a message.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";

/** What a netrc file says of one host. */
export interface NetrcEntry {
  /** The host; `undefined` is any that has no entry of its own. */
  readonly machine: string | undefined;
  /** The user's name. */
  readonly login?: string | undefined;
  /** The password. */
  readonly password?: string | undefined;
  /** Another password, which HTTP has no use for. */
  readonly account?: string | undefined;
}

/** A word, and the line that it begins in. */
interface Word {
  readonly text: string;
  readonly line: number;
}

/** A value that belongs to an entry. */
type Field = "login" | "password" | "account";

const FIELDS: ReadonlySet<string> = new Set<Field>(["login", "password", "account"]);
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/**
 * Reads a netrc file.
 *
 * @throws {CommandError} a quoted word does not end in its line, or a value is missing; names the line
 */
export function parseNetrc(text: string): NetrcEntry[] {
  const words = new Words(text.replace(/^\ufeff/, ""));
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
      // The first machine is still to come.
      if (entry !== undefined) entry[keyword as Field] = text;
    }
  }
  return entries;
}

/**
 * The entry for a host, as `URL.hostname` names it: the first one of its own with a name or a
 * password, else the default.
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
 * Where the netrc file of this user is: what `NETRC` names, else `.netrc` (on Windows `_netrc`) in
 * the home directory; `undefined` where there is none.
 */
export function netrcPath(
  env: Readonly<Record<string, string | undefined>>,
  os: string = Deno.build.os,
): string | undefined {
  const { NETRC, HOME, USERPROFILE } = env;
  if (NETRC) return NETRC;
  if (os !== "windows") return HOME ? `${HOME.replace(/\/$/, "")}/.netrc` : undefined;
  const home = HOME || USERPROFILE;
  return home ? `${home.replace(/[/\\]$/, "")}\\_netrc` : undefined;
}

/** The words of a file. */
class Words {
  readonly #lines: readonly string[];
  /** Index of the line, and what is left of it. */
  #line = 0;
  #rest: string;

  constructor(text: string) {
    this.#lines = text.split(/\r\n|\r|\n/);
    this.#rest = this.#lines[0]!;
  }

  /** The next word where a keyword may stand; a `#` there begins a comment. */
  keyword(): Word | undefined {
    while (this.#seek() && this.#rest.startsWith("#")) this.#rest = "";
    return this.#next();
  }

  /** The next word, whatever it begins with: the value of a keyword. */
  value(keyword: Word): Word {
    const startedIn = this.#line;
    while (this.#seek() && this.#line > startedIn && this.#rest.startsWith("#")) this.#rest = "";
    const word = this.#next();
    if (word !== undefined) return word;
    throw usageError(
      `line ${keyword.line}: nothing follows "${keyword.text.toLowerCase()}", ` +
        "but its value is needed",
    );
  }

  /** Skips a macro: its name, and everything up to an empty line. */
  skipMacro(): void {
    while (++this.#line < this.#lines.length && this.#lines[this.#line]!.trim() !== "");
    this.#rest = "";
  }

  #next(): Word | undefined {
    if (!this.#seek()) return undefined;
    const line = this.#line + 1;
    const text = this.#rest.startsWith('"') ? this.#quoted() : this.#plain();
    return { text, line };
  }

  /** Goes to where the next word begins; false at the end. */
  #seek(): boolean {
    this.#rest = this.#rest.trimStart();
    while (this.#rest === "") {
      if (this.#line >= this.#lines.length - 1) return false;
      this.#rest = this.#lines[++this.#line]!.trimStart();
    }
    return true;
  }

  #plain(): string {
    const [word] = /^\S+/.exec(this.#rest)!;
    this.#rest = this.#rest.slice(word.length);
    return word;
  }

  /** A word in quotes, which may have spaces, and `\"`, `\\`, `\n`, `\r`, `\t`. */
  #quoted(): string {
    const match = /^"((?:[^"\\]|\\.)*)"/.exec(this.#rest);
    if (match === null) {
      throw usageError(`line ${this.#line + 1}: a word in quotes does not end; " is needed`);
    }
    this.#rest = this.#rest.slice(match[0].length);
    return match[1]!.replace(/\\(.)/g, (_, character: string) => ESCAPES[character] ?? character);
  }
}

/** A host name to compare: no upper case, no brackets of an IPv6 address, no final dot. */
function canonical(host: string): string {
  return host.toLowerCase().replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
}

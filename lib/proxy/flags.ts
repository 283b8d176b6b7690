/**
 * The flags of the proxy's command in one table, from which parsing, `--help` and "did you mean"
 * come. What the values mean is not known here (see values.ts).
 *
 * @module
 */

import { parseArgs } from "node:util";
import { usageError } from "./exit_code.ts";

/** One flag. */
export interface Flag {
  /** Long name, without the dashes. */
  readonly name: string;
  /** Short name, without the dash. */
  readonly short?: string;
  /** What stands for its value in the help; a flag without one takes no value. */
  readonly value?: string;
  /** What it does, in a line of the help. */
  readonly help: string;
}

/** The flags in the groups and the order in which the help shows them. */
export const FLAG_GROUPS = {
  "Where it listens": [
    { name: "host", value: "ADDR", help: "address (127.0.0.1)" },
    { name: "port", value: "N", help: "port (8080); 0 takes a free one" },
    { name: "cert", value: "FILE", help: "speak TLS and HTTP/2 with this certificate (PEM)" },
    { name: "key", value: "FILE", help: "and this private key (PEM)" },
  ],
  "Whom it serves": [
    { name: "token", value: "TOKEN", help: "only who shows it: token=… or a Bearer token" },
    { name: "cors", value: "ORIGIN", help: "pages that may read answers, or *; repeatable" },
    { name: "open", help: "everybody, also where others can reach it" },
  ],
  "Which mirrors it uses": [
    { name: "allow-host", value: "PATTERN", help: "only a.example, *.a.example, 10.0.0.0/8 …" },
    { name: "allow-private", help: "those at private and loopback addresses too" },
    { name: "cacert", value: "FILE", help: "trust these certificates (PEM) too" },
    { name: "max-mirrors", value: "N", help: "in one request (32)" },
    { name: "remember", value: "SECONDS", help: "what was learned of them (60)" },
  ],
  "How it runs": [
    { name: "memory", value: "SIZE", help: "for all downloads together (256M)" },
    { name: "max-downloads", value: "N", help: "at once (128)" },
    { name: "log", value: "FORMAT", help: "lines of stdout: [text], json or none" },
    { name: "drain-timeout", value: "SECONDS", help: "that downloads have at the end (30)" },
  ],
  "Help": [
    { name: "help", short: "h", help: "show this" },
    { name: "version", short: "V", help: "show the version" },
  ],
} as const satisfies Readonly<Record<string, readonly Flag[]>>;

type Groups = typeof FLAG_GROUPS;

/** The long name of a flag. */
export type FlagName = Groups[keyof Groups][number]["name"];

/** All flags. */
export const FLAGS: readonly (Flag & { readonly name: FlagName })[] = Object.values(FLAG_GROUPS)
  .flat();

/** Each flag that was given, with its values in order; one `""` for each time without a value. */
export type ParsedFlags = ReadonlyMap<FlagName, readonly string[]>;

/**
 * Reads a command line. Rejects with a usage error for an unknown flag, a missing value, a value
 * for a flag that takes none, and what is no flag at all.
 */
export async function parseFlags(args: readonly string[]): Promise<ParsedFlags> {
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(FLAGS.map(({ name, short, value }) => [name, {
      type: value === undefined ? "boolean" : "string",
      ...(short !== undefined && { short }),
    }])),
  });
  const flags = new Map<FlagName, string[]>();
  for (const token of tokens) {
    if (token.kind === "positional") {
      throw usageError(
        `"${token.value}" is no flag; mirrors are named in requests: /proxy?host=URL,URL`,
      );
    }
    if (token.kind !== "option") continue;
    const flag = FLAGS.find(({ name }) => name === token.name);
    if (flag === undefined) throw await unknownFlag(token.rawName);
    if (flag.value === undefined && token.value !== undefined) {
      throw usageError(`${token.rawName} takes no value`);
    }
    if (flag.value !== undefined) {
      if (token.value === undefined) {
        throw usageError(`${token.rawName} needs a value: ${token.rawName} ${flag.value}`);
      }
      if (!token.inlineValue && isFlag(token.value)) {
        throw usageError(`${token.rawName} needs a value, but the flag ${token.value} follows`);
      }
    }
    const values = flags.get(flag.name) ?? [];
    flags.set(flag.name, [...values, token.value ?? ""]);
  }
  return flags;
}

/** Whether an argument is spelled like one of the flags. */
function isFlag(argument: string): boolean {
  return FLAGS.some(({ name, short }) => argument === `--${name}` || argument === `-${short}`);
}

async function unknownFlag(given: string): Promise<Error> {
  if (!given.startsWith("--")) return usageError(`${given} is no flag; --help shows all`);
  const { closestString } = await import("@std/text/closest-string");
  const nearest: string = closestString(given, FLAGS.map(({ name }) => `--${name}`));
  return usageError(`${given} is no flag of sphttp-proxy; did you mean ${nearest}?`);
}

/** Column in which the words about a flag begin. */
const COLUMN = 31;

/** The whole help. It fits 80 columns. */
export function helpText(version: string): string {
  const groups = Object.entries(FLAG_GROUPS).map(([title, flags]) =>
    [`${title}:`, ...flags.map(flagLine)].join("\n")
  );
  return `sphttp-proxy ${version}: one file from many HTTP mirrors at once, at one URL
Usage: sphttp-proxy [options], then /proxy?host=URL,URL and / for a page
${groups.join("\n")}
SIZE is a number of bytes; K, M and G stand for 1024, 1024^2 and 1024^3.
On an address that others can reach it wants --token, --allow-host or --open.
Exit codes: 0 ended by a signal, 1 failed (cannot listen, say), 2 usage;
  for who does not wait: 130 Ctrl-C twice, 143 SIGTERM twice
`;
}

function flagLine({ name, short, value, help }: Flag): string {
  const dashes = short === undefined ? "    " : `-${short}, `;
  const usage = `  ${dashes}--${name}${value === undefined ? "" : ` ${value}`}`;
  return `${usage.padEnd(COLUMN - 1)}${help}`;
}

/**
 * The flags of the command in one table, from which parsing, `--help` and "did you mean" come. What
 * the values mean is not known here (see values.ts); curl's short flags, aria2's long names where
 * curl has none.
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
  Output: [
    {
      name: "output",
      short: "o",
      value: "FILE",
      help: "where to (- is stdout); else the URL's name",
    },
    { name: "continue-at", short: "C", value: "-", help: "go on with FILE.part where it ends" },
    {
      name: "checksum",
      value: "ALG=HEX",
      help: "sha-256, sha-512, sha-1 or md5; repeatable",
    },
    { name: "trace", value: "FILE", help: "write every event as a line of JSON" },
    { name: "silent", short: "s", help: "only errors" },
    { name: "verbose", short: "v", help: "every event as a line" },
  ],
  Requests: [
    { name: "header", short: "H", value: "HEADER", help: 'send "Name: value" too; repeatable' },
    { name: "connect-timeout", value: "SECONDS", help: "for the first answer of a mirror (10)" },
    { name: "retry", value: "N", help: "failures in a row that are forgiven (4)" },
    { name: "cacert", value: "FILE", help: "trust these certificates (PEM) too" },
    { name: "http1.1", help: "speak HTTP/1.1 only" },
    { name: "http2", help: "speak HTTP/2 only" },
  ],
  Servers: [
    {
      name: "max-connection-per-server",
      value: "N",
      help: "adaptive: at once to each (2), or auto",
    },
    { name: "server-stat-of", value: "FILE", help: "keep in FILE how fast each server is" },
    { name: "server-stat-if", value: "FILE", help: "adaptive: start with what FILE says" },
    {
      name: "server-stat-timeout",
      value: "SECONDS",
      help: "age at which that is forgotten (86400)",
    },
  ],
  Order: [
    { name: "delay", value: "ALG", help: "[adaptive], diff, normal, inv or static" },
    { name: "static-delay", value: "URL=N", help: "delay for one mirror, in blocks; repeatable" },
    {
      name: "initial-delay-coefficient",
      value: "N",
      help: "diff: blocks for each multiple of delay (10)",
    },
    { name: "no-initial-delay", help: "diff: start without a delay" },
    { name: "duplicate", value: "ALG", help: "diff and kin: nibib (default), ibrc, none" },
    { name: "invalid-block-threshold", value: "N", help: "blocks that make it act (20)" },
    { name: "close-bad-connections", help: "close a mirror that had to be doubled" },
    { name: "split-size", value: "SIZE", help: "bytes in a block (1000000)" },
    { name: "window", value: "SIZE", help: "bytes held and asked for ahead (32M)" },
  ],
  Help: [
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

/** A command line, read but not yet understood. */
export interface ParsedArguments {
  /** What is no flag, in order. */
  readonly urls: readonly string[];
  /** Each flag that was given, with its values in order; one `""` for each time without a value. */
  readonly flags: ReadonlyMap<FlagName, readonly string[]>;
}

/**
 * Reads a command line. Rejects with a usage error for an unknown flag, a missing value, and a value
 * for a flag that takes none.
 */
export async function parseArguments(args: readonly string[]): Promise<ParsedArguments> {
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
  const urls: string[] = [];
  const flags = new Map<FlagName, string[]>();
  for (const token of tokens) {
    if (token.kind === "positional") urls.push(token.value);
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
        throw usageError(
          `${token.rawName} needs a value, but the flag ${token.value} follows; ` +
            `--${flag.name}=${token.value} if that is meant as the value`,
        );
      }
    }
    const values = flags.get(flag.name) ?? [];
    flags.set(flag.name, [...values, token.value ?? ""]);
  }
  return { urls, flags };
}

/** Whether an argument is spelled like one of the flags. */
function isFlag(argument: string): boolean {
  return FLAGS.some(({ name, short }) => argument === `--${name}` || argument === `-${short}`);
}

async function unknownFlag(given: string): Promise<Error> {
  const { closestString } = await import("@std/text/closest-string");
  const known = FLAGS.map(({ name }) => `--${name}`);
  const nearest: string = closestString(given, known);
  return usageError(
    given.startsWith("--")
      ? `${given} is no flag of sphttp; did you mean ${nearest}?`
      : `${given} is no flag of sphttp; its short flags are ${
        FLAGS.flatMap(({ short }) => short === undefined ? [] : [`-${short}`]).join(" ")
      }`,
  );
}

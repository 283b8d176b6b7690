/**
 * Reads arguments by a table of flags, as getopt does.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { usageError } from "./command_error.ts";

/** One flag. */
export interface Flag {
  /** Long name, without the dashes. */
  readonly name: string;
  /** Another long name, which other programs have for it. */
  readonly alias?: string | undefined;
  /** Short name, without the dash. */
  readonly short?: string | undefined;
  /** What stands for its value in the help; a flag without one takes no value. */
  readonly value?: string | undefined;
  /** What it does, in a line of the help. */
  readonly help: string;
  /** Whether the short help has it. */
  readonly common?: true | undefined;
  /** Whether nobody should come to it by a typing error. */
  readonly dangerous?: true | undefined;
}

/** Arguments, read but not yet understood. */
export interface ParsedFlags<Name extends string> {
  /** What is no flag, in order. */
  readonly rest: readonly string[];
  /** Whether a flag was given. */
  has(name: Name): boolean;
  /** The last value of a flag, as its parser understands it. */
  given<T>(name: Name, parse: (flag: string, text: string) => T): T | undefined;
  /** All values of a flag, in order. */
  each<T>(name: Name, parse: (flag: string, text: string) => T): T[];
}

/**
 * Reads arguments. Rejects with a usage error for a flag that `command` does not have, a missing
 * value, and a value for a flag that takes none.
 */
export async function parseFlags<Name extends string>(
  command: string,
  args: readonly string[],
  flags: readonly (Flag & { readonly name: Name })[],
): Promise<ParsedFlags<Name>> {
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(flags.flatMap(({ name, alias, short, value }) => {
      const type = value === undefined ? "boolean" as const : "string" as const;
      const other = alias === undefined ? [] : [[alias, { type }] as const];
      return [[name, short === undefined ? { type } : { type, short }] as const, ...other];
    })),
  });
  const rest: string[] = [];
  const values = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === "positional") rest.push(token.value);
    if (token.kind !== "option") continue;
    const flag = flags.find(({ name, alias }) => [name, alias].includes(token.name));
    if (flag === undefined) throw await unknownFlag(command, token.rawName, flags);
    checkValue(flag, token, flags);
    values.set(flag.name, [...values.get(flag.name) ?? [], token.value ?? ""]);
  }
  return {
    rest,
    has: (name) => values.has(name),
    given: (name, parse) => {
      const text = values.get(name)?.at(-1);
      return text === undefined ? undefined : parse(`--${name}`, text);
    },
    each: (name, parse) => (values.get(name) ?? []).map((text) => parse(`--${name}`, text)),
  };
}

/** A flag as it was given. */
interface OptionToken {
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function checkValue(
  { name, value }: Flag,
  { rawName, value: given, inlineValue }: OptionToken,
  flags: readonly Flag[],
): void {
  if (value === undefined) {
    if (given !== undefined) throw usageError(`${rawName} takes no value`);
    return;
  }
  if (given === undefined) throw usageError(`${rawName} needs a value: ${rawName} ${value}`);
  const isFlag = flags.some(({ name, alias, short }) =>
    [`--${name}`, `--${alias}`, `-${short}`].includes(given)
  );
  if (!inlineValue && isFlag) {
    throw usageError(
      `${rawName} needs a value, but the flag ${given} follows; ` +
        `--${name}=${given} if that is meant as the value`,
    );
  }
}

/** One typing error in so many characters at most: what has more was meant as something else. */
const MOST_TYPOS = 3;

async function unknownFlag(
  command: string,
  given: string,
  flags: readonly Flag[],
): Promise<Error> {
  if (!given.startsWith("--")) {
    const shorts = flags.flatMap(({ short }) => short === undefined ? [] : [`-${short}`]);
    return usageError(`${given} is no flag of ${command}; its short flags are ${shorts.join(" ")}`);
  }
  const meant = namesOf(flags.filter(({ dangerous }) => !dangerous)).find((name) =>
    `--${name}`.startsWith(given)
  );
  if (meant !== undefined) {
    return usageError(`${given} is no flag of ${command}; did you mean --${meant}?`);
  }
  const [{ closestString }, { levenshteinDistance }] = await Promise.all([
    import("@std/text/closest-string"),
    import("@std/text/levenshtein-distance"),
  ]);
  const known = namesOf(flags.filter(({ dangerous }) => !dangerous)).map((name) => `--${name}`);
  const nearest: string = closestString(given, known);
  const typos: number = levenshteinDistance(given, nearest);
  const guess = typos <= given.length / MOST_TYPOS
    ? `did you mean ${nearest}?`
    : "--help shows what there is";
  return usageError(`${given} is no flag of ${command}; ${guess}`);
}

/** All long names. */
function namesOf(flags: readonly Flag[]): string[] {
  return flags.flatMap(({ name, alias }) => alias === undefined ? [name] : [name, alias]);
}

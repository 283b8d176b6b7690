/**
 * Parses arguments by a table of flags, as getopt_long does: `-abc`, `-oFILE`, `--name=value`, `--`.
 *
 * `util.parseArgs` of Node's built-in modules does the same, but loading them takes longer than all
 * modules that parse arguments. `parseArgs` of `@std/cli` reads `-of` as the flags `-o` and `-f`,
 * `--split-size -5` as the flags `--split-size` and `-5`, and cannot tell `--time` without a value from
 * `--time=`.
 *
 * @module
 */

import { usageError } from "./command_error.ts";

export interface Flag {
  /** The long name, without dashes. */
  readonly name: string;
  /** Another long name, for users of other programs. */
  readonly alias?: string | undefined;
  /** What other programs call it, with dashes: "did you mean" suggests it for these. */
  readonly insteadOf?: readonly string[] | undefined;
  /** The short name, without the dash. */
  readonly short?: string | undefined;
  /** The placeholder of its value in the help; a flag without one takes no value. */
  readonly value?: string | undefined;
  readonly help: string;
  /** If true, "did you mean" never suggests it. */
  readonly dangerous?: true | undefined;
  /** If true, it cannot be unset: what it says is always so. */
  readonly always?: true | undefined;
}

/** An argument; one that a file holds has the place in it, for messages. */
export type Argument = string | { readonly text: string; readonly place: string };

/** Arguments, split into flags and the rest. */
export interface ParsedFlags<Name extends string> {
  /** Arguments that are not flags, in order. */
  readonly rest: readonly string[];
  has(name: Name): boolean;
  /** Where flags were given that a file holds, by their names: the file and the line. */
  readonly places: ReadonlyMap<string, string>;
  /** Returns the last value of a flag, parsed. */
  given<T>(name: Name, parse: (flag: string, text: string) => T): T | undefined;
  /** Returns all values of a flag in order, parsed. */
  each<T>(name: Name, parse: (flag: string, text: string) => T): T[];
}

/**
 * Parses arguments. `--no-NAME` unsets a flag that takes no value (`--NAME` one that is called `no-NAME`).
 * Rejects with a usage error for an unknown flag, a missing value, or a value for a flag that takes none.
 *
 * @param command the name of the command, for messages
 */
export async function parseFlags<Name extends string>(
  command: string,
  args: readonly Argument[],
  flags: readonly (Flag & { readonly name: Name })[],
): Promise<ParsedFlags<Name>> {
  const rest: string[] = [];
  const values = new Map<string, GivenValue[]>();
  for (const token of tokensOf(args, flags)) {
    if (typeof token === "string") {
      rest.push(token);
      continue;
    }
    const { flag, unset, value: text = "", place } = token;
    if (flag === undefined) throw await unknownFlag(command, token, flags);
    checkValue(flag, token, flags);
    const given = values.get(flag.name);
    if (unset) values.delete(flag.name);
    else if (given === undefined) values.set(flag.name, [{ text, place }]);
    else given.push({ text, place });
  }
  const places = new Map<string, string>();
  for (const [name, given] of values) {
    const { place } = given.at(-1)!;
    if (place !== undefined) places.set(name, place);
  }
  const shown = (name: string, place: string | undefined) =>
    place === undefined ? `--${name}` : `${place}: --${name}`;
  return {
    rest,
    places,
    has: (name) => values.has(name),
    given: (name, parse) => {
      const last = values.get(name)?.at(-1);
      return last && parse(shown(name, last.place), last.text);
    },
    each: (name, parse) =>
      (values.get(name) ?? []).map(({ text, place }) => parse(shown(name, place), text)),
  };
}

/** Finds the flag of a long name, which may also be one that unsets it. */
export function findFlag<F extends Flag>(
  name: string,
  flags: readonly F[],
): { readonly flag: F; readonly unset: boolean } | undefined {
  const { names } = indexOf(flags);
  const flag = names.get(name);
  if (flag !== undefined) return { flag, unset: false };
  const other = name.startsWith("no-") ? name.slice("no-".length) : `no-${name}`;
  const unset = names.get(other);
  const isUnset = unset !== undefined && unset.value === undefined && !unset.always;
  return isUnset ? { flag: unset, unset: true } : undefined;
}

/** Finds the flag of a letter. */
export function findShort<F extends Flag>(letter: string, flags: readonly F[]): F | undefined {
  return indexOf(flags).shorts.get(letter);
}

/** Flags by their names. */
interface FlagIndex<F extends Flag> {
  readonly names: ReadonlyMap<string, F>;
  readonly shorts: ReadonlyMap<string | undefined, F>;
}

const INDEXES = new WeakMap<readonly Flag[], FlagIndex<Flag>>();

/** Returns the flags of a table by their names: a file may have a hundred thousand of them. */
function indexOf<F extends Flag>(flags: readonly F[]): FlagIndex<F> {
  const known = INDEXES.get(flags);
  if (known !== undefined) return known as FlagIndex<F>;
  const index: FlagIndex<F> = {
    names: new Map(flags.flatMap((flag) => namesOf(flag).map((name) => [name, flag] as const))),
    shorts: new Map(flags.map((flag) => [flag.short, flag])),
  };
  INDEXES.set(flags, index);
  return index;
}

/** Returns the line of a flag in the help; its description begins at a column, counted from 1. */
export function flagLine({ name, short, value, help }: Flag, column: number): string {
  const dashes = short === undefined ? "    " : `-${short}, `;
  const usage = `  ${dashes}--${name}${value === undefined ? "" : ` ${value}`}`;
  return `${usage.padEnd(column - 1)}${help}`;
}

/** A value of a flag, and where it was given if a file holds it. */
interface GivenValue {
  readonly text: string;
  readonly place: string | undefined;
}

/** A flag as it was given. */
interface FlagToken {
  /** `undefined` if there is no such flag. */
  readonly flag: Flag | undefined;
  /** The name as it was given, with dashes. */
  readonly rawName: string;
  /** The letters of the argument up to this one, if there are others before it. */
  readonly cluster?: string | undefined;
  /** Whether it unsets the flag. */
  readonly unset?: boolean | undefined;
  readonly value: string | undefined;
  /** Whether the value is in the same argument as the name. */
  readonly inline: boolean;
  readonly place?: string | undefined;
}

/** Splits arguments into flags with their values, and other arguments, in order. */
function* tokensOf(
  args: readonly Argument[],
  flags: readonly Flag[],
): Generator<FlagToken | string> {
  const left = args.values();
  // A flag that takes a value takes the next argument, whatever that looks like.
  const follow = (flag: Flag | undefined, rawName: string): FlagToken => {
    const value = flag?.value === undefined ? undefined : left.next().value;
    return { flag, rawName, value: value && textOf(value), inline: false };
  };
  for (const argument of left) {
    const arg = textOf(argument);
    if (arg === "--") {
      for (const other of left) yield textOf(other);
    } else if (arg.startsWith("--")) {
      const [, rawName, value] = /^(--[^][^=]*)(?:=([^]*))?$/.exec(arg)!;
      const { flag, unset } = findFlag(rawName!.slice(2), flags) ?? {};
      const token: FlagToken = value === undefined
        ? follow(flag, rawName!)
        : { flag, rawName: rawName!, value, inline: true };
      const place = typeof argument === "string" ? undefined : argument.place;
      yield { ...token, unset, place };
    } else if (arg.startsWith("-") && arg !== "-") {
      yield* shortTokens(arg, flags, follow);
    } else {
      yield arg;
    }
  }
}

function textOf(argument: Argument): string {
  return typeof argument === "string" ? argument : argument.text;
}

/** Splits `-abc`, where the first flag that takes a value takes what is left of the argument, if any. */
function* shortTokens(
  arg: string,
  flags: readonly Flag[],
  follow: (flag: Flag | undefined, rawName: string) => FlagToken,
): Generator<FlagToken> {
  const letters = [...arg.slice(1)];
  for (const [index, letter] of letters.entries()) {
    const flag = findShort(letter, flags);
    if (flag?.value !== undefined && index < letters.length - 1) {
      const value = letters.slice(index + 1).join("");
      return yield { flag, rawName: `-${letter}`, value, inline: true };
    }
    // Only the message about an unknown one shows what was before it.
    const isShown = flag === undefined && index > 0;
    const cluster = isShown ? `-${letters.slice(0, index + 1).join("")}` : undefined;
    yield { ...follow(flag, `-${letter}`), cluster };
  }
}

function checkValue(
  { name: own, value }: Flag,
  { rawName, value: given, inline }: FlagToken,
  flags: readonly Flag[],
): void {
  if (value === undefined) {
    if (given !== undefined) throw usageError(`option '${rawName}' takes no value`);
    return;
  }
  if (given === undefined) {
    throw usageError(`option '${rawName}' requires a value: ${rawName} ${value}`);
  }
  const { names, shorts } = indexOf(flags);
  const [, dashes, name] = /^(--?)([^-].*)$/s.exec(given) ?? [];
  const isFlag = name !== undefined && (dashes === "--" ? names : shorts).has(name);
  if (!inline && isFlag) {
    throw usageError(
      `option '${rawName}' requires a value, but '${given}' follows; ` +
        `use --${own}=${given} if that is the value`,
    );
  }
}

/** Characters per typing error that a suggestion may differ by: beyond, it was not meant. */
const CHARACTERS_PER_TYPO = 3;

async function unknownFlag(
  command: string,
  { rawName, cluster }: FlagToken,
  flags: readonly Flag[],
): Promise<Error> {
  const meant = await meantBy(rawName, flags);
  // What follows in the argument may be a value, and secret.
  const given = cluster === undefined ? `'${rawName}'` : `'${rawName}' in '${cluster}…'`;
  return usageError(
    meant === undefined
      ? `unknown option ${given}; try '${command} --help'`
      : `unknown option ${given} (did you mean '${meant}'?)`,
  );
}

async function meantBy(given: string, flags: readonly Flag[]): Promise<string | undefined> {
  const same = flags.find(({ insteadOf }) => insteadOf?.includes(given));
  if (same !== undefined) {
    return `--${same.name}${same.value === undefined ? "" : ` ${same.value}`}`;
  }
  return /^--./s.test(given) ? await nearestName(given, flags) : undefined;
}

async function nearestName(given: string, flags: readonly Flag[]): Promise<string | undefined> {
  const names = flags.filter(({ dangerous }) => !dangerous).flatMap(namesOf)
    .map((name) => `--${name}`);
  return names.find((name) => name.startsWith(given)) ?? await nearestWord(given, names);
}

/** Returns the word that was probably meant; `undefined` if none is similar enough. */
export async function nearestWord(
  given: string,
  words: readonly string[],
): Promise<string | undefined> {
  // Comparing costs the product of the lengths, and one that is much longer is never similar enough.
  const longest = Math.max(...words.map((word) => word.length));
  if (given.length - longest > given.length / CHARACTERS_PER_TYPO) return undefined;
  // Loaded only here: a correct command line starts faster without them.
  const [{ closestString }, { levenshteinDistance }] = await Promise.all([
    import("@std/text/closest-string"),
    import("@std/text/levenshtein-distance"),
  ]);
  const nearest: string = closestString(given, words);
  const typos: number = levenshteinDistance(given, nearest);
  return typos <= given.length / CHARACTERS_PER_TYPO ? nearest : undefined;
}

function namesOf({ name, alias }: Flag): string[] {
  return alias === undefined ? [name] : [name, alias];
}

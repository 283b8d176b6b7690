/**
 * The command line of the benchmarks.
 *
 * @module
 */

import type { LinksOptions } from "./links.ts";

/** Valid names. */
export interface Choices {
  /** Names of benchmarks; only `links` takes sets and flags. */
  readonly benches: readonly string[];
  /** Names of sets of links. */
  readonly sets: readonly string[];
  /** Names of the compared commands. */
  readonly contenders: readonly string[];
}

/** The parsed arguments. */
export interface BenchArguments {
  /** In the order of the benchmarks. */
  readonly benches: readonly string[];
  readonly links: LinksOptions;
}

const FLAGS = ["only", "runs", "json", "svg"] as const;
const DEFAULT_JSON = "bench-links.json";

/**
 * Parses names of benchmarks, and for `links` names of sets and flags. Without a name, all run; a set or
 * a flag alone selects `links`.
 *
 * @throws {RangeError} if a name or flag is unknown, or a value is missing or invalid
 */
export function parseBenchArguments(args: readonly string[], choices: Choices): BenchArguments {
  const { names, flags } = split(args);
  for (const name of names) {
    if (choices.benches.includes(name) || choices.sets.includes(name)) continue;
    const known = `${choices.benches.join(", ")}, and for links ${choices.sets.join(", ")}`;
    throw new RangeError(`There is no bench "${name}"; there are ${known}`);
  }
  const sets = choices.sets.filter((name) => names.has(name));
  const forLinks = sets.length > 0 || flags.size > 0;
  const everything = names.size === 0 && !forLinks;
  const json = flags.get("json");
  return {
    benches: choices.benches.filter((name) =>
      everything || names.has(name) || name === "links" && forLinks
    ),
    links: {
      sets: sets.length > 0 ? sets : choices.sets,
      only: chosen(choices.contenders, valueOf(flags, "only")),
      runs: wholeNumber(valueOf(flags, "runs") ?? "3"),
      json: json === "" ? DEFAULT_JSON : json,
      svg: valueOf(flags, "svg"),
    },
  };
}

/** Returns the contenders of a list like `diff,aria2c`: full names, or the part before the dash. */
function chosen(contenders: readonly string[], list: string | undefined): readonly string[] {
  const choices = list?.split(",").map((choice) => {
    const fitting = contenders.filter((name) => name === choice || name.startsWith(`${choice}-`));
    if (fitting.length > 0) return fitting;
    throw new RangeError(`There is no contender "${choice}"; there are ${contenders.join(", ")}`);
  });
  return choices?.flat() ?? contenders;
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new RangeError(`--runs takes a whole number from 1, got ${text}`);
}

/** Separates names from flags. A value follows `=` or is the next argument; without one it is empty. */
function split(args: readonly string[]): { names: Set<string>; flags: Map<string, string> } {
  const names = new Set<string>();
  const flags = new Map<string, string>();
  for (let index = 0; index < args.length; index++) {
    const arg = args[index]!;
    const [, name, inline] = /^--([^=]*)(?:=(.*))?$/.exec(arg) ?? [];
    if (name === undefined) {
      names.add(arg);
      continue;
    }
    if (!FLAGS.some((known) => known === name)) {
      throw new RangeError(`There is no flag --${name}; there are --${FLAGS.join(", --")}`);
    }
    const next = args[index + 1];
    const value = inline ?? (next?.startsWith("--") ? undefined : next);
    if (inline === undefined && value !== undefined) index++;
    flags.set(name, value ?? "");
  }
  return { names, flags };
}

function valueOf(flags: ReadonlyMap<string, string>, name: string): string | undefined {
  if (flags.get(name) === "") throw new RangeError(`--${name} needs a value`);
  return flags.get(name);
}

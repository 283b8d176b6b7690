/**
 * What a shell is to complete: the flags of each command from their tables, and what may follow them.
 * How a shell is told stands in the files beside this one.
 *
 * @module
 */

import { DelayRequestAlgorithm, DuplicateRequestAlgorithm } from "../../../mod.ts";
import type { Flag } from "../../command_line/flag_parser.ts";
import { ANALYZE_FLAGS } from "../analyze/analyze.ts";
import { type FlagName, FLAGS } from "../arguments/flags.ts";
import { PROBE_FLAGS } from "../probe/probe_arguments.ts";

/** The shells that are known. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** One of the shells that are known. */
export type Shell = typeof SHELLS[number];

/** What may follow a flag. */
export type Completion =
  /** Nothing: it takes no value. */
  | { readonly type: "none" }
  /** A value of which nothing is known but what the help calls it. */
  | { readonly type: "any"; readonly value: string }
  | { readonly type: "file"; readonly value: string }
  | { readonly type: "directory"; readonly value: string }
  | { readonly type: "choice"; readonly value: string; readonly choices: readonly string[] };

/** A flag as a shell needs it. */
export interface CompletedFlag {
  /** Its long names, without dashes. */
  readonly names: readonly string[];
  /** Its short name, without the dash. */
  readonly short: string | undefined;
  readonly help: string;
  readonly completion: Completion;
}

/** A command, and what may be its arguments. */
export interface CompletedCommand {
  readonly name: string;
  readonly help: string;
  readonly flags: readonly CompletedFlag[];
  /** What its arguments are that are no flags. */
  readonly argument: "url" | "file" | readonly string[];
}

/** Flags whose values are known. */
const CHOICES: Readonly<Partial<Record<FlagName, readonly string[]>>> = {
  delay: Object.values(DelayRequestAlgorithm),
  duplicate: Object.values(DuplicateRequestAlgorithm),
};

const HELP: Flag = { name: "help", short: "h", help: "show this" };

/** The command without a subcommand. */
export const MAIN_FLAGS: readonly CompletedFlag[] = FLAGS.map(completed);

/** The subcommands. */
export const SUBCOMMANDS: readonly CompletedCommand[] = [
  {
    name: "probe",
    help: "measure mirrors without downloading",
    flags: PROBE_FLAGS.map(completed),
    argument: "url",
  },
  {
    name: "analyze",
    help: "the measures and figures of a trace",
    flags: ANALYZE_FLAGS.map(completed),
    argument: "file",
  },
  {
    name: "completions",
    help: "the completions of a shell",
    flags: [completed(HELP)],
    argument: SHELLS,
  },
];

function completed(flag: Flag): CompletedFlag {
  const { name, alias, short, help } = flag;
  const names = alias === undefined ? [name] : [name, alias];
  return { names, short, help, completion: completionOf(flag) };
}

function completionOf({ name, value }: Flag): Completion {
  if (value === undefined) return { type: "none" };
  const choices = CHOICES[name as FlagName] ?? (value === "-" ? [value] : undefined);
  if (choices !== undefined) return { type: "choice", value, choices };
  if (value.includes("FILE")) return { type: "file", value };
  if (value === "DIR") return { type: "directory", value };
  return { type: "any", value };
}

/** A flag in all ways in which it can be written. */
export function spellings({ names, short }: CompletedFlag): string[] {
  return [...short === undefined ? [] : [`-${short}`], ...names.map((name) => `--${name}`)];
}

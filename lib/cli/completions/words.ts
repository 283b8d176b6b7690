/**
 * What shells complete: the flags of each command from their tables, and their values. The scripts are
 * generated in bash.ts, fish.ts and zsh.ts.
 *
 * @module
 */

import { DelayRequestAlgorithm, DuplicateRequestAlgorithm } from "../../../mod.ts";
import type { Flag } from "../../command_line/flag_parser.ts";
import { ANALYZE_FLAGS } from "../analyze/analyze.ts";
import { type FlagName, FLAGS } from "../arguments/flags.ts";
import { PROBE_FLAGS } from "../probe/probe_arguments.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;

export type Shell = typeof SHELLS[number];

/** The kind of value that a flag takes. */
export type Completion =
  | { readonly type: "none" }
  /** Any value; `value` is its placeholder in the help. */
  | { readonly type: "any"; readonly value: string }
  | { readonly type: "file"; readonly value: string }
  | { readonly type: "directory"; readonly value: string }
  | { readonly type: "choice"; readonly value: string; readonly choices: readonly string[] };

/** A flag to complete. */
export interface CompletedFlag {
  readonly names: readonly string[];
  readonly short: string | undefined;
  readonly help: string;
  readonly completion: Completion;
}

/** A command to complete. */
export interface CompletedCommand {
  readonly name: string;
  readonly help: string;
  readonly flags: readonly CompletedFlag[];
  /** The kind of its arguments, or the words to choose from. */
  readonly argument: "url" | "file" | readonly string[];
}

/** Flags with a fixed set of values. */
const CHOICES: Readonly<Partial<Record<FlagName, readonly string[]>>> = {
  delay: Object.values(DelayRequestAlgorithm),
  duplicate: Object.values(DuplicateRequestAlgorithm),
};

const HELP: Flag = { name: "help", short: "h", help: "show help" };

/** The flags of the command without a subcommand. */
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
    help: "print or plot the measures of a trace",
    flags: ANALYZE_FLAGS.map(completed),
    argument: "file",
  },
  {
    name: "completions",
    help: "print completions for a shell",
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

/** Returns all spellings of a flag. */
export function spellings({ names, short }: CompletedFlag): string[] {
  return [...short === undefined ? [] : [`-${short}`], ...names.map((name) => `--${name}`)];
}

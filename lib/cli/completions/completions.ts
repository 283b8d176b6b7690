/**
 * `sphttp completions SHELL`: prints the script with which a shell completes the command. The scripts
 * are generated from the tables of flags.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";
import { bashCompletions } from "./bash.ts";
import { fishCompletions } from "./fish.ts";
import { type Shell, SHELLS } from "./words.ts";
import { zshCompletions } from "./zsh.ts";
import { writeOutput } from "../report/terminal.ts";
import { printable, truncate } from "../report/text_width.ts";

const SCRIPTS: Readonly<Record<Shell, () => string>> = {
  bash: bashCompletions,
  zsh: zshCompletions,
  fish: fishCompletions,
};

const HELP = `Usage: sphttp completions bash|zsh|fish

Prints a script with which the shell completes sphttp's commands, options and
their values. To install it:

  sphttp completions bash > ~/.local/share/bash-completion/completions/sphttp
  sphttp completions zsh > ~/.zfunc/_sphttp      (with ~/.zfunc in $fpath)
  sphttp completions fish > ~/.config/fish/completions/sphttp.fish

To try it: source <(sphttp completions bash)
`;

/** Returns the script for a shell. */
export function completions(shell: Shell): string {
  return SCRIPTS[shell]();
}

/**
 * Runs the command with the arguments after its name.
 *
 * @throws {CommandError} the arguments are invalid
 */
export function completionsCommand(args: readonly string[]): void {
  if (args.includes("--help") || args.includes("-h")) return writeOutput(HELP);
  const [name, more] = args;
  if (name === undefined) {
    throw usageError(`no shell given: sphttp completions ${SHELLS.join("|")}`);
  }
  const shell = SHELLS.find((known) => known === name);
  if (shell === undefined) {
    const shown = truncate(printable(name), 40);
    throw usageError(
      name.startsWith("-")
        ? `unknown option '${shown}'; try 'sphttp completions --help'`
        : `unknown shell '${shown}'; there are completions for ${SHELLS.join(", ")}`,
    );
  }
  if (more !== undefined) {
    throw usageError(`unexpected argument '${truncate(printable(more), 40)}'; name one shell`);
  }
  writeOutput(completions(shell));
}

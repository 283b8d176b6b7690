/**
 * `sphttp completions SHELL`: prints the script with which bash, zsh or fish completes the command. The
 * scripts are generated from the tables of flags.
 *
 * @module
 */

import { DelayRequestAlgorithm, DuplicateRequestAlgorithm } from "../../../mod.ts";
import type { Flag } from "../../command_line/flag_parser.ts";
import { ANALYZE_FLAGS } from "../analyze/analyze.ts";
import { type FlagName, FLAGS } from "../arguments/flags.ts";
import { METALINK_FLAGS } from "../metalink/metalink_command.ts";
import { PROBE_FLAGS } from "../probe/probe_arguments.ts";
import { usageError } from "../../command_line/command_error.ts";
import { writeOutput } from "../report/terminal.ts";
import { printable, truncate } from "../../command_line/terminal_text.ts";
import { PROOF_LEVELS } from "../../http/proof.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;

export type Shell = typeof SHELLS[number];

/** The kind of value that a flag takes. */
type Completion =
  | { readonly type: "none" }
  /** Any value; `value` is its placeholder in the help. */
  | { readonly type: "any"; readonly value: string }
  | { readonly type: "file"; readonly value: string }
  | { readonly type: "directory"; readonly value: string }
  | { readonly type: "choice"; readonly value: string; readonly choices: readonly string[] };

interface CompletedFlag {
  readonly names: readonly string[];
  readonly short: string | undefined;
  readonly help: string;
  readonly completion: Completion;
}

interface CompletedCommand {
  readonly name: string;
  readonly help: string;
  readonly flags: readonly CompletedFlag[];
  /** The kind of its arguments, or the words to choose from. */
  readonly argument: "url" | "file" | readonly string[];
}

/** Flags with a fixed set of values. */
const CHOICES: Readonly<Partial<Record<FlagName, readonly string[]>>> = {
  "checksum-from": ["auto"],
  "require-proof": PROOF_LEVELS,
  "deliver-after": ["agreement", "first-answer"],
  units: ["si", "iec"],
  delay: Object.values(DelayRequestAlgorithm),
  duplicate: Object.values(DuplicateRequestAlgorithm),
};

const HELP_FLAG: Flag = { name: "help", short: "h", help: "show help" };

/** The flags of the command without a subcommand. */
export const MAIN_FLAGS: readonly CompletedFlag[] = FLAGS.map(completed);

export const SUBCOMMANDS: readonly CompletedCommand[] = [
  {
    name: "probe",
    help: "measure mirrors without downloading",
    flags: PROBE_FLAGS.map(completed),
    argument: "url",
  },
  {
    name: "metalink",
    help: "write a Metalink of a file, or compare one",
    flags: METALINK_FLAGS.map(completed),
    argument: "file",
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
    flags: [completed(HELP_FLAG)],
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

export function spellings({ names, short }: CompletedFlag): string[] {
  return [...short === undefined ? [] : [`-${short}`], ...names.map((name) => `--${name}`)];
}

const BASH_HEAD = String.raw`# Completions of sphttp for bash. To install them:
#   sphttp completions bash > ~/.local/share/bash-completion/completions/sphttp

# Completes words.
_sphttp_words() {
  local word
  for word in $1; do
    if [[ $word == "$cur"* ]]; then COMPREPLY+=("$word"); fi
  done
}

# Completes files (-f) or directories (-d).
_sphttp_paths() {
  local path
  compopt -o filenames 2>/dev/null
  while IFS= read -r path; do COMPREPLY+=("$path"); done < <(compgen "$1" -- "$cur")
}

_sphttp() {
  local IFS=$' \t\n' cur=${"${COMP_WORDS[COMP_CWORD]}"} prev=${"${COMP_WORDS[COMP_CWORD - 1]}"} command=
  COMPREPLY=()
  # --flag=value is three words.
  if [[ $cur == = ]]; then cur=
  elif [[ $prev == = && COMP_CWORD -gt 2 ]]; then prev=${"${COMP_WORDS[COMP_CWORD - 2]}"}
  fi
  if (( COMP_CWORD > 1 )); then command=${"${COMP_WORDS[1]}"}; fi
`;

function bashCompletions(): string {
  const names = SUBCOMMANDS.map(({ name }) => name).join(" ");
  return `${BASH_HEAD}  case $command in
${SUBCOMMANDS.map(bashSubcommand).join("\n")}
  esac
${bashValues(MAIN_FLAGS, "  ")}  if [[ $cur == -* ]]; then _sphttp_words "${
    allSpellings(MAIN_FLAGS)
  }"
  elif (( COMP_CWORD == 1 )); then _sphttp_words "${names}"
  fi
}

complete -F _sphttp sphttp
`;
}

function bashSubcommand({ name, flags, argument }: CompletedCommand): string {
  const rest = argument === "url"
    ? ""
    : argument === "file"
    ? "\n      else _sphttp_paths -f"
    : `\n      elif (( COMP_CWORD == 2 )); then _sphttp_words "${argument.join(" ")}"`;
  return `    ${name})
${bashValues(flags, "      ")}      if [[ $cur == -* ]]; then _sphttp_words "${
    allSpellings(flags)
  }"${rest}
      fi
      return ;;`;
}

/** Returns the cases of flags that take a value; values of unknown kinds are not completed. */
function bashValues(flags: readonly CompletedFlag[], indent: string): string {
  const unknown = flags.filter(({ completion }) => completion.type === "any");
  const known = flags.filter(({ completion }) => !["none", "any"].includes(completion.type));
  const cases = known.map((flag) =>
    `${indent}  ${spellings(flag).join("|")}) ${bashAction(flag.completion)}; return ;;\n`
  );
  const others = unknown.length === 0
    ? ""
    : `${indent}  ${unknown.flatMap(spellings).join("|")}) return ;;\n`;
  const all = cases.join("") + others;
  return all === "" ? "" : `${indent}case $prev in\n${all}${indent}esac\n`;
}

function bashAction(completion: Completion): string {
  if (completion.type === "file") return "_sphttp_paths -f";
  if (completion.type === "directory") return "_sphttp_paths -d";
  return completion.type === "choice" ? `_sphttp_words "${completion.choices.join(" ")}"` : ":";
}

function allSpellings(flags: readonly CompletedFlag[]): string {
  return flags.flatMap(spellings).join(" ");
}

function zshCompletions(): string {
  const commands = SUBCOMMANDS.map(({ name, help }) => `    ${zshQuoted(`${name}:${help}`)}`);
  return `#compdef sphttp
# Completions of sphttp for zsh. To install them in a directory of $fpath:
#   sphttp completions zsh > ~/.zfunc/_sphttp

_sphttp_first() {
  local -a commands=(
${commands.join("\n")}
  )
  _describe command commands
  _urls
}

_sphttp() {
  if (( CURRENT > 2 )); then
    case $words[2] in
${SUBCOMMANDS.map(zshSubcommand).join("\n")}
    esac
  fi
  _arguments -s -S \\
${zshFlags(MAIN_FLAGS, "    ")}
    '1:URL or command:_sphttp_first' \\
    '*:URL:_urls'
}

if [[ $funcstack[1] == _sphttp ]]; then _sphttp "$@"; else compdef _sphttp sphttp; fi
`;
}

function zshSubcommand({ name, flags, argument }: CompletedCommand): string {
  // The first argument is the name of the subcommand.
  const rest = argument === "url"
    ? `'*:URL:_urls'`
    : argument === "file"
    ? `'2:file:_files'`
    : `'2:shell:(${argument.join(" ")})'`;
  return `      ${name})
        _arguments -s -S \\
${zshFlags(flags, "          ")}
          '1: :' \\
          ${rest}
        return ;;`;
}

/** Returns the specifications of flags for `_arguments`; each flag may be repeated. */
function zshFlags(flags: readonly CompletedFlag[], indent: string): string {
  return flags.map((flag) => {
    const { completion, help } = flag;
    const takesValue = completion.type !== "none";
    const forms = spellings(flag).map((form) =>
      form + (!takesValue ? "" : form.startsWith("--") ? "=" : "+")
    );
    const form = forms.length === 1 ? forms[0]! : `{${forms.join(",")}}`;
    const value = takesValue ? `:${zshEscaped(completion.value)}:${zshAction(completion)}` : "";
    return `${indent}'*'${form}${zshQuoted(`[${zshEscaped(help)}]${value}`)} \\`;
  }).join("\n");
}

function zshAction(completion: Completion): string {
  if (completion.type === "file") return "_files";
  if (completion.type === "directory") return "_files -/";
  return completion.type === "choice" ? `(${completion.choices.join(" ")})` : " ";
}

/** Escapes what is special for `_arguments`. */
function zshEscaped(text: string): string {
  return text.replace(/[\\:[\]]/g, "\\$&");
}

function zshQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fishCompletions(): string {
  const names = SUBCOMMANDS.map(({ name }) => name);
  const none = `not __fish_seen_subcommand_from ${names.join(" ")}`;
  const first = "test (count (commandline -opc)) -eq 1";
  const lines = [
    // URLs are not files.
    "complete -c sphttp -f",
    ...SUBCOMMANDS.map(({ name, help }) =>
      `complete -c sphttp -n ${fishQuoted(first)} -a ${name} -d ${fishQuoted(help)}`
    ),
    ...MAIN_FLAGS.map((flag) => fishFlag(flag, none)),
    ...SUBCOMMANDS.flatMap(({ name, flags, argument }) => {
      const inside = `__fish_seen_subcommand_from ${name}`;
      const lines = flags.map((flag) => fishFlag(flag, inside));
      if (argument === "url") return lines;
      const words = argument === "file" ? "-F" : `-a ${fishQuoted(argument.join(" "))}`;
      return [...lines, `complete -c sphttp -n ${fishQuoted(inside)} ${words}`];
    }),
  ];
  return `# Completions of sphttp for fish. To install them:
#   sphttp completions fish > ~/.config/fish/completions/sphttp.fish

${lines.join("\n")}
`;
}

function fishFlag({ names, short, help, completion }: CompletedFlag, condition: string): string {
  return [
    `complete -c sphttp -n ${fishQuoted(condition)}`,
    ...short === undefined ? [] : [`-s ${/^\w$/.test(short) ? short : `'${short}'`}`],
    ...names.map((name) => `-l ${name}`),
    ...fishValue(completion),
    `-d ${fishQuoted(help)}`,
  ].join(" ");
}

/** Returns the arguments for the value of a flag. */
function fishValue(completion: Completion): string[] {
  switch (completion.type) {
    case "none":
      return [];
    case "any":
      return ["-x"];
    case "file":
      return ["-r", "-F"];
    case "directory":
      return ["-x", "-a '(__fish_complete_directories)'"];
    case "choice":
      return ["-x", `-a ${fishQuoted(completion.choices.join(" "))}`];
  }
}

function fishQuoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

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

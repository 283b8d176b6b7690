/**
 * Completions for bash 3.2 or later. They do not need the package bash-completion.
 *
 * @module
 */

import {
  type CompletedCommand,
  type CompletedFlag,
  type Completion,
  MAIN_FLAGS,
  spellings,
  SUBCOMMANDS,
} from "./words.ts";

const HEAD = String.raw`# Completions of sphttp for bash. To install them:
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

/** Returns the script for bash. */
export function bashCompletions(): string {
  const names = SUBCOMMANDS.map(({ name }) => name).join(" ");
  return `${HEAD}  case $command in
${SUBCOMMANDS.map(subcommand).join("\n")}
  esac
${valuesOf(MAIN_FLAGS, "  ")}  if [[ $cur == -* ]]; then _sphttp_words "${allSpellings(MAIN_FLAGS)}"
  elif (( COMP_CWORD == 1 )); then _sphttp_words "${names}"
  fi
}

complete -F _sphttp sphttp
`;
}

function subcommand({ name, flags, argument }: CompletedCommand): string {
  const rest = argument === "url"
    ? ""
    : argument === "file"
    ? "\n      else _sphttp_paths -f"
    : `\n      elif (( COMP_CWORD == 2 )); then _sphttp_words "${argument.join(" ")}"`;
  return `    ${name})
${valuesOf(flags, "      ")}      if [[ $cur == -* ]]; then _sphttp_words "${
    allSpellings(flags)
  }"${rest}
      fi
      return ;;`;
}

/** Returns the cases of flags that take a value; values of unknown kinds are not completed. */
function valuesOf(flags: readonly CompletedFlag[], indent: string): string {
  const unknown = flags.filter(({ completion }) => completion.type === "any");
  const known = flags.filter(({ completion }) => !["none", "any"].includes(completion.type));
  const cases = known.map((flag) =>
    `${indent}  ${spellings(flag).join("|")}) ${actionOf(flag.completion)}; return ;;\n`
  );
  const others = unknown.length === 0
    ? ""
    : `${indent}  ${unknown.flatMap(spellings).join("|")}) return ;;\n`;
  const all = cases.join("") + others;
  return all === "" ? "" : `${indent}case $prev in\n${all}${indent}esac\n`;
}

function actionOf(completion: Completion): string {
  if (completion.type === "file") return "_sphttp_paths -f";
  if (completion.type === "directory") return "_sphttp_paths -d";
  return completion.type === "choice" ? `_sphttp_words "${completion.choices.join(" ")}"` : ":";
}

function allSpellings(flags: readonly CompletedFlag[]): string {
  return flags.flatMap(spellings).join(" ");
}

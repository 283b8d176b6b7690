/**
 * Completions for zsh: a file for a directory in `$fpath`, which can also be sourced.
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

/** Returns the script for zsh. */
export function zshCompletions(): string {
  const commands = SUBCOMMANDS.map(({ name, help }) => `    ${quoted(`${name}:${help}`)}`);
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
${SUBCOMMANDS.map(subcommand).join("\n")}
    esac
  fi
  _arguments -s -S \\
${specifications(MAIN_FLAGS, "    ")}
    '1:URL or command:_sphttp_first' \\
    '*:URL:_urls'
}

if [[ $funcstack[1] == _sphttp ]]; then _sphttp "$@"; else compdef _sphttp sphttp; fi
`;
}

function subcommand({ name, flags, argument }: CompletedCommand): string {
  // The first argument is the name of the subcommand.
  const rest = argument === "url"
    ? `'*:URL:_urls'`
    : argument === "file"
    ? `'2:file:_files'`
    : `'2:shell:(${argument.join(" ")})'`;
  return `      ${name})
        _arguments -s -S \\
${specifications(flags, "          ")}
          '1: :' \\
          ${rest}
        return ;;`;
}

/** Returns the specifications of flags for `_arguments`; each flag may be repeated. */
function specifications(flags: readonly CompletedFlag[], indent: string): string {
  return flags.map((flag) => {
    const { completion, help } = flag;
    const takesValue = completion.type !== "none";
    const forms = spellings(flag).map((form) =>
      form + (!takesValue ? "" : form.startsWith("--") ? "=" : "+")
    );
    const form = forms.length === 1 ? forms[0]! : `{${forms.join(",")}}`;
    const value = takesValue ? `:${escaped(completion.value)}:${actionOf(completion)}` : "";
    return `${indent}'*'${form}${quoted(`[${escaped(help)}]${value}`)} \\`;
  }).join("\n");
}

function actionOf(completion: Completion): string {
  if (completion.type === "file") return "_files";
  if (completion.type === "directory") return "_files -/";
  return completion.type === "choice" ? `(${completion.choices.join(" ")})` : " ";
}

/** Escapes what is special for `_arguments`. */
function escaped(text: string): string {
  return text.replace(/[\\:[\]]/g, "\\$&");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * Completions for fish.
 *
 * @module
 */

import { type CompletedFlag, type Completion, MAIN_FLAGS, SUBCOMMANDS } from "./words.ts";

/** Returns the script for fish. */
export function fishCompletions(): string {
  const names = SUBCOMMANDS.map(({ name }) => name);
  const none = `not __fish_seen_subcommand_from ${names.join(" ")}`;
  const first = "test (count (commandline -opc)) -eq 1";
  const lines = [
    // URLs are not files.
    "complete -c sphttp -f",
    ...SUBCOMMANDS.map(({ name, help }) =>
      `complete -c sphttp -n ${quoted(first)} -a ${name} -d ${quoted(help)}`
    ),
    ...MAIN_FLAGS.map((flag) => flagLine(flag, none)),
    ...SUBCOMMANDS.flatMap(({ name, flags, argument }) => {
      const inside = `__fish_seen_subcommand_from ${name}`;
      const lines = flags.map((flag) => flagLine(flag, inside));
      if (argument === "url") return lines;
      const words = argument === "file" ? "-F" : `-a ${quoted(argument.join(" "))}`;
      return [...lines, `complete -c sphttp -n ${quoted(inside)} ${words}`];
    }),
  ];
  return `# Completions of sphttp for fish. To install them:
#   sphttp completions fish > ~/.config/fish/completions/sphttp.fish

${lines.join("\n")}
`;
}

function flagLine({ names, short, help, completion }: CompletedFlag, condition: string): string {
  return [
    `complete -c sphttp -n ${quoted(condition)}`,
    ...short === undefined ? [] : [`-s ${short}`],
    ...names.map((name) => `-l ${name}`),
    ...valueOf(completion),
    `-d ${quoted(help)}`,
  ].join(" ");
}

/** Returns the arguments for the value of a flag. */
function valueOf(completion: Completion): string[] {
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
      return ["-x", `-a ${quoted(completion.choices.join(" "))}`];
  }
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

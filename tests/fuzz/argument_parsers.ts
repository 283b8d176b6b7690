/**
 * The parsers of the command line and of files that stand for it, and of lists of mirrors. Each throws a
 * `CommandError` for what it does not take.
 *
 * @module
 */

import { argumentsOf, parseConfig } from "../../lib/cli/arguments/configuration/config_file.ts";
import { FLAGS } from "../../lib/cli/arguments/flags.ts";
import { parseMirrorList } from "../../lib/cli/mirrors/mirror_list.ts";
import { baseName, directoryOf, kindOfPath } from "../../lib/cli/part/path.ts";
import { CommandError } from "../../lib/command_line/command_error.ts";
import { type Argument, parseFlags } from "../../lib/command_line/flag_parser.ts";
import { wrapLines } from "../../lib/command_line/terminal_text.ts";
import { hard, type Parser } from "./parser.ts";

/** Parses arguments, and reads a flag that may be given many times. */
async function readFlags(args: readonly Argument[]): Promise<void> {
  const { each } = await parseFlags("sphttp", args, FLAGS);
  each("header", (_flag, text) => text);
}

export const ARGUMENT_PARSERS: readonly Parser[] = [
  {
    name: "configuration files",
    pieces: [
      ...["header", "output", "url", "silent", "no-silent", "nonsense", "-o", "-s", "--", "-"],
      ...["=", ":", " ", "\n", "\r", '"', "\\", "#", "a: b", "http://a/", "\t"],
    ],
    parse: async (text) => await readFlags(argumentsOf(await parseConfig(text, "config"))),
    declares: [CommandError],
    hard: [
      ...[
        "|\n|",
        "|# a\n|",
        '|header = "a: b"\n|',
        "|-H a:b\n|",
        "|silent\n|",
        "|url = http://a\n|",
      ],
      ...[
        'output = "|\\|',
        'output = "|a|',
        'output = "a"| |x',
        "output| |x",
        "output =| |",
        "-o| |",
      ],
      ...["|x|=1", "|no-|x", "|-|", "--|output|", "|x-|", "|header=a\nno-silent\n|"],
    ].map(hard),
  },
  {
    name: "arguments",
    pieces: ["-", "--", "s", "S", "o", "H", "a:b", "=", "output", "header", "no-", "\n", "é", " "],
    parse: async (text) => await readFlags(text.split("\n")),
    declares: [CommandError],
    hard: [
      ...[
        "-|s|",
        "-|s|!",
        "-|é|",
        "-o|s|",
        "--|a|",
        "--a=|b|",
        "--no-|no-|",
        "|-Ha:b\n|",
        "|-s\n|",
      ],
      ...["|-H\na\n|", "|--header=a\n|", "|a\n|", "|--\n|"],
    ].map(hard),
  },
  {
    name: "paths of files, and messages about them",
    pieces: ["/", "\\", "a", "c:", ".", " ", "nul", "\n", "é", "//"],
    parse: (text) => {
      for (const windows of [false, true]) {
        baseName(text, windows);
        directoryOf(text, windows);
        kindOfPath(text, windows);
      }
      wrapLines(text, 79);
    },
    declares: [],
    hard: ["|/|a", "a|/|b/", "|\\|a", "|a/|", "|é |", "| |a", "|a  |"].map(hard),
  },
  {
    name: "lists of mirrors",
    pieces: [
      ...[
        "http://",
        "https://a.example/",
        "rsync://b/",
        "Server = ",
        "$repo",
        "/",
        " ",
        "\n",
        "\t",
      ],
      ...["#", "<", '"', ",", "?", "a", "+", ":", "\ufeff", "\r"],
    ],
    parse: (text) => {
      for (const path of [undefined, "a/f"]) {
        try {
          parseMirrorList(text, "list", path);
        } catch (error) {
          if (!(error instanceof CommandError) || path !== undefined) throw error;
        }
      }
    },
    declares: [CommandError],
    hard: [
      ...[
        "|\n|",
        "|http://a/\n|",
        "|Server = http://a/$repo/os\n|",
        "http://a/|$/|",
        "http://a|/|b",
      ],
      ...["http://a/|?|", "|a+|", "|a://|", "| |<", "|rsync://a/ http://b\n|", "http://a/|/$|"],
    ].map(hard),
  },
];

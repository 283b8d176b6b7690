/**
 * Makes the texts of `--help` from the table of flags: the common options on one screen, one group, or
 * everything. They fit into 80 columns.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";
import { type Flag, flagLine } from "../../command_line/flag_parser.ts";
import { FLAG_GROUPS, type FlagName } from "./flags.ts";

/** The column in which descriptions begin. */
const COLUMN = 37;

/** The flags of the short help. */
const COMMON: ReadonlySet<string> = new Set<FlagName>([
  "header",
  "user",
  "proxy",
  "output",
  "continue-at",
  "input-file",
  "checksum",
  "checksum-file",
  "limit-rate",
  "max-time",
  "silent",
  "verbose",
]);

/** Returns the help on a topic: `all`, a group like `limits`, or by default the common options. */
export function helpText(version: string, topic?: string): string {
  if (topic === undefined) return commonHelp(version);
  if (topic === "all") return wholeHelp(version);
  const group = Object.entries(FLAG_GROUPS).find(([title]) => keyOf(title) === topic.toLowerCase());
  if (group === undefined) {
    throw usageError(`unknown help topic '${topic}'; topics are all, ${topics().join(", ")}`);
  }
  return groupHelp(group);
}

function commonHelp(version: string): string {
  const groups = Object.entries(FLAG_GROUPS).flatMap(([title, flags]) => {
    const common = flags.filter(({ name }) => COMMON.has(name));
    return common.length === 0 ? [] : [groupHelp([title, common])];
  });
  return `sphttp ${version}: one file from many HTTP mirrors at once, in order
Usage: sphttp [options] URL...    (all URLs are mirrors of the same file)
       sphttp probe URL... | metalink FILE URL... | analyze TRACE | completions
${groups.join("")}'--help all' shows every option and the exit codes; other topics:
  ${topics().join(", ")}
`;
}

function wholeHelp(version: string): string {
  return `sphttp ${version}: one file from many HTTP mirrors at once, in order
Usage: sphttp [options] URL...    (all URLs are mirrors of the same file)
${
    Object.entries(FLAG_GROUPS).map(groupHelp).join("")
  }SIZE is a number of bytes; K, M and G stand for 1024, 1024^2 and 1024^3.
A URL may contain {a,b} and [1-3]; each expansion is a mirror.
Options of ~/.config/sphttp/config (XDG_CONFIG_HOME), one a line, come first.
Commands:
  sphttp probe URL...       measure mirrors: which are worth using?
  sphttp metalink FILE URL  write a Metalink of FILE, which is at these URLs
  sphttp analyze TRACE      print the thesis's measures of a trace, or plot it
  sphttp completions SHELL  print completions for bash, zsh or fish
Examples:
  sphttp https://a.example/f.iso https://b.example/f.iso
  sphttp -o - https://a.example/f.tar https://b.example/f.tar | tar x
  sphttp -C - -o f.iso --checksum sha-256=HEX https://{a,b,c}.example/f.iso
Exit codes: 0 complete, 1 not HTTP, 2 usage, 3 URL, 5 proxy name, 6 host name,
  7 connect, 8 header, 16 HTTP/2, 18 truncated, 22 HTTP status, 23 write,
  26 read, 28 timeout, 32 checksum or signature, 33 range, 35 TLS,
  36 cannot resume, 47 redirects, 52 no response, 56 receive, or mirrors differ,
  60 certificate, 129 terminal closed, 130 Ctrl-C, 143 SIGTERM
`;
}

function groupHelp([title, flags]: readonly [string, readonly Flag[]]): string {
  return `${title}:\n${flags.map((flag) => flagLine(flag, COLUMN)).join("\n")}\n`;
}

function topics(): string[] {
  return Object.keys(FLAG_GROUPS).map(keyOf);
}

/** Returns the topic of a group: its last word. */
function keyOf(title: string): string {
  return title.toLowerCase().split(" ").at(-1)!;
}

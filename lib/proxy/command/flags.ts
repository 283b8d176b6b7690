/**
 * The flags of the proxy's command in one table, from which parsing, `--help` and "did you mean"
 * come. What the values mean is not known here (see values.ts).
 *
 * @module
 */

import { flagLine } from "../../command_line/flag_line.ts";
import type { Flag } from "../../command_line/flag_parser.ts";

/** The flags in the groups and the order in which the help shows them. */
export const FLAG_GROUPS = {
  "Where it listens": [
    { name: "host", value: "ADDR", help: "address (127.0.0.1)" },
    { name: "port", value: "N", help: "port (8080); 0 takes a free one" },
    { name: "cert", value: "FILE", help: "speak TLS and HTTP/2 with this certificate (PEM)" },
    { name: "key", value: "FILE", help: "and this private key (PEM)" },
  ],
  "Whom it serves": [
    { name: "token", value: "TOKEN", help: "only who shows it: token=… or a Bearer token" },
    { name: "cors", value: "ORIGIN", help: "pages that may read answers, or *; repeatable" },
    { name: "open", help: "everybody, also where others can reach it" },
  ],
  "Which mirrors it uses": [
    { name: "allow-host", value: "PATTERN", help: "only a.example, *.a.example, 10.0.0.0/8 …" },
    { name: "allow-private", help: "those at private and loopback addresses too" },
    { name: "cacert", value: "FILE", help: "trust these certificates (PEM) too" },
    { name: "max-mirrors", value: "N", help: "in one request (32)" },
    { name: "remember", value: "SECONDS", help: "what was learned of them (60)" },
  ],
  "How it runs": [
    { name: "memory", value: "SIZE", help: "for all downloads together (256M)" },
    { name: "max-downloads", value: "N", help: "at once (128)" },
    { name: "log", value: "FORMAT", help: "lines of stdout: [text], json or none" },
    { name: "drain-timeout", value: "SECONDS", help: "that downloads have at the end (30)" },
  ],
  "Help": [
    { name: "help", short: "h", help: "show this" },
    { name: "version", short: "V", help: "show the version" },
  ],
} as const satisfies Readonly<Record<string, readonly Flag[]>>;

type Groups = typeof FLAG_GROUPS;

/** The long name of a flag. */
export type FlagName = Groups[keyof Groups][number]["name"];

/** All flags. */
export const FLAGS: readonly (Flag & { readonly name: FlagName })[] = Object.values(FLAG_GROUPS)
  .flat();

/** Exit codes of the command, besides those of a second signal. */
export const ExitCode = {
  /** A signal asked it to end, and it has. */
  OK: 0,
  /** It cannot listen, or failed in a way that it has no other code for. */
  FAILED: 1,
  /** The command line makes no sense, or names a file that cannot be used. */
  USAGE: 2,
} as const;

/** Column in which the words about a flag begin. */
const COLUMN = 31;

/** The whole help. It fits 80 columns. */
export function helpText(version: string): string {
  const groups = Object.entries(FLAG_GROUPS).map(([title, flags]) =>
    [`${title}:`, ...flags.map((flag) => flagLine(flag, COLUMN))].join("\n")
  );
  return `sphttp-proxy ${version}: one file from many HTTP mirrors at once, at one URL
Usage: sphttp-proxy [options], then /proxy?host=URL,URL and / for a page
${groups.join("\n")}
SIZE is a number of bytes; K, M and G stand for 1024, 1024^2 and 1024^3.
On an address that others can reach it wants --token, --allow-host or --open.
Exit codes: 0 ended by a signal, 1 failed (cannot listen, say), 2 usage;
  for who does not wait: 130 Ctrl-C twice, 143 SIGTERM twice
`;
}

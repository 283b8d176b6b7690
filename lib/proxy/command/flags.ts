/**
 * The options of the proxy's command in one table, which drives parsing, `--help` and suggestions
 * for unknown options. arguments.ts parses the values.
 *
 * @module
 */

import { type Flag, flagLine } from "../../command_line/flag_parser.ts";

/** An option of the command. */
interface ProxyFlag extends Flag {
  /** Whether only `--help all` lists it. */
  readonly rare?: true;
}

/** The options, in the groups and the order in which the help lists them. */
export const FLAG_GROUPS = {
  "Address": [
    { name: "host", value: "ADDR", help: "address to listen on (127.0.0.1)" },
    { name: "port", value: "N", help: "port to listen on (8080); 0 picks a free one" },
    {
      name: "public-name",
      value: "NAME",
      help: "a name that clients use, or *; repeatable",
    },
    { name: "cert", value: "FILE", help: "use TLS and HTTP/2 with this certificate (PEM)" },
    { name: "key", value: "FILE", help: "the private key of the certificate (PEM)" },
  ],
  "Clients": [
    { name: "token-file", value: "FILE", help: "require the token in FILE (or SPHTTP_TOKEN)" },
    {
      name: "token",
      value: "TOKEN",
      help: "require this one; other users see it in ps",
      rare: true,
    },
    {
      name: "cors",
      value: "ORIGIN",
      help: "let pages from ORIGIN or * use it; repeatable",
      rare: true,
    },
    { name: "open", help: "allow everyone, without a token" },
  ],
  "Mirrors": [
    { name: "allow-host", value: "PATTERN", help: "allow these only: *.a.example, 10.0.0.0/8 …" },
    { name: "allow-private", help: "allow private and loopback addresses" },
    { name: "allow-downgrade", help: "follow redirects from https to http", rare: true },
    { name: "cacert", value: "FILE", help: "trust these certificates (PEM) too", rare: true },
    { name: "discover-mirrors", help: "use those that the server of one names", rare: true },
    { name: "max-mirrors", value: "N", help: "maximum per request (32)", rare: true },
    {
      name: "deliver-after",
      value: "WHAT",
      help: "agreement of the mirrors, or first-answer",
      rare: true,
    },
    {
      name: "retry-max-time",
      value: "N",
      help: "seconds a response waits for mirrors (30)",
      rare: true,
    },
    {
      name: "remember",
      value: "SECONDS",
      help: "how long to reuse probe results (60)",
      rare: true,
    },
    { name: "trust-dates", help: "ETags that last, by Last-Modified alone", rare: true },
  ],
  "Operation": [
    { name: "memory", value: "SIZE", help: "shared by all downloads (256M)" },
    { name: "max-downloads", value: "N", help: "maximum at once (128)" },
    {
      name: "stall-timeout",
      value: "SECONDS",
      help: "until a stalled client makes way (120)",
      rare: true,
    },
    {
      name: "max-connections",
      value: "N",
      help: "of clients; at most 1024 or a third of ulimit -n",
      rare: true,
    },
    {
      name: "header-timeout",
      value: "SECONDS",
      help: "until a request must have come (15)",
      rare: true,
    },
    {
      name: "idle-timeout",
      value: "SECONDS",
      help: "until an idle connection is closed (60)",
      rare: true,
    },
    { name: "log", value: "FORMAT", help: "access log on stdout: text, json, none (text)" },
    {
      name: "metrics",
      value: "PLACE",
      help: "metrics at /PATH, PORT, HOST:PORT or none",
      rare: true,
    },
    { name: "drain-timeout", value: "SECONDS", help: "time for downloads to finish on exit (30)" },
  ],
  "Help": [
    { name: "help", short: "h", help: "print this help, or all of it: --help all" },
    { name: "version", short: "V", help: "print the version" },
  ],
} as const satisfies Readonly<Record<string, readonly ProxyFlag[]>>;

type Groups = typeof FLAG_GROUPS;

export type FlagName = Groups[keyof Groups][number]["name"];

export const FLAGS: readonly (Flag & { readonly name: FlagName })[] = Object.values(FLAG_GROUPS)
  .flat();

/** Exit codes of the command; a second signal has its own. */
export const ExitCode = {
  /** It was stopped by a signal. */
  OK: 0,
  /** It cannot listen, or failed for another reason. */
  FAILED: 1,
  /** The command line is invalid, or names a file that cannot be used. */
  USAGE: 2,
} as const;

/** The column in which descriptions begin. */
const COLUMN = 33;

/** Returns the text of `--help`, which fits a screen, or of `--help all`; both fit 80 columns. */
export function helpText(version: string, topic: "common" | "all"): string {
  const groups = Object.entries<readonly ProxyFlag[]>(FLAG_GROUPS).map(([title, flags]) => {
    const shown = flags.filter(({ rare }) => topic === "all" || !rare);
    return [`${title}:`, ...shown.map((flag) => flagLine(flag, COLUMN))].join("\n");
  });
  return `sphttp-proxy ${version}: serve a file on many HTTP mirrors as one fast URL
Usage: sphttp-proxy [options]
       sphttp-proxy link URL…       print a signed link; see link --help
  then open http://127.0.0.1:8080/ or request /proxy?host=URL,URL,URL
${groups.join("\n")}
SIZE is in bytes; the suffixes K, M and G mean 1024, 1024^2 and 1024^3.
To listen on an address that others can reach, use --token-file, --allow-host or
--open as well.
Exit codes: 0 stopped by a signal, 1 failed (cannot listen …), 2 usage,
  130 second Ctrl-C, 143 second SIGTERM
`;
}

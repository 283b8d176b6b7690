/**
 * The flags of the command in one table, from which parsing, `--help`, completions and "did you mean"
 * come. What the values mean is not known here (see values.ts); curl's short flags, aria2's long
 * names where curl has none.
 *
 * @module
 */

import type { Flag } from "../../command_line/flag_parser.ts";

/** Flags that say how mirrors are asked, whatever for. */
export const REQUEST_FLAGS = [
  {
    name: "header",
    short: "H",
    value: "HEADER",
    help: 'send "Name: value" too; repeatable',
    common: true,
  },
  { name: "user-agent", short: "A", value: "NAME", help: "what the client calls itself" },
  { name: "referer", short: "e", value: "URL", help: "where the link was found" },
  { name: "cookie", short: "b", value: "NAME=VALUE", help: "cookies to send" },
  {
    name: "user",
    short: "u",
    value: "USER:PASS",
    help: "for the given mirrors, no others",
    common: true,
  },
  { name: "netrc", short: "n", help: "the same from ~/.netrc, by host" },
  { name: "netrc-file", value: "FILE", help: "the same from FILE" },
  {
    name: "proxy",
    short: "x",
    value: "URL",
    help: "http, https, socks5; or HTTP_PROXY …",
    common: true,
  },
  { name: "cacert", value: "FILE", help: "trust these certificates (PEM) too" },
  { name: "insecure", short: "k", help: "trust any certificate", dangerous: true },
  { name: "http1.1", help: "speak HTTP/1.1 only" },
  { name: "http2", help: "speak HTTP/2 only" },
] as const satisfies readonly Flag[];

/** How long the first answer of a mirror may take. */
export const CONNECT_TIMEOUT = {
  name: "connect-timeout",
  value: "SECONDS",
  help: "for the first answer of a mirror (10)",
} as const satisfies Flag;

/** One of the flags that say how mirrors are asked. */
export type RequestFlagName = typeof REQUEST_FLAGS[number]["name"] | typeof CONNECT_TIMEOUT.name;

/** The flags in the groups and the order in which the help shows them. */
export const FLAG_GROUPS = {
  Output: [
    {
      name: "output",
      short: "o",
      value: "FILE",
      help: "where to (- is stdout); else the URL's name",
      common: true,
    },
    { name: "remote-name", short: "O", help: "the first URL's name, which is the default" },
    { name: "output-dir", value: "DIR", help: "the directory of FILE" },
    { name: "create-dirs", help: "make directories that do not exist" },
    { name: "no-clobber", help: "where FILE exists, take FILE.1 …" },
    {
      name: "continue-at",
      short: "C",
      value: "-",
      help: "go on with FILE.part where it ends",
      common: true,
    },
    { name: "range", short: "r", value: "RANGE", help: "a part: 0-499, 500- or -500" },
    { name: "remote-time", short: "R", help: "give FILE the mirrors' Last-Modified" },
    { name: "remove-on-error", help: "leave no FILE.part after an error" },
  ],
  "Several files": [
    {
      name: "input-file",
      short: "i",
      value: "FILE",
      help: "a file a line, its mirrors side by side",
      common: true,
    },
    {
      name: "max-concurrent-downloads",
      short: "j",
      value: "N",
      help: "files at once (2)",
    },
  ],
  Integrity: [
    {
      name: "checksum",
      value: "ALG=HEX",
      help: "sha-256, sha-512, sha-1 or md5; repeatable",
      common: true,
    },
    {
      name: "checksum-file",
      value: "FILE",
      help: "find the file's name in a SHA256SUMS",
      common: true,
    },
  ],
  Requests: [
    ...REQUEST_FLAGS,
    { name: "max-redirs", value: "N", help: "for one request (10)" },
    { name: "location", short: "L", help: "follow redirects, as always" },
    { name: "fail", short: "f", help: "take no error page for the file, as always" },
  ],
  Limits: [
    {
      name: "limit-rate",
      value: "RATE",
      help: "bytes a second, all mirrors together",
      common: true,
    },
    CONNECT_TIMEOUT,
    { name: "max-time", short: "m", value: "SECONDS", help: "for everything", common: true },
    { name: "retry", value: "N", help: "failures in a row that are forgiven (4)" },
    { name: "retry-max-time", value: "SECONDS", help: "no more retries after it" },
    {
      name: "speed-limit",
      alias: "lowest-speed-limit",
      short: "Y",
      value: "RATE",
      help: "give up a mirror that is slower",
    },
    { name: "speed-time", short: "y", value: "SECONDS", help: "for so long (30)" },
  ],
  Display: [
    { name: "silent", short: "s", help: "say nothing", common: true },
    { name: "show-error", short: "S", help: "but errors" },
    {
      name: "verbose",
      short: "v",
      help: "each request and decision, with its reason",
      common: true,
    },
    { name: "no-progress", alias: "no-progress-meter", help: "messages only" },
    { name: "json", help: "events as lines of JSON on stderr" },
    {
      name: "write-out",
      short: "w",
      value: "FORMAT",
      help: "%{speed_download} and so on at the end",
    },
    { name: "trace", value: "FILE", help: "write every event, for sphttp analyze" },
  ],
  Servers: [
    {
      name: "max-connection-per-server",
      value: "N",
      help: "adaptive: at once to each (2), or auto",
    },
    { name: "server-stat-of", value: "FILE", help: "keep in FILE how fast each server is" },
    { name: "server-stat-if", value: "FILE", help: "adaptive: start with what FILE says" },
    {
      name: "server-stat-timeout",
      value: "SECONDS",
      help: "age at which that is forgotten (86400)",
    },
  ],
  Order: [
    { name: "delay", value: "ALG", help: "[adaptive], diff, normal, inv or static" },
    { name: "static-delay", value: "URL=N", help: "delay for one mirror, in blocks; repeatable" },
    {
      name: "initial-delay-coefficient",
      value: "N",
      help: "diff: blocks for each multiple of delay (10)",
    },
    { name: "no-initial-delay", help: "diff: start without a delay" },
    { name: "duplicate", value: "ALG", help: "diff and kin: nibib (default), ibrc, none" },
    { name: "invalid-block-threshold", value: "N", help: "blocks that make it act (20)" },
    { name: "close-bad-connections", help: "close a mirror that had to be doubled" },
    { name: "split-size", value: "SIZE", help: "bytes in a block (1000000)" },
    { name: "window", value: "SIZE", help: "bytes held and asked for ahead (32M)" },
  ],
  Help: [
    { name: "help", short: "h", help: "show this; --help all shows everything" },
    { name: "version", short: "V", help: "show the version" },
  ],
} as const satisfies Readonly<Record<string, readonly Flag[]>>;

type Groups = typeof FLAG_GROUPS;

/** The long name of a flag. */
export type FlagName = Groups[keyof Groups][number]["name"];

/** All flags. */
export const FLAGS: readonly (Flag & { readonly name: FlagName })[] = Object.values(FLAG_GROUPS)
  .flat();

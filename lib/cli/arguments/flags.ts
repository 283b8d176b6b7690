/**
 * The table of the command's flags. Parsing, `--help`, completions and "did you mean" all use it. Short
 * names are curl's; long names are aria2's if curl has none.
 *
 * To add a flag:
 *
 * 1. Add it to a group below.
 * 2. Parse its value in download_arguments.ts, or in engine_flags.ts if it sets an option of the engine;
 *    in that case, also name the option in `FLAG_BY_OPTION` of validate.ts.
 * 3. Document it in docs/sphttp.md, and give tests/cli/nonsense_test.ts values that it must refuse.
 *
 * @module
 */

import type { Flag } from "../../command_line/flag_parser.ts";

/** Flags that say how requests are sent. `sphttp probe` has them, too. */
export const REQUEST_FLAGS = [
  { name: "globoff", short: "g", help: "take [ ] and { } in URLs literally" },
  { name: "header", short: "H", value: "HEADER", help: 'send "Name: value"; repeatable' },
  {
    name: "user-agent",
    insteadOf: ["-U"],
    short: "A",
    value: "NAME",
    help: "User-Agent to send (sphttp/VERSION)",
  },
  { name: "referer", short: "e", value: "URL", help: "Referer to send" },
  {
    name: "cookie",
    insteadOf: ["--load-cookies"],
    short: "b",
    value: "NAME=VALUE",
    help: "cookies to send",
  },
  {
    name: "user",
    insteadOf: ["--http-user"],
    short: "u",
    value: "USER:PASS",
    help: "credentials for the given mirrors",
  },
  { name: "netrc", short: "n", help: "take credentials from ~/.netrc, by host" },
  {
    name: "netrc-file",
    insteadOf: ["--netrc-path"],
    value: "FILE",
    help: "take credentials from FILE",
  },
  {
    name: "proxy",
    insteadOf: ["--all-proxy"],
    short: "x",
    value: "URL",
    help: "http, https or socks5 proxy; '' for none",
  },
  {
    name: "noproxy",
    insteadOf: ["--no-proxy"],
    value: "LIST",
    help: "hosts without a proxy, * is all",
  },
  { name: "resolve", value: "HOST:PORT:ADDR", help: "connect to ADDR; repeatable" },
  { name: "connect-to", value: "H1:P1:H2:P2", help: "connect to H2:P2; repeatable" },
  {
    name: "ipv4",
    insteadOf: ["--disable-ipv6"],
    short: "4",
    help: "connect to IPv4 addresses only",
  },
  { name: "ipv6", short: "6", help: "connect to IPv6 addresses only" },
  { name: "interface", value: "NAME", help: "connect from this interface or address" },
  {
    name: "cacert",
    insteadOf: ["--ca-certificate"],
    value: "FILE",
    help: "also trust these certificates (PEM)",
  },
  {
    name: "cert",
    insteadOf: ["--certificate"],
    short: "E",
    value: "FILE",
    help: "client certificate (PEM)",
  },
  {
    name: "key",
    insteadOf: ["--private-key"],
    value: "FILE",
    help: "its private key (PEM), if not in --cert",
  },
  { name: "insecure", short: "k", help: "trust any certificate", dangerous: true },
  { name: "http1.1", help: "use HTTP/1.1 only" },
  { name: "http2", help: "require HTTP/2 of https servers" },
] as const satisfies readonly Flag[];

/** The time limit for the first response of a mirror. */
export const CONNECT_TIMEOUT = {
  name: "connect-timeout",
  value: "SECONDS",
  help: "limit for a mirror's first response (10)",
} as const satisfies Flag;

/** The long name of a flag that says how requests are sent. */
export type RequestFlagName = typeof REQUEST_FLAGS[number]["name"] | typeof CONNECT_TIMEOUT.name;

/** The flags, in the groups and the order of the help. */
export const FLAG_GROUPS = {
  Output: [
    {
      name: "output",
      insteadOf: ["--out"],
      short: "o",
      value: "FILE",
      help: "write to FILE, - is stdout",
    },
    { name: "remote-name", short: "O", help: "use the first URL's name (default)" },
    { name: "remote-header-name", short: "J", help: "use the name that the server gives" },
    { name: "output-dir", insteadOf: ["-d", "--dir"], value: "DIR", help: "directory for FILE" },
    { name: "create-dirs", help: "create missing directories" },
    {
      name: "no-clobber",
      insteadOf: ["--auto-file-renaming"],
      help: "if FILE exists, use FILE.1, FILE.2 …",
    },
    {
      name: "continue-at",
      insteadOf: ["-c", "--continue"],
      short: "C",
      value: "-",
      help: "resume at the end of FILE.part",
    },
    { name: "range", short: "r", value: "RANGE", help: "download a part: 0-499, 500- or -500" },
    { name: "time-cond", short: "z", value: "DATE", help: "only if newer than DATE or a file" },
    { name: "etag-compare", value: "FILE", help: "only if its ETag is not that in FILE" },
    { name: "etag-save", value: "FILE", help: "save its ETag in FILE" },
    { name: "remote-time", short: "R", help: "set FILE's time to Last-Modified" },
    {
      name: "on-complete",
      alias: "on-download-complete",
      value: "CMD",
      help: "run CMD FILE once FILE is complete",
    },
    { name: "remove-on-error", help: "remove FILE.part on failure" },
  ],
  "Several files": [
    { name: "input-file", short: "i", value: "FILE", help: "download the files listed in FILE" },
    {
      name: "metalink",
      insteadOf: ["--metalink-file"],
      short: "M",
      value: "FILE",
      help: "download what the Metalink lists (or URL)",
    },
    { name: "select-file", value: "NAME", help: "Metalink: only this file; repeatable" },
    { name: "max-mirrors", value: "N", help: "most mirrors of a list or Metalink (8)" },
    { name: "no-mirrors", help: "do not use mirrors that the server names" },
    { name: "trust-mirrors", help: "use them even without a digest or ETag" },
    { name: "max-concurrent-downloads", short: "j", value: "N", help: "concurrent downloads (2)" },
  ],
  Integrity: [
    {
      name: "checksum",
      value: "ALG=HEX",
      help: "verify: sha-256, -512, -384, -224, -1 or md5",
    },
    { name: "checksum-file", value: "FILE", help: "verify by a SHA256SUMS file (or URL)" },
    { name: "checksum-from", value: "auto", help: "find such a file on the mirrors" },
    { name: "require-proof", value: "LEVEL", help: "pieces, digest, tags, bytes or [size]" },
    { name: "ignore-digests", help: "do not use digests that servers give" },
    { name: "signature", value: "FILE", help: "verify a signature (or URL, or auto)" },
    { name: "signature-key", value: "FILE", help: "by this OpenPGP or minisign key" },
  ],
  Requests: [
    ...REQUEST_FLAGS,
    {
      name: "max-redirs",
      insteadOf: ["--max-redirect"],
      value: "N",
      help: "maximum redirects per request (50)",
    },
    { name: "location", short: "L", help: "follow redirects (always on)", always: true },
    { name: "allow-html", help: "save web pages, whatever FILE should be" },
    { name: "fail", short: "f", help: "do not save error pages (always on)", always: true },
  ],
  Limits: [
    {
      name: "limit-rate",
      insteadOf: ["--max-overall-download-limit", "--max-speed"],
      value: "RATE",
      help: "bytes per second, all files together",
    },
    CONNECT_TIMEOUT,
    {
      name: "max-time",
      insteadOf: ["--stop"],
      short: "m",
      value: "SECONDS",
      help: "limit for the whole command",
    },
    {
      name: "max-idle",
      insteadOf: ["--timeout"],
      value: "SECONDS",
      help: "how long the last mirror may be silent (60)",
    },
    {
      name: "retry",
      insteadOf: ["--max-tries"],
      value: "N",
      help: "consecutive failures that are retried (4)",
    },
    {
      name: "retry-delay",
      insteadOf: ["--retry-wait"],
      value: "SECONDS",
      help: "wait before each retry (0.25, doubling)",
    },
    { name: "retry-max-time", value: "SECONDS", help: "do not retry after this time" },
    {
      name: "speed-limit",
      alias: "lowest-speed-limit",
      short: "Y",
      value: "RATE",
      help: "drop mirrors slower than RATE",
    },
    { name: "speed-time", short: "y", value: "SECONDS", help: "… for this long (30)" },
  ],
  Display: [
    { name: "silent", insteadOf: ["--quiet"], short: "s", help: "print nothing" },
    { name: "show-error", short: "S", help: "with -s, print errors" },
    { name: "verbose", short: "v", help: "print each request and decision" },
    { name: "no-progress", alias: "no-progress-meter", help: "do not show the progress" },
    {
      name: "progress-bar",
      insteadOf: ["--alternate"],
      short: "#",
      help: "show one bar, without the mirrors",
    },
    { name: "units", value: "UNITS", help: "sizes in [si], MB, or iec, MiB" },
    { name: "json", help: "print events as JSON lines to stderr" },
    {
      name: "write-out",
      short: "w",
      value: "FORMAT",
      help: "print %{speed_download} etc. at the end",
    },
    { name: "trace", value: "FILE", help: "write all events, for sphttp analyze" },
  ],
  Servers: [
    { name: "mirror-list", value: "FILE", help: "use the fastest mirrors of a list (or URL)" },
    { name: "path", value: "PATH", help: "the file's path below the URLs of the list" },
    { name: "spare-mirrors", value: "N", help: "most spares, which step in for them (8)" },
    {
      name: "max-connection-per-server",
      insteadOf: ["--num-connections"],
      value: "N",
      help: "adaptive: most connections to each (8)",
    },
    { name: "each-address", help: "use each address of a name as a mirror" },
    {
      name: "deliver-after",
      value: "WHAT",
      help: "[agreement] of the mirrors, or first-answer",
    },
    { name: "server-stat-of", value: "FILE", help: "save server statistics to FILE" },
    { name: "server-stat-if", value: "FILE", help: "adaptive: load server statistics" },
    {
      name: "server-stat-timeout",
      value: "SECONDS",
      help: "ignore statistics older than this (86400)",
    },
  ],
  Order: [
    { name: "delay", value: "ALG", help: "[adaptive], diff, normal, inv or static" },
    { name: "static-delay", value: "URL=N", help: "static: delay in blocks; repeatable" },
    {
      name: "initial-delay-coefficient",
      value: "N",
      help: "diff: blocks per multiple of latency (10)",
    },
    { name: "no-initial-delay", help: "diff: start without initial delays" },
    { name: "duplicate", value: "ALG", help: "[nibib], ibrc or none; not for adaptive" },
    {
      name: "invalid-block-threshold",
      value: "N",
      help: "nibib, ibrc: blocks that trigger it (20)",
    },
    { name: "close-bad-connections", help: "close mirrors that needed a duplicate" },
    { name: "split-size", value: "SIZE", help: "block size in bytes (1000000)" },
    { name: "window", value: "SIZE", help: "bytes requested and held ahead (32M)" },
  ],
  "Configuration and help": [
    {
      name: "config",
      insteadOf: ["--conf-path"],
      short: "K",
      value: "FILE",
      help: "read options from FILE, - is stdin",
    },
    {
      name: "disable",
      insteadOf: ["--no-conf"],
      short: "q",
      help: "first: ignore the configuration file",
    },
    { name: "help", short: "h", help: "show help; --help all shows every option" },
    { name: "version", short: "V", help: "show the version" },
  ],
} as const satisfies Readonly<Record<string, readonly Flag[]>>;

type Groups = typeof FLAG_GROUPS;

export type FlagName = Groups[keyof Groups][number]["name"];

export const FLAGS: readonly (Flag & { readonly name: FlagName })[] = Object.values(FLAG_GROUPS)
  .flat();

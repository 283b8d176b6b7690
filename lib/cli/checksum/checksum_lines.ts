/**
 * Parses checksum files as sha256sum, BSD's tools, openssl and distributions write them. The signature
 * of a file that is clear-signed with PGP is skipped, not verified: the user has to trust the source
 * of the file.
 *
 * @module
 */

/** One line of a checksum file. */
export interface ChecksumEntry {
  /** The algorithm that the line names, in lower case; `undefined` for none. */
  readonly algorithm: string | undefined;
  /** The digest in lower case hexadecimal digits, of any number. */
  readonly hex: string;
  /** Name of the file; `undefined` for a digest alone. */
  readonly name: string | undefined;
  /** Number of the line, from 1. */
  readonly line: number;
}

/** A line that is not a checksum, comment or signature. */
export interface UnreadableLine {
  /** Number of the line, from 1. */
  readonly line: number;
  /** The line. */
  readonly text: string;
}

/** A parsed checksum file. */
export interface ChecksumFile {
  /** Its checksums, in order. */
  readonly entries: readonly ChecksumEntry[];
  /** Other lines, such as an introduction. */
  readonly unreadable: readonly UnreadableLine[];
}

/** `SHA256 (name) = HEX` of BSD and `--tag`, `SHA2-256(name)= HEX` of openssl. */
const TAGGED = /^(\\?)([a-z][a-z0-9/-]*) ?\((.+)\) ?= ?([0-9a-f]{8,})$/i;
/** `HEX  name` and `HEX *name`, with exactly two characters between them. */
const GNU = /^(\\?)([0-9a-f]{8,}) [ *](.+)$/i;
/** The same of other programs, with any white space. */
const LOOSE = /^(\\?)([0-9a-f]{8,})[ \t]+\*?(.+)$/i;
const BARE = /^[0-9a-f]{8,}$/i;

/** Parses a checksum file; accepts digests of any algorithm. */
export function parseChecksumFile(text: string): ChecksumFile {
  const entries: ChecksumEntry[] = [];
  const unreadable: UnreadableLine[] = [];
  for (const { line, text: content } of contentLines(text)) {
    if (/^\s*([#;]|$)/.test(content)) continue;
    const entry = parseLine(content, line);
    if (entry === undefined) unreadable.push({ line, text: content });
    else entries.push(entry);
  }
  return { entries, unreadable };
}

function parseLine(text: string, line: number): ChecksumEntry | undefined {
  // First, because a name may end with a space, but a digest may not.
  const tagged = TAGGED.exec(text.trimEnd());
  if (tagged !== null) {
    const [, escape, algorithm, name, hex] = tagged;
    return entry(hex!, line, { algorithm: algorithm!.toLowerCase(), name: named(escape!, name!) });
  }
  if (BARE.test(text.trim())) return entry(text.trim(), line, {});
  const [, escape, hex, name] = GNU.exec(text) ?? LOOSE.exec(text) ?? [];
  if (hex === undefined) return undefined;
  return entry(hex, line, { name: named(escape!, name!) });
}

function entry(hex: string, line: number, rest: Partial<ChecksumEntry>): ChecksumEntry {
  const { algorithm, name } = rest;
  // "-" is the name of standard input.
  return { algorithm, hex: hex.toLowerCase(), name: name === "-" ? undefined : name, line };
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", "\\": "\\" };

/** Unescapes a name if the line begins with a backslash. */
function named(escape: string, name: string): string {
  if (escape === "") return name;
  return name.replace(/\\([nr\\])/g, (_, character: string) => ESCAPES[character]!);
}

/**
 * Yields the lines of a file without those of PGP (RFC 9580, section 7). The text is in memory and has
 * any of three line ends, of which `TextLineStream` knows two only together.
 */
function* contentLines(text: string): Generator<UnreadableLine> {
  let part: "content" | "headers" | "signed" | "signature" = "content";
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n|\r/);
  for (const [index, content] of lines.entries()) {
    if (content.startsWith("-----BEGIN PGP SIGNED MESSAGE-----")) part = "headers";
    else if (content.startsWith("-----BEGIN PGP SIGNATURE-----")) part = "signature";
    else if (content.startsWith("-----END PGP SIGNATURE-----")) part = "content";
    else if (part === "headers") part = content.trim() === "" ? "signed" : part;
    else if (part === "signed") yield { line: index + 1, text: content.replace(/^- /, "") };
    else if (part === "content") yield { line: index + 1, text: content };
  }
}

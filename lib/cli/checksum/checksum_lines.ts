/**
 * Files of checksums, as sha256sum and its kin, BSD's tools, openssl and distributions write them. In
 * files that are clear-signed with PGP the signature is passed over, not verified: whoever trusts the
 * checksums has to trust where the file came from.
 *
 * @module
 */

/** One line of a file of checksums. */
export interface ChecksumEntry {
  /** The algorithm as the line names it, in lower case; `undefined` where it does not. */
  readonly algorithm: string | undefined;
  /** The digest in lower case hex; of any length. */
  readonly hex: string;
  /** The file's name; `undefined` for a digest alone. */
  readonly name: string | undefined;
  /** Whether the line says that the file was read as binary. */
  readonly binary: boolean;
  /** Number of the line, from 1. */
  readonly line: number;
}

/** A line that is no checksum, comment or signature. */
export interface UnreadableLine {
  /** Number of the line, from 1. */
  readonly line: number;
  /** What stands there. */
  readonly text: string;
}

/** What stands in a file of checksums. */
export interface ChecksumFile {
  /** Its checksums, in order. */
  readonly entries: readonly ChecksumEntry[];
  /** Lines that say something else, such as an introduction. */
  readonly unreadable: readonly UnreadableLine[];
}

/** `SHA256 (name) = HEX` of BSD and `--tag`, `SHA2-256(name)= HEX` of openssl. */
const TAGGED = /^(\\?)([a-z][a-z0-9/-]*) ?\((.+)\) ?= ?([0-9a-f]{8,})$/i;
/** `HEX  name` and `HEX *name`: exactly two characters stand between them. */
const GNU = /^(\\?)([0-9a-f]{8,}) ([ *])(.+)$/i;
/** The same by other programs, with any space. */
const LOOSE = /^(\\?)([0-9a-f]{8,})[ \t]+(\*?)(.+)$/i;
const BARE = /^[0-9a-f]{8,}$/i;

/** Reads a file of checksums; it is not judged here what they are good for. */
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
  // Before anything else: a name may end with a space, but a digest may not.
  const tagged = TAGGED.exec(text.trimEnd());
  if (tagged !== null) {
    const [, escape, algorithm, name, hex] = tagged;
    return entry(hex!, line, { algorithm: algorithm!.toLowerCase(), name: named(escape!, name!) });
  }
  if (BARE.test(text.trim())) return entry(text.trim(), line, {});
  const [, escape, hex, mode, name] = GNU.exec(text) ?? LOOSE.exec(text) ?? [];
  if (hex === undefined) return undefined;
  return entry(hex, line, { name: named(escape!, name!), binary: mode === "*" });
}

function entry(hex: string, line: number, rest: Partial<ChecksumEntry>): ChecksumEntry {
  const { algorithm, name, binary = false } = rest;
  // The name of what came through a pipe says nothing.
  return { algorithm, hex: hex.toLowerCase(), name: name === "-" ? undefined : name, binary, line };
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", "\\": "\\" };

/** A name; escaped where a backslash leads the line. */
function named(escape: string, name: string): string {
  if (escape === "") return name;
  return name.replace(/\\([nr\\])/g, (_, character: string) => ESCAPES[character]!);
}

/** The lines of a file without what PGP put around them (RFC 9580, section 7). */
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

/**
 * `sphttp metalink FILE URL…`: writes a Metalink of a local file that is on these mirrors, with its size
 * and the hashes of it and its pieces. `--verify` compares a file with one instead.
 *
 * @module
 */

import { formatMetalink } from "../../../metalink.ts";
import { usageError } from "../../command_line/command_error.ts";
import {
  type Flag,
  flagLine,
  type ParsedFlags,
  parseFlags,
} from "../../command_line/flag_parser.ts";
import { parseFile, parseSize } from "../../command_line/values.ts";
import { parseMirrorUrl } from "../../http/address/mirror_url.ts";
import { portableFileName } from "../../http/name/file_name.ts";
import { VERSION } from "../../version.ts";
import { parseUrls } from "../arguments/values/url_pattern.ts";
import { validate } from "../arguments/validate.ts";
import { replaceFile } from "../part/durable_file.ts";
import { baseName } from "../part/path.ts";
import { writeOutput } from "../report/terminal.ts";

export const METALINK_FLAGS = [
  { name: "output", short: "o", value: "FILE", help: "write to FILE instead of stdout" },
  { name: "name", value: "NAME", help: "the name of the file, if not its own" },
  { name: "piece-length", value: "SIZE", help: "bytes of a piece; 0 for no pieces" },
  { name: "verify", value: "FILE", help: "compare a local file with this Metalink" },
  { name: "select-file", value: "NAME", help: "with --verify: only this file of it; repeatable" },
  { name: "heal", help: "with --verify: fetch bad and missing pieces" },
  { name: "globoff", short: "g", help: "take [ ] and { } in URLs literally" },
  { name: "help", short: "h", help: "show help" },
] as const satisfies readonly Flag[];

/** The column in which descriptions begin. */
const COLUMN = 29;

const HELP = `Usage: sphttp metalink [options] FILE URL...    (all URLs are mirrors of FILE)
       sphttp metalink --verify METALINK [FILE]

Writes a Metalink 4 of FILE: its size, its SHA-256, that of its pieces, and
where it is, the best mirror first. Nothing is requested from the mirrors.
A URL may contain {a,b} and [1-3]; each expansion is a mirror.

${METALINK_FLAGS.map((flag) => flagLine(flag, COLUMN)).join("\n")}

Pieces have 256 KiB, or so much that there are at most 4096.

--verify compares size, pieces and hash of a file, by default the one beside the
Metalink that has the name in it, and says which pieces are bad or missing.
--heal fetches these from the mirrors, and writes them into the file.

Exit codes: 0 ok, 2 usage, 3 URL, 23 cannot write, 26 cannot read FILE,
            32 FILE is not what the Metalink describes; others as of a download
`;

const LEAST_PIECE = 256 * 1024;
const MOST_PIECES = 4096;
/** The most that are written: readers bound what they read. */
const MOST_LISTED = 100_000;

/**
 * Runs the command with the arguments after its name. Rejects with a `CommandError` if it fails, or with
 * the reason of `signal`.
 */
export async function metalinkCommand(
  args: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const values = await parseFlags("sphttp metalink", args, METALINK_FLAGS);
  const { rest: [path, ...texts], has, given } = values;
  if (has("help")) return writeOutput(HELP);
  const source = given("verify", parseFile);
  if (source !== undefined) return await verify(source, values, signal);
  for (const name of ["select-file", "heal"] as const) {
    if (has(name)) throw usageError(`--${name} needs a Metalink: --verify FILE`);
  }
  if (path === undefined || texts.length === 0) {
    throw usageError("a file and its URLs are needed: sphttp metalink [options] FILE URL...");
  }
  const urls = parseUrls(texts, values);
  validate(urls, {});
  const length = given("piece-length", (flag, text) => text === "0" ? 0 : parseSize(flag, text));
  const name = given("name", parseFile) ?? baseName(path);
  const output = given("output", parseFile) ?? "-";
  if (await isSameFile(output, path)) {
    throw usageError(`--output is ${path} itself, which the Metalink would replace`);
  }
  const { size, sha256, pieces } = await hashFile(path, length, signal);
  const text = formatMetalink([{
    name: name.split("/").map(portableFileName).join("/"),
    size,
    hashes: { "sha-256": sha256 },
    pieces,
    urls: urls.map((url) => ({ url: publicUrl(url) })),
  }], `sphttp ${VERSION}`);
  if (output === "-") return writeOutput(text);
  await replaceFile(output, text);
}

async function verify(
  source: string,
  { rest: [path, ...others], has, each }: ParsedFlags<typeof METALINK_FLAGS[number]["name"]>,
  signal: AbortSignal,
): Promise<void> {
  for (const name of ["output", "name", "piece-length"] as const) {
    if (has(name)) throw usageError(`--${name} cannot be used with --verify`);
  }
  if (others.length > 0) {
    throw usageError("--verify takes one file: sphttp metalink --verify METALINK [FILE]");
  }
  const { verifyCommand } = await import("./verify_command.ts");
  const select = each("select-file", parseFile);
  await verifyCommand({ source, path, select, heal: has("heal") }, signal);
}

/** Returns a URL. Throws a usage error if it has credentials. */
function publicUrl(text: string): string {
  const { url, authorization } = parseMirrorUrl(text);
  if (authorization === undefined) return url;
  throw usageError(`${url} was given with credentials, which everyone could read in the Metalink`);
}

/** Reports whether both paths lead to one file, which exists. */
async function isSameFile(one: string, other: string): Promise<boolean> {
  try {
    return await Deno.realPath(one) === await Deno.realPath(other);
  } catch {
    return false;
  }
}

async function hashFile(path: string, pieceLength: number | undefined, signal: AbortSignal) {
  const { hashContent, openToRead } = await import("./content_hashes.ts");
  const { file, size } = await openToRead(path);
  using _ = file;
  const length = pieceLength ?? lengthFor(size);
  if (size > length * MOST_LISTED && length > 0) {
    throw usageError(
      `--piece-length ${length} makes more than ${MOST_LISTED} pieces of ${size} bytes; ` +
        `use at least ${Math.ceil(size / MOST_LISTED)}`,
    );
  }
  const wanted = length > 0 ? { type: "sha-256", length } as const : undefined;
  const content = { type: "sha-256", pieces: wanted, end: Infinity } as const;
  const { whole, pieces: hashes } = await hashContent(file, size, path, content, { signal });
  const pieces = wanted === undefined || hashes.length === 0 ? undefined : { ...wanted, hashes };
  return { size, sha256: whole!, pieces };
}

/** Returns the length of pieces of a file: a power of two. */
function lengthFor(size: number): number {
  let length = LEAST_PIECE;
  while (size > length * MOST_PIECES) length *= 2;
  return length;
}

/**
 * `sphttp metalink FILE URL…`: writes a Metalink of a local file that is on these mirrors, with its size
 * and the hashes of it and its pieces.
 *
 * @module
 */

import type { Hash } from "node:crypto";
import { formatMetalink } from "../../../metalink.ts";
import { usageError } from "../../command_line/command_error.ts";
import { type Flag, flagLine, parseFlags } from "../../command_line/flag_parser.ts";
import { parseSize } from "../../command_line/values.ts";
import { parseMirrorUrl } from "../../http/address/mirror_url.ts";
import { portableFileName } from "../../http/name/file_name.ts";
import { VERSION } from "../../version.ts";
import { parseUrls } from "../arguments/url_pattern.ts";
import { validate } from "../arguments/validate.ts";
import { readError, reason } from "../failure/exit_code.ts";
import { replaceFile } from "../part/durable_file.ts";
import { baseName } from "../part/path.ts";
import { writeOutput } from "../report/terminal.ts";

export const METALINK_FLAGS = [
  { name: "output", short: "o", value: "FILE", help: "write to FILE instead of stdout" },
  { name: "name", value: "NAME", help: "the name of the file, if not its own" },
  { name: "piece-length", value: "SIZE", help: "bytes of a piece; 0 for no pieces" },
  { name: "globoff", short: "g", help: "take [ ] and { } in URLs literally" },
  { name: "help", short: "h", help: "show help" },
] as const satisfies readonly Flag[];

/** The column in which descriptions begin. */
const COLUMN = 29;

const HELP = `Usage: sphttp metalink [options] FILE URL...    (all URLs are mirrors of FILE)

Writes a Metalink 4 of FILE: its size, its SHA-256, that of its pieces, and where
it is, the best mirror first. Nothing is requested from the mirrors.
A URL may contain {a,b} and [1-3]; each expansion is a mirror.

${METALINK_FLAGS.map((flag) => flagLine(flag, COLUMN)).join("\n")}

Pieces have 256 KiB, or so much that there are at most 4096.

Exit codes: 0 ok, 2 usage, 3 URL, 23 cannot write, 26 cannot read FILE
`;

const LEAST_PIECE = 256 * 1024;
const MOST_PIECES = 4096;
/** The most that are written: readers bound what they read. */
const MOST_LISTED = 100_000;
const READ_SIZE = 256 * 1024;

/** Runs the command with the arguments after its name. Rejects with a `CommandError` if it fails. */
export async function metalinkCommand(args: readonly string[]): Promise<void> {
  const values = await parseFlags("sphttp metalink", args, METALINK_FLAGS);
  const { rest: [path, ...texts], has, given } = values;
  if (has("help")) return writeOutput(HELP);
  if (path === undefined || texts.length === 0) {
    throw usageError("a file and its URLs are needed: sphttp metalink [options] FILE URL...");
  }
  const urls = parseUrls(texts, values);
  await validate(urls, {});
  const length = given("piece-length", (flag, text) => text === "0" ? 0 : parseSize(flag, text));
  const name = given("name", (_flag, text) => text) ?? baseName(path);
  const { size, sha256, pieces } = await hashFile(path, length);
  const text = formatMetalink([{
    name: name.split("/").map(portableFileName).join("/"),
    size,
    hashes: { "sha-256": sha256 },
    pieces,
    urls: urls.map((url) => ({ url: publicUrl(url) })),
  }], `sphttp ${VERSION}`);
  const output = given("output", (_flag, text) => text) ?? "-";
  if (output === "-") return writeOutput(text);
  await replaceFile(output, text);
}

/** Returns a URL as others may see it. */
function publicUrl(text: string): string {
  const { url, authorization } = parseMirrorUrl(text);
  if (authorization === undefined) return url;
  throw usageError(`${url} was given with credentials, which a Metalink would show to everybody`);
}

async function hashFile(path: string, pieceLength: number | undefined) {
  const { createHash } = await import("node:crypto");
  try {
    using file = await Deno.open(path);
    const { size, isFile } = await file.stat();
    if (!isFile) throw readError(`cannot read ${path}: not a file`);
    const length = pieceLength ?? lengthFor(size);
    if (size > length * MOST_LISTED && length > 0) {
      throw usageError(
        `--piece-length ${length} makes more than ${MOST_LISTED} pieces of ${size} bytes; ` +
          `use at least ${Math.ceil(size / MOST_LISTED)}`,
      );
    }
    const whole = createHash("sha256");
    const hashes: string[] = [];
    let piece: Hash | undefined;
    let inPiece = 0;
    let total = 0;
    const buffer = new Uint8Array(READ_SIZE);
    for (let read = await file.read(buffer); read !== null; read = await file.read(buffer)) {
      whole.update(buffer.subarray(0, read));
      total += read;
      for (let at = 0; length > 0 && at < read;) {
        const end = Math.min(read, at + length - inPiece);
        piece ??= createHash("sha256");
        piece.update(buffer.subarray(at, end));
        inPiece += end - at;
        at = end;
        if (inPiece < length) break;
        hashes.push(piece.digest("hex"));
        piece = undefined;
        inPiece = 0;
      }
    }
    if (piece !== undefined) hashes.push(piece.digest("hex"));
    if (total !== size) throw readError(`cannot read ${path}: it has changed meanwhile`);
    const pieces = hashes.length === 0 ? undefined : { type: "sha-256", length, hashes } as const;
    return { size, sha256: whole.digest("hex"), pieces };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) {
      throw readError(`cannot read ${path}: ${reason(error)}`, error);
    }
    throw error;
  }
}

/** Returns the length of pieces of a file: a power of two. */
function lengthFor(size: number): number {
  let length = LEAST_PIECE;
  while (size > length * MOST_PIECES) length *= 2;
  return length;
}

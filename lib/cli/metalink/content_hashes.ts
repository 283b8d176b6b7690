/**
 * Hashes a local file and its pieces, in one pass.
 *
 * @module
 */

import { createHash, type Hash } from "node:crypto";
import type { HashType } from "../../../metalink.ts";
import { platformName } from "../../hashing/platform_hash.ts";
import { readError, reason } from "../failure/exit_code.ts";

/** What to hash of a file. */
export interface HashedContent {
  /** The type of the hash of all bytes, `undefined` for none. */
  readonly type: HashType | undefined;
  /** The type of the hashes of pieces, and their length in bytes; `undefined` for none. */
  readonly pieces: { readonly type: HashType; readonly length: number } | undefined;
  /** Bytes from here on are not read. */
  readonly end: number;
}

/** The hashes of a file, in lower-case hexadecimal. */
export interface ContentHashes {
  /** The hash of all bytes that were read, `undefined` if it was not wanted. */
  readonly whole: string | undefined;
  /** The hashes of its pieces; the last one may be shorter. Empty if none were wanted. */
  readonly pieces: readonly string[];
}

const READ_SIZE = 256 * 1024;

/**
 * Hashes a file. Rejects with an error of the command if it changes meanwhile, or with the reason of
 * `signal`.
 *
 * @param file at its beginning
 * @param size of the file in bytes
 * @param path of the file, for messages
 * @param onProgress takes the share that has been read, from 0 to 1
 */
export async function hashContent(
  file: Deno.FsFile,
  size: number,
  path: string,
  { type, pieces: wanted, end }: HashedContent,
  { signal, onProgress }: {
    readonly signal: AbortSignal;
    readonly onProgress?: ((share: number) => void) | undefined;
  },
): Promise<ContentHashes> {
  const whole = type && createHash(platformName(type));
  const pieces: string[] = [];
  let piece: Hash | undefined;
  let inPiece = 0;
  let total = 0;
  const expected = Math.min(size, end);
  const buffer = new Uint8Array(READ_SIZE);
  while (total < end) {
    signal.throwIfAborted();
    const read = await file.read(buffer.subarray(0, Math.min(READ_SIZE, end - total)));
    if (read === null) break;
    whole?.update(buffer.subarray(0, read));
    total += read;
    for (let at = 0; wanted !== undefined && at < read;) {
      const next = Math.min(read, at + wanted.length - inPiece);
      piece ??= createHash(platformName(wanted.type));
      piece.update(buffer.subarray(at, next));
      inPiece += next - at;
      at = next;
      if (inPiece < wanted.length) break;
      pieces.push(piece.digest("hex"));
      piece = undefined;
      inPiece = 0;
    }
    onProgress?.(total / expected);
  }
  if (piece !== undefined) pieces.push(piece.digest("hex"));
  if (total !== expected) throw readError(`cannot read ${path}: it has changed meanwhile`);
  return { whole: whole?.digest("hex"), pieces };
}

/** Returns the hash of bytes, in lower-case hexadecimal. */
export function hashOf(type: HashType, parts: readonly Uint8Array[]): string {
  const hash = createHash(platformName(type));
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/** Opens a file to read it. Rejects with exit code 26 if it cannot be read. */
export async function openToRead(path: string): Promise<{ file: Deno.FsFile; size: number }> {
  try {
    const file = await Deno.open(path);
    const { size, isFile } = await file.stat();
    if (isFile) return { file, size };
    file.close();
  } catch (error) {
    throw readError(`cannot read ${path}: ${reason(error)}`, error);
  }
  throw readError(`cannot read ${path}: not a file`);
}

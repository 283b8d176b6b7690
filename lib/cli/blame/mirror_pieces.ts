/**
 * Reads pieces of a file from one mirror, so that it is certain who has sent them.
 *
 * @module
 */

import type { DownloaderOptions } from "../../../mod.ts";
import type { ByteRange } from "../../http/byte_range.ts";

/** How a mirror is asked while there are others to ask: no long wait, and no retries. */
export const IMPATIENT: DownloaderOptions = { maxIdleMs: 10_000, retry: { attempts: 1 } };

/**
 * Reads pieces that follow each other. If there is less than that, the last one is shorter, and others are
 * missing.
 *
 * @param bytes of a range that begins with the first of the pieces, and ends with the last
 */
export async function* piecesFrom<Piece extends ByteRange>(
  bytes: AsyncIterable<Uint8Array>,
  run: readonly Piece[],
): AsyncGenerator<{ piece: Piece; parts: readonly Uint8Array[] }> {
  let [index, length] = [0, 0];
  let parts: Uint8Array[] = [];
  for await (const part of bytes) {
    for (let at = 0; at < part.byteLength && index < run.length;) {
      const piece = run[index]!;
      const taken = part.slice(at, at + piece.end - piece.start - length);
      parts.push(taken);
      at += taken.byteLength;
      length += taken.byteLength;
      if (length < piece.end - piece.start) break;
      yield { piece, parts };
      [index, length, parts] = [index + 1, 0, []];
    }
  }
  // The last piece, of a file whose size is not known, or of a file that is too short.
  if (length > 0) yield { piece: run[index]!, parts };
}

/** Writes all of these bytes at a place of a file. */
export async function writeAt(
  file: Deno.FsFile,
  start: number,
  parts: readonly Uint8Array[],
): Promise<void> {
  await file.seek(start, Deno.SeekMode.Start);
  for (let part of parts) {
    while (part.byteLength > 0) part = part.subarray(await file.write(part));
  }
}

/** Reads the bytes `[start, end)` of a file; returns fewer if it ends before. */
export async function readAt(
  file: Deno.FsFile,
  { start, end }: ByteRange,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(end - start);
  await file.seek(start, Deno.SeekMode.Start);
  let length = 0;
  while (length < bytes.byteLength) {
    const count = await file.read(bytes.subarray(length));
    if (count === null) break;
    length += count;
  }
  return bytes.subarray(0, length);
}

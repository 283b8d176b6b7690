/**
 * Compares a part file with the digests of the file's pieces: as many bytes as these prove are continued.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { ExpectedPieces } from "../../../../mod.ts";
import type { ExistingBytes } from "./compared_pieces.ts";

/**
 * Returns where the last of the existing pieces ends that have their digest, as all before them do.
 *
 * @param existing from the first byte of a piece on
 * @param onProgress is called with the share that has been read
 */
export async function provedEnd(
  { start, end, read }: ExistingBytes,
  { algorithm, length, digests }: ExpectedPieces,
  onProgress: (share: number) => void,
): Promise<number> {
  let proved = start;
  while (proved < end) {
    const range = { start: proved, end: Math.min(end, proved + length) };
    const hash = createHash(algorithm.replace("-", ""));
    for await (const bytes of read(range)) hash.update(bytes);
    if (hash.digest("hex") !== digests[proved / length]) break;
    proved = range.end;
    onProgress((proved - start) / (end - start));
  }
  return proved;
}

/**
 * Checksums of the pieces of a part file. They are recorded while the bytes arrive, so that a later
 * download can tell whether the part file is still what was received: another program may have changed
 * it, or a crash of the system may have kept some of it from the disk.
 *
 * @module
 */

import type { ByteRange } from "../../../http/byte_range.ts";
import type { ExistingBytes } from "./compared_pieces.ts";

/** A piece of the file, and the CRC-32 of its bytes. */
export interface SummedPiece extends ByteRange {
  readonly crc32: number;
}

/** Length of a piece in bytes; twice, four times … as long where the file would have too many. */
const PIECE = 1024 * 1024;

/** Maximum number of pieces in a record. */
export const MAX_PIECES = 4096;

/** Takes the bytes of a part file in order, and sums them up. */
export class PieceSums {
  readonly #length: number;
  readonly #pieces: SummedPiece[];
  #start: number;
  #position: number;
  #crc = 0;
  /** Bytes that wait for the function to sum them up. */
  #waiting: Uint8Array[] = [];
  #loading: Promise<void> | undefined;
  #crc32: ((bytes: Uint8Array, before: number) => number) | undefined;

  /**
   * `position` is the offset in the file of the next byte to arrive, `size` that of the file, if it is
   * known; `before` are pieces of the bytes before it.
   */
  constructor(position: number, size: number | undefined, before: readonly SummedPiece[] = []) {
    this.#start = this.#position = position;
    this.#pieces = before.filter(({ end }) => end <= position).slice(0, MAX_PIECES);
    const least = (size ?? 16 * MAX_PIECES * PIECE) / (MAX_PIECES / 2);
    this.#length = Math.max(PIECE, 2 ** Math.ceil(Math.log2(least)));
  }

  /** Offset in the file of the next byte to arrive. */
  get position(): number {
    return this.#position;
  }

  /** Takes the next bytes; they may change afterwards. */
  update(bytes: Uint8Array): void {
    this.#position += bytes.byteLength;
    if (this.#crc32 !== undefined) return this.#sum(bytes);
    this.#waiting.push(bytes.slice());
    // Small files do without: loading takes longer than their bytes.
    if (this.#position - this.#start >= PIECE) void this.#load();
  }

  /** Resolves to the pieces so far, the last of which may be shorter. */
  async pieces(): Promise<readonly SummedPiece[]> {
    await this.#load();
    const { length } = this.#pieces;
    if (this.#start === this.#position || length >= MAX_PIECES) return [...this.#pieces];
    return [...this.#pieces, { start: this.#start, end: this.#position, crc32: this.#crc }];
  }

  #load(): Promise<void> {
    return this.#loading ??= import("node:zlib").then(({ crc32 }) => {
      this.#crc32 = crc32;
      const waiting = this.#waiting;
      this.#waiting = [];
      let at = this.#position - waiting.reduce((sum, { byteLength }) => sum + byteLength, 0);
      for (const bytes of waiting) {
        this.#sum(bytes, at);
        at += bytes.byteLength;
      }
    });
  }

  /** Sums up bytes that begin at `at`. */
  #sum(bytes: Uint8Array, at = this.#position - bytes.byteLength): void {
    for (let from = 0; from < bytes.byteLength;) {
      const end = this.#start + this.#length;
      const taken = bytes.subarray(from, from + end - (at + from));
      this.#crc = this.#crc32!(taken, this.#crc);
      from += taken.byteLength;
      if (at + from < end) continue;
      if (this.#pieces.length < MAX_PIECES) {
        this.#pieces.push({ start: this.#start, end, crc32: this.#crc });
      }
      this.#start = end;
      this.#crc = 0;
    }
  }
}

/** What a comparison of existing bytes with their record shows. */
export type VerifiedBytes =
  /** The sums of those before `end`, from which on bytes were lost; the end of all if none were. */
  | { readonly pieces: readonly SummedPiece[]; readonly end: number }
  /** Where a piece begins that was changed. */
  | { readonly differsAt: number };

/**
 * Compares existing bytes with the pieces that were recorded of them, if they have a record.
 *
 * Where the system crashed, blocks that had not reached the disk read as zeros. Bytes from such a block
 * on count as lost, unless their sums say that zeros are what was received.
 *
 * @param onProgress is called with the share that has been read
 */
export async function verifySums(
  existing: ExistingBytes,
  recorded: readonly SummedPiece[] | undefined,
  onProgress: (share: number) => void,
): Promise<VerifiedBytes> {
  const { start, end } = existing;
  const onRead = (at: number) => onProgress((at - start) / (end - start));
  const pieces: SummedPiece[] = [];
  let at = start;
  for (const piece of recorded ?? []) {
    if (piece.start !== at || piece.end > end) break;
    const { crc32, emptyAt } = await readPiece(existing, piece, onRead);
    if (crc32 !== piece.crc32) {
      return emptyAt === undefined ? { differsAt: at } : { pieces, end: at };
    }
    pieces.push(piece);
    at = piece.end;
  }
  if (at === end) return { pieces, end };
  // What came after the last record has no sum yet.
  const rest = { start: at, end };
  const { crc32, emptyAt } = await readPiece(existing, rest, onRead);
  if (recorded === undefined || emptyAt === undefined) {
    return { pieces: [...pieces, { ...rest, crc32 }], end };
  }
  if (emptyAt === at) return { pieces, end: at };
  const before = { start: at, end: emptyAt };
  const { crc32: sum } = await readPiece(existing, before, onRead);
  return { pieces: [...pieces, { ...before, crc32: sum }], end: emptyAt };
}

/** Size of the blocks of file systems, in bytes. */
const BLOCK = 4096;

/**
 * Reads bytes that come one after the other; `onRead` is called with the offset up to which they have been read.
 * Returns their CRC-32, and where the first block begins that has only zeros, as far as it is in the range.
 */
async function readPiece(
  existing: ExistingBytes,
  range: ByteRange,
  onRead: (at: number) => void,
): Promise<{ crc32: number; emptyAt: number | undefined }> {
  const { crc32 } = await import("node:zlib");
  let crc = 0;
  let readTo = range.start;
  let at = range.start;
  let emptyAt: number | undefined;
  let blockAt = at;
  let isEmpty = true;
  for await (const part of existing.read(range)) {
    crc = crc32(part, crc);
    onRead(readTo += part.byteLength);
    for (let from = 0; from < part.byteLength && emptyAt === undefined;) {
      const block = part.subarray(from, from + BLOCK - (at - existing.start) % BLOCK);
      isEmpty &&= block.every((byte) => byte === 0);
      from += block.byteLength;
      at += block.byteLength;
      if ((at - existing.start) % BLOCK > 0 && at < range.end) continue;
      if (isEmpty) emptyAt = blockAt;
      blockAt = at;
      isEmpty = true;
    }
  }
  return { crc32: crc, emptyAt };
}

/**
 * The bytes that a part file had before a download continues it: they are read again, checked against
 * their record or the digests of the file's pieces, and compared with what the mirrors have. Never writes;
 * everything here is to be called before the first write.
 *
 * @module
 */

import type { ExpectedPieces } from "../../../mod.ts";
import { CommandError } from "../../command_line/command_error.ts";
import type { ByteRange } from "../../http/byte_range.ts";
import { ExitCode, readError, reason } from "../failure/exit_code.ts";
import { digestsToCompare, type ExistingBytes, type Piece } from "./pieces/compared_pieces.ts";
import { MIXED, partTooLong, resumeRefusal } from "./continuation.ts";
import { type SummedPiece, verifySums } from "./pieces/piece_sums.ts";
import { difference, type RecordFound, type ResumeRecord } from "./resume_record.ts";

/** The bytes of a file to download. */
export interface WantedRange {
  /** First byte. */
  readonly start: number;
  /** Byte after the last one; `undefined` for the end of the file. */
  readonly end?: number | undefined;
}

export class ExistingPart {
  /** The record of the bytes, and what there is to say about it. */
  readonly before: RecordFound;
  readonly #file: Deno.FsFile;
  readonly #partName: string;
  #length: number;
  #lost = 0;
  #unproved = 0;
  #sums: readonly SummedPiece[] = [];
  /** Whether the bytes are those of the file, whatever their record says. */
  #isProved = false;

  /** Takes the first `length` bytes of a part file, whose name in messages is `partName`. */
  constructor(file: Deno.FsFile, partName: string, length: number, before: RecordFound) {
    this.#file = file;
    this.#partName = partName;
    this.#length = length;
    this.before = before;
  }

  /** Number of the bytes that are continued. */
  get length(): number {
    return this.#length;
  }

  /** Bytes that did not reach the disk, and are replaced; known once it is verified. */
  get lost(): number {
    return this.#lost;
  }

  /** Bytes that are replaced, as digests of pieces do not prove them. */
  get unproved(): number {
    return this.#unproved;
  }

  /** Sums of the bytes, as far as they are known. */
  get sums(): readonly SummedPiece[] {
    return this.#sums;
  }

  /** Reads the bytes from `start` to `end`. */
  async *read(start: number, end = this.#length): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    await this.#file.seek(start, Deno.SeekMode.Start);
    let left = end - start;
    while (left > 0) {
      const buffer = new Uint8Array(Math.min(left, 256 * 1024));
      const count = await this.#readInto(buffer);
      if (count === null) {
        throw new CommandError(
          ExitCode.RESUME,
          `${this.#partName} was truncated by another program`,
        );
      }
      left -= count;
      yield buffer.subarray(0, count);
    }
  }

  /**
   * Checks that the bytes are those that were recorded, and gives up those that did not reach the disk when
   * the system crashed. `start` is the first byte to download; `onProgress` is called with the share that has
   * been read.
   *
   * @throws {CommandError} the part file was changed
   */
  async verify(
    { start }: WantedRange,
    onProgress: (share: number) => void = () => {},
  ): Promise<void> {
    const { record } = this.before;
    if (record?.mixed) throw resumeRefusal(this.#partName, MIXED);
    const sums = await verifySums(this.#bytes(start), record?.pieces, onProgress);
    if ("differsAt" in sums) {
      throw resumeRefusal(
        this.#partName,
        `differs from its record behind byte ${sums.differsAt - start}: it was changed`,
      );
    }
    this.#lost = this.#length - (sums.end - start);
    this.#length -= this.#lost;
    this.#sums = sums.pieces;
  }

  /**
   * Keeps those of the bytes that digests of the file's pieces prove, and gives up the others. Nothing else
   * has to be compared then. `start` is the first byte to download, where a piece begins.
   */
  async keepProved(
    { start }: WantedRange,
    pieces: ExpectedPieces,
    onProgress: (share: number) => void = () => {},
  ): Promise<void> {
    const { provedEnd } = await import("./pieces/proved_pieces.ts");
    // The bytes are read twice.
    const end = await provedEnd(this.#bytes(start), pieces, (share) => onProgress(share / 2));
    this.#unproved = this.#length - (end - start);
    this.#length -= this.#unproved;
    this.#isProved = true;
    const onSummed = (share: number) => onProgress((1 + share) / 2);
    const sums = await verifySums(this.#bytes(start), undefined, onSummed);
    if ("pieces" in sums) this.#sums = sums.pieces;
  }

  /**
   * Returns digests of pieces of the bytes, to compare with mirrors that did not deliver them. `start` is
   * the first byte to download.
   */
  digestsToCompare({ start }: WantedRange): Promise<readonly Piece[]> {
    return digestsToCompare(this.#bytes(start));
  }

  /**
   * Compares the bytes with what is known about the file, of which `wanted` bytes are to be downloaded.
   *
   * @throws {CommandError} they belong to another file, begin elsewhere, or are too many
   */
  compare(record: ResumeRecord, wanted: number): void {
    const before = this.#isProved ? undefined : this.before.record;
    const why = before && difference(before, record);
    if (why !== undefined) throw resumeRefusal(this.#partName, why);
    if (this.#length > wanted) throw partTooLong(this.#partName);
  }

  /** Returns the bytes; `start` is the offset in the file of the first one. */
  #bytes(start: number): ExistingBytes {
    const read = (range: ByteRange) => this.read(range.start - start, range.end - start);
    return { start, end: start + this.#length, read };
  }

  async #readInto(buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
    try {
      return await this.#file.read(buffer);
    } catch (cause) {
      throw readError(`cannot read ${this.#partName}: ${reason(cause)}`, cause);
    }
  }
}

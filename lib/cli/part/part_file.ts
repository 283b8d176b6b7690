/**
 * A file that is written as `FILE.part` and gets its name when it is complete and verified. However the
 * process ends, the part file holds a prefix of the bytes to download: bytes are only appended, and
 * only after the record of the file they belong to. One process at a time writes to it.
 *
 * @module
 */

import { dirname } from "node:path";
import type { KnownMirror } from "../../../mod.ts";
import { CommandError } from "../../command_line/command_error.ts";
import { ExitCode, readError, reason, writeError } from "../failure/exit_code.ts";
import { exists, type FileTarget, nextTarget } from "./file_target.ts";
import { partTooLong, resumeRefusal } from "./continuation.ts";
import { syncDirectory, syncFile } from "./durable_file.ts";
import { closeExclusive, type ExclusiveFile, isOpen, openExclusive } from "./exclusive_file.ts";
import { digestOf, type Piece, piecesToCompare } from "./compared_pieces.ts";
import { crc32Of, PieceSums, type SummedPiece } from "./piece_sums.ts";
import {
  difference,
  type FileFacts,
  mergeRecords,
  readRecord,
  recordFacts,
  type RecordFound,
  removeRecord,
  type ResumeRecord,
  writeRecord,
} from "./resume_record.ts";
import { WriteBehind } from "./write_behind.ts";

/** The bytes of a file to download. */
export interface WantedRange {
  /** First byte. */
  readonly start: number;
  /** Byte after the last one; `undefined` for the end of the file. */
  readonly end?: number | undefined;
}

/** The sums in the record are first brought up to date after this many bytes, then twice as many, */
const FIRST_UPDATE = 64 * 1024;
/** at the latest after this many, */
const LAST_UPDATE = 64 * 1024 * 1024;
/** but no more often than this, in milliseconds: a record is synced to the disk. */
const UPDATE_MS = 500;

/** An incomplete file. */
export class PartFile implements Disposable {
  /** Name of the part file in messages. */
  readonly partName: string;
  /** Existing bytes that are continued. */
  readonly existing: number;
  /** Whether existing bytes are replaced. */
  readonly startsOver: boolean;
  /** The record of the existing bytes. */
  readonly before: RecordFound;
  readonly #file: Deno.FsFile;
  readonly #behind: WriteBehind;
  readonly #path: string;
  readonly #created: boolean;
  #target: FileTarget;
  #record: ResumeRecord | undefined;
  /** Mirrors that were added to `#record` by this download. */
  #recorded = new Set<string>();
  #sums: PieceSums | undefined;
  /** Sums of the existing bytes. */
  #existingSums: readonly SummedPiece[] = [];
  /** Length of the part file at which the sums in the record are brought up to date. */
  #updateAt: number;
  #updatedAtMs = 0;
  #touched = false;
  #open = true;

  private constructor(
    target: FileTarget,
    found: ExclusiveFile,
    resume: boolean,
    before: RecordFound,
  ) {
    const { file, sizeBefore = 0 } = found;
    this.partName = `${target.name}.part`;
    this.existing = resume ? sizeBefore : 0;
    this.startsOver = !resume && sizeBefore > 0;
    this.before = before;
    this.#file = file;
    this.#behind = new WriteBehind(file);
    this.#path = `${target.path}.part`;
    this.#created = found.sizeBefore === undefined;
    this.#target = target;
    this.#updateAt = this.existing + FIRST_UPDATE;
  }

  /**
   * Opens the part file of a target. Rejects with exit code 23 if it cannot be written or another
   * process has it, and with 36 if it cannot be continued.
   */
  static async open(
    target: FileTarget,
    { resume }: { readonly resume: boolean },
  ): Promise<PartFile> {
    let found = await openPart(target);
    while (found === undefined) {
      if (target.existing !== "avoid") {
        throw writeError(`another sphttp is writing to ${target.name}.part; wait until it is done`);
      }
      target = await nextTarget(target);
      found = await openPart(target);
    }
    try {
      const continued = resume && (found.sizeBefore ?? 0) > 0;
      const before = continued
        ? await readRecord(`${target.path}.part`, `${target.name}.part`)
        : NOTHING_BEFORE;
      return new PartFile(target, found, resume, before);
    } catch (error) {
      closeExclusive(found.file);
      throw error;
    }
  }

  /** Name of the final file in messages. */
  get name(): string {
    return this.#target.name;
  }

  /** This part file; outputs without one have `undefined`. */
  get part(): PartFile {
    return this;
  }

  /** Whether this download has written to the part file. */
  get touched(): boolean {
    return this.#touched;
  }

  /** Whether the part file has bytes to continue. */
  get kept(): boolean {
    return this.#touched || this.existing > 0;
  }

  /** Reads the existing bytes from `start` to `end`. To be called before the first write. */
  async *read(start: number, end = this.existing): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    await this.#file.seek(start, Deno.SeekMode.Start);
    let left = end - start;
    while (left > 0) {
      const buffer = new Uint8Array(Math.min(left, 256 * 1024));
      const count = await this.#readInto(buffer);
      if (count === null) {
        throw new CommandError(
          ExitCode.RESUME,
          `${this.partName} was truncated by another program`,
        );
      }
      left -= count;
      yield buffer.subarray(0, count);
    }
  }

  /**
   * Checks that the existing bytes are those that were recorded, and returns digests of pieces of them to
   * compare with mirrors that did not deliver them. `start` is the first byte to download; `onProgress`
   * is called with the share that has been read. To be called before the first write.
   *
   * @throws {CommandError} the part file was changed, or did not reach the disk completely
   */
  async verify(
    { start }: WantedRange,
    onProgress: (share: number) => void = () => {},
  ): Promise<readonly Piece[]> {
    const sums: SummedPiece[] = [];
    let at = 0;
    for (const { start: from, end, crc32 } of this.before.record?.pieces ?? []) {
      if (from !== start + at || end - start > this.existing) break;
      if (await crc32Of(this.read(at, end - start)) !== crc32) throw this.#differsFromRecord(at);
      sums.push({ start: from, end, crc32 });
      at = end - start;
      onProgress(at / this.existing);
    }
    if (at < this.existing) {
      // What came after the last record has no sum yet.
      const crc32 = await crc32Of(this.read(at));
      sums.push({ start: start + at, end: start + this.existing, crc32 });
    }
    this.#existingSums = sums;
    const compared: Piece[] = [];
    for (const range of piecesToCompare({ start: 0, end: this.existing }, Math.random)) {
      compared.push({
        start: start + range.start,
        end: start + range.end,
        sha256: await this.#digest(range),
      });
    }
    return compared;
  }

  #differsFromRecord(at: number): CommandError {
    return resumeRefusal(
      this.partName,
      `differs from its record behind byte ${at}: it was changed, or was not written to the disk ` +
        "completely",
    );
  }

  /** Returns the digest of some existing bytes. */
  async #digest({ start, end }: { start: number; end: number }): Promise<string> {
    const bytes = new Uint8Array(end - start);
    let length = 0;
    for await (const part of this.read(start, end)) {
      bytes.set(part, length);
      length += part.byteLength;
    }
    return await digestOf(bytes);
  }

  async #readInto(buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
    try {
      return await this.#file.read(buffer);
    } catch (cause) {
      throw readError(`cannot read ${this.partName}: ${reason(cause)}`, cause);
    }
  }

  /**
   * Sets the range to download. To be called before the first request, so that nothing beyond the end
   * is requested.
   *
   * @throws {CommandError} existing bytes begin elsewhere, or are too many; they stay unchanged
   */
  expect({ start, end = Infinity }: WantedRange): void {
    this.#compare({ size: undefined, start, mirrors: [], pieces: [] });
    this.#checkLength(end - start);
  }

  /**
   * Sets what is known about the file. The record is written together with the first new byte.
   *
   * @throws {CommandError} existing bytes belong to another file; they stay unchanged
   */
  begin(facts: FileFacts): void {
    const { info: { size = Infinity }, start = 0, end = Infinity } = facts;
    const record = recordFacts(facts);
    this.#compare(record);
    this.#checkLength(Math.max(0, Math.min(end, size) - start));
    const { record: before } = this.before;
    this.#record = before === undefined ? record : mergeRecords(before, record);
    this.#recorded = new Set(facts.mirrors?.map(({ url }) => url));
  }

  /** Adds mirrors to the record, between writes; does nothing if the record has them. */
  async learn(mirrors: readonly KnownMirror[]): Promise<void> {
    const fresh = mirrors.filter(({ url }) => !this.#recorded.has(url));
    if (this.#record === undefined || fresh.length === 0) return;
    const { size, start } = this.#record;
    const record = recordFacts({ info: { ...UNKNOWN, size }, start, mirrors: fresh });
    for (const { url } of fresh) this.#recorded.add(url);
    const merged = mergeRecords(this.#record, record);
    this.#record = merged;
    if (this.#touched) await this.#writing(() => writeRecord(this.#path, merged));
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#writing(async () => {
      if (!this.#touched) await this.#start();
      await this.#behind.write(bytes);
      this.#sums?.update(bytes);
      const isDue = this.#length >= this.#updateAt &&
        performance.now() >= this.#updatedAtMs + UPDATE_MS;
      if (isDue) await this.#updateRecord();
    });
  }

  /** Length of the part file, once everything is written. */
  get #length(): number {
    return (this.#sums?.position ?? 0) - (this.#record?.start ?? 0);
  }

  /** Writes the sums of what has arrived to the record. */
  async #updateRecord(): Promise<void> {
    if (this.#record === undefined || this.#sums === undefined) return;
    this.#updateAt = Math.min(2 * this.#length, this.#length + LAST_UPDATE);
    this.#record = { ...this.#record, pieces: await this.#sums.pieces() };
    await writeRecord(this.#path, this.#record);
    this.#updatedAtMs = performance.now();
  }

  /** Gives the complete and verified file its name, and `mtime` as its modification time. */
  async complete({ mtime }: { readonly mtime?: Date | undefined } = {}): Promise<void> {
    await this.#writing(() => this.#behind.flush());
    await this.#takeName();
    await this.#writing(async () => {
      if (!this.#touched) await this.#cut();
      if (mtime !== undefined) await this.#file.utime(mtime, mtime);
      await syncFile(this.#file);
    });
    // Syncing takes a while.
    await this.#takeName();
    try {
      if (!await isOpen(this.#path, this.#file)) {
        throw writeError(`${this.partName} was removed or replaced by another program`);
      }
      // A part file without a record can be continued; a record without one would be left behind.
      await removeRecord(this.#path);
      await Deno.rename(this.#path, this.#target.path);
    } catch (cause) {
      if (cause instanceof CommandError) throw cause;
      throw writeError(`cannot rename ${this.partName} to ${this.name}: ${reason(cause)}`, cause);
    }
    await syncDirectory(dirname(this.#target.path));
    // Only now: the lock is held until the file has its name.
    this.#close();
  }

  /** Waits for pending writes, and brings the record up to date; ignores errors of both. */
  async settle(): Promise<void> {
    await this.#behind.flush().catch(() => {});
    if (this.#touched) await this.#updateRecord().catch(() => {});
  }

  /**
   * Abandons the download and removes what it wrote. Existing bytes to which it has added none stay.
   */
  async remove(): Promise<void> {
    if (!this.#open) return;
    await this.settle();
    try {
      if (!this.#touched && !this.#created) return;
      await Deno.remove(this.#path);
      await removeRecord(this.#path);
    } catch (cause) {
      throw writeError(`cannot remove ${this.partName}: ${reason(cause)}`, cause);
    } finally {
      this.#close();
    }
  }

  /** Closes the file, and removes it if it was created here and is empty. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    try {
      if (this.#created && !this.#touched) Deno.removeSync(this.#path);
    } catch {
      // It is gone, or has to stay. The error that ended the download matters more.
    } finally {
      this.#close();
    }
  }

  #close(): void {
    this.#open = false;
    closeExclusive(this.#file);
  }

  /** Prepares for the first write: until then, bytes that are to be replaced stay. */
  async #start(): Promise<void> {
    // In this order: a record must never describe bytes of another file.
    await this.#cut();
    if (this.#record !== undefined) await writeRecord(this.#path, this.#record);
    else if (this.existing === 0) await removeRecord(this.#path);
    if (this.#record !== undefined) {
      const { start, size } = this.#record;
      this.#sums = new PieceSums(start + this.existing, size, this.#existingSums);
    }
    await this.#file.seek(this.existing, Deno.SeekMode.Start);
    this.#updatedAtMs = performance.now();
    this.#touched = true;
  }

  /**
   * Removes bytes that are not continued. Only if there are any: on ext4, closing a file that was
   * truncated to nothing waits for the disk.
   */
  async #cut(): Promise<void> {
    if (this.startsOver) await this.#file.truncate(this.existing);
  }

  async #writing(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      throw writeError(`cannot write to ${this.partName}: ${reason(cause)}`, cause);
    }
  }

  /** Handles a file of that name that was created during the download. */
  async #takeName(): Promise<void> {
    const { existing, path, name } = this.#target;
    if (existing === "replace" || !await exists(path, name)) return;
    if (existing === "refuse") {
      throw writeError(
        `${name} was created by another program, and is unchanged; ` +
          `choose another name with ${this.#target.namedBy}`,
      );
    }
    this.#target = await nextTarget(this.#target);
  }

  #checkLength(wanted: number): void {
    if (this.existing > wanted) throw partTooLong(this.partName);
  }

  #compare(record: ResumeRecord): void {
    const { record: before } = this.before;
    const why = before && difference(before, record);
    if (why !== undefined) throw resumeRefusal(this.partName, why);
  }
}

const NOTHING_BEFORE: RecordFound = { record: undefined, note: undefined };
const UNKNOWN = { etag: undefined, lastModified: undefined, mirrors: [] };

function openPart({ path, name, mode }: FileTarget): Promise<ExclusiveFile | undefined> {
  // The permissions of the file that is replaced apply to the new one, too.
  const permissions = mode === undefined ? undefined : mode & 0o777 | 0o600;
  return openExclusive(`${path}.part`, `${name}.part`, permissions);
}

/**
 * A file that is written as `FILE.part` and gets its name when it is complete and verified. However the
 * process ends, the part file holds a prefix of the bytes to download: bytes are only appended, and
 * only after the record of the file they belong to. One process at a time writes to it.
 *
 * @module
 */

import type { KnownMirror } from "../../../mod.ts";
import { CommandError } from "../../command_line/command_error.ts";
import { reason, writeError } from "../failure/exit_code.ts";
import { exists, type FileTarget, nextTarget } from "./file_target.ts";
import { syncDirectory, syncFile } from "./durable_file.ts";
import { closeExclusive, type ExclusiveFile, isOpen, openExclusive } from "./exclusive_file.ts";
import { ExistingPart, type WantedRange } from "./existing_part.ts";
import { GrowingRecord } from "./growing_record.ts";
import { directoryOf } from "./path.ts";
import {
  type FileFacts,
  readRecord,
  recordFacts,
  type RecordFound,
  removeRecord,
} from "./resume_record.ts";
import { WriteBehind } from "./write_behind.ts";

/** An incomplete file. */
export class PartFile implements Disposable {
  /** Name of the part file in messages. */
  readonly partName: string;
  /** Whether existing bytes are replaced. */
  readonly startsOver: boolean;
  /** The bytes that are continued. */
  readonly existing: ExistingPart;
  readonly #file: Deno.FsFile;
  readonly #behind: WriteBehind;
  readonly #path: string;
  readonly #created: boolean;
  readonly #record: GrowingRecord;
  #target: FileTarget;
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
    this.existing = new ExistingPart(file, this.partName, resume ? sizeBefore : 0, before);
    this.startsOver = !resume && sizeBefore > 0;
    this.#file = file;
    this.#behind = new WriteBehind(file);
    this.#path = `${target.path}.part`;
    this.#created = found.sizeBefore === undefined;
    this.#record = new GrowingRecord(this.#path, before.record);
    this.#target = target;
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
        throw writeError(
          `another download is writing to ${target.name}.part; wait until it is done`,
        );
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
    return this.#touched || this.existing.length > 0;
  }

  /**
   * Sets the range to download. To be called before the first request, so that nothing beyond the end
   * is requested.
   *
   * @throws {CommandError} existing bytes begin elsewhere, or are too many; they stay unchanged
   */
  expect({ start, end = Infinity }: WantedRange): void {
    this.existing.compare({ size: undefined, start, mirrors: [], pieces: [] }, end - start);
  }

  /**
   * Sets what is known about the file. The record is written together with the first new byte.
   *
   * @throws {CommandError} existing bytes belong to another file; they stay unchanged
   */
  begin(facts: FileFacts): void {
    const { info: { size = Infinity }, start = 0, end = Infinity } = facts;
    const record = recordFacts(facts);
    this.existing.compare(record, Math.max(0, Math.min(end, size) - start));
    this.#record.begin(record, facts.mirrors);
  }

  /** Adds mirrors to the record, between writes; does nothing if the record has them. */
  async learn(mirrors: readonly KnownMirror[]): Promise<void> {
    if (this.#record.learn(mirrors) && this.#touched) {
      await this.#writing(() => this.#record.write());
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#writing(async () => {
      if (!this.#touched) await this.#start();
      await this.#behind.write(bytes);
      await this.#record.append(bytes);
    });
  }

  /** Returns the file with all that was written, and its path, to correct it; no bytes follow. */
  async finished(): Promise<{ readonly file: Deno.FsFile; readonly path: string }> {
    await this.#writing(() => this.#behind.flush());
    return { file: this.#file, path: this.#path };
  }

  /** Removes the record before bytes are corrected: what has no record is continued, and verified, as it is. */
  async forgetRecord(): Promise<void> {
    await this.#writing(() => this.#record.remove());
  }

  /**
   * Removes what this download has written behind the first `length` bytes, and some before, so that the sums
   * of those that stay are known.
   */
  async keep(length: number): Promise<void> {
    if (!this.#touched) return;
    await this.#writing(async () => {
      await this.#behind.flush();
      const kept = await this.#record.keep(length);
      await this.#file.truncate(kept);
      await syncFile(this.#file);
      await this.#record.write();
    });
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
    await syncDirectory(directoryOf(this.#target.path));
    // Only now: the lock is held until the file has its name.
    this.#close();
  }

  /** Records that bytes of different files may be in it: they are not continued. Ignores errors. */
  async distrust(): Promise<void> {
    if (this.#open && this.#touched) await this.#record.distrust().catch(() => {});
  }

  /** Waits for pending writes, and brings the record up to date; ignores errors of both. */
  async settle(): Promise<void> {
    await this.#behind.flush().catch(() => {});
    if (this.#touched) await this.#record.update().catch(() => {});
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
    await this.#record.start(this.existing.length, this.existing.sums);
    await this.#file.seek(this.existing.length, Deno.SeekMode.Start);
    this.#touched = true;
  }

  /**
   * Removes bytes that are not continued. Only if there are any: on ext4, closing a file that was
   * truncated to nothing waits for the disk.
   */
  async #cut(): Promise<void> {
    const { length, lost, unproved } = this.existing;
    if (!this.startsOver && lost + unproved === 0) return;
    await this.#file.truncate(length);
    // Else a crash could join the old bytes and a record of the new ones.
    await syncFile(this.#file);
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
}

const NOTHING_BEFORE: RecordFound = { record: undefined, note: undefined };

function openPart({ path, name, mode }: FileTarget): Promise<ExclusiveFile | undefined> {
  // The permissions of the file that is replaced apply to the new one, too.
  const permissions = mode === undefined ? undefined : mode & 0o777 | 0o600;
  return openExclusive(`${path}.part`, `${name}.part`, permissions);
}

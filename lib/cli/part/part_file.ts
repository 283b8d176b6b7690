/**
 * A file that grows as `FILE.part` and gets its name once it is complete and verified. Its bytes are a
 * prefix of what is wanted at every moment, whatever ends the process: they are only ever appended,
 * after the record of what they belong to. One download at a time has it.
 *
 * @module
 */

import { dirname } from "@std/path/dirname";
import type { KnownMirror } from "../../../mod.ts";
import { CommandError } from "../../command_line/command_error.ts";
import { ExitCode } from "../failure/exit_code.ts";
import { readError, reason, writeError } from "../failure/file_error.ts";
import { exists, type FileTarget, nextTarget } from "./file_target.ts";
import { partTooLong, resumeRefusal } from "./continuation.ts";
import { syncDirectory, syncFile } from "./durable_file.ts";
import { closeExclusive, type ExclusiveFile, isOpen, openAlone } from "./exclusive_file.ts";
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

/** The bytes of a file that are downloaded. */
export interface WantedRange {
  /** The first one. */
  readonly start: number;
  /** The one behind the last; `undefined` for the end of the file. */
  readonly end?: number | undefined;
}

/** How a part file is opened. */
export interface PartFileOptions {
  /** Whether bytes from before are continued. */
  readonly resume: boolean;
}

/** What becomes of a complete file besides its name. */
export interface CompleteOptions {
  /** Its time of last modification; left as it is without one. */
  readonly mtime?: Date | undefined;
}

/** A file that is incomplete. */
export class PartFile implements Disposable {
  /** What messages call the part file. */
  readonly partName: string;
  /** Bytes from before that are continued. */
  readonly existing: number;
  /** Whether bytes from before are started over. */
  readonly startsOver: boolean;
  /** What is known of the bytes that are continued. */
  readonly before: RecordFound;
  readonly #file: Deno.FsFile;
  readonly #behind: WriteBehind;
  readonly #path: string;
  readonly #created: boolean;
  #target: FileTarget;
  #record: ResumeRecord | undefined;
  /** Mirrors that `#record` has from this download. */
  #told = new Set<string>();
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
  }

  /**
   * Opens the part file of a target. Rejects with exit code 23 where that cannot be written or
   * another download has it, and with 36 where it cannot be continued.
   */
  static async open(target: FileTarget, { resume }: PartFileOptions): Promise<PartFile> {
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

  /** What messages call the final file. */
  get name(): string {
    return this.#target.name;
  }

  /** Itself: what an output without a part file has not. */
  get part(): PartFile {
    return this;
  }

  /** Whether the part file has bytes that are worth keeping. */
  get kept(): boolean {
    return this.#touched || this.existing > 0;
  }

  /** The bytes from before, from `start` on. To be read to the end before the first write. */
  async *read(start: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    await this.#file.seek(start, Deno.SeekMode.Start);
    let left = this.existing - start;
    while (left > 0) {
      const buffer = new Uint8Array(Math.min(left, 256 * 1024));
      const count = await this.#readInto(buffer);
      if (count === null) throw new CommandError(ExitCode.RESUME, `${this.partName} got shorter`);
      left -= count;
      yield buffer.subarray(0, count);
    }
  }

  async #readInto(buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
    try {
      return await this.#file.read(buffer);
    } catch (cause) {
      throw readError(`cannot read ${this.partName}: ${reason(cause)}`, cause);
    }
  }

  /**
   * It is known which bytes of the file are wanted. To be called before anything is asked, so that
   * nobody is asked for what lies behind the end.
   *
   * @throws {CommandError} the bytes from before begin elsewhere, or are more; they stay as they are
   */
  expect({ start, end = Infinity }: WantedRange): void {
    this.#compare({ size: undefined, start, mirrors: [] });
    this.#checkLength(end - start);
  }

  /**
   * The download knows what the file is. Nothing is written yet: the record goes to the disk right
   * before the first new byte.
   *
   * @throws {CommandError} the bytes from before belong to another file; they stay as they are
   */
  begin(facts: FileFacts): void {
    const { info: { size = Infinity }, start = 0, end = Infinity } = facts;
    const record = recordFacts(facts);
    this.#compare(record);
    this.#checkLength(Math.max(0, Math.min(end, size) - start));
    const { record: before } = this.before;
    this.#record = before === undefined ? record : mergeRecords(before, record);
    this.#told = new Set(facts.mirrors?.map(({ url }) => url));
  }

  /**
   * More mirrors have answered since. To be called between writes; does nothing where all of them
   * are in the record.
   *
   * @throws {CommandError} the bytes from before belong to another file; what came since is gone
   */
  async learn(mirrors: readonly KnownMirror[]): Promise<void> {
    const fresh = mirrors.filter(({ url }) => !this.#told.has(url));
    if (this.#record === undefined || fresh.length === 0) return;
    const { size, start } = this.#record;
    const record = recordFacts({ info: { ...NOT_SAID, size }, start, mirrors: fresh });
    try {
      this.#compare(record);
    } catch (refusal) {
      await this.settle();
      if (this.#touched) await this.#writing(() => this.#file.truncate(this.existing));
      throw refusal;
    }
    for (const { url } of fresh) this.#told.add(url);
    const merged = mergeRecords(this.#record, record);
    this.#record = merged;
    if (this.#touched) await this.#writing(() => writeRecord(this.#path, merged));
  }

  /** Puts bytes behind those that are there already. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#writing(async () => {
      if (!this.#touched) await this.#start();
      await this.#behind.write(bytes);
    });
  }

  /** All bytes are there, and right: the file gets its name. */
  async complete({ mtime }: CompleteOptions = {}): Promise<void> {
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
        throw writeError(`${this.partName} was removed or replaced by somebody else meanwhile`);
      }
      // A part file without a record can be continued; a record without one would be left behind.
      await removeRecord(this.#path);
      await Deno.rename(this.#path, this.#target.path);
    } catch (cause) {
      if (cause instanceof CommandError) throw cause;
      throw writeError(`cannot rename ${this.partName} to ${this.name}: ${reason(cause)}`, cause);
    }
    await syncDirectory(dirname(this.#target.path));
    // Not earlier: until it has its name, nobody else may write to it.
    this.#close();
  }

  /** Waits until nothing is on its way to the disk any more; what goes wrong there is passed over. */
  async settle(): Promise<void> {
    await this.#behind.flush().catch(() => {});
  }

  /**
   * Gives the download up and takes away what it wrote. Bytes from before stay where it has added
   * none to them.
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

  /** Closes the file; one that was made here and got no bytes is taken away again. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    try {
      if (this.#created && !this.#touched) Deno.removeSync(this.#path);
    } catch {
      // Somebody has taken it away already, or it has to stay: what ended the download counts.
    } finally {
      this.#close();
    }
  }

  #close(): void {
    this.#open = false;
    closeExclusive(this.#file);
  }

  /** Bytes from before that are not continued stay until there are others. */
  async #start(): Promise<void> {
    // In this order: a new record never stands beside old bytes that it does not describe.
    await this.#cut();
    if (this.#record !== undefined) await writeRecord(this.#path, this.#record);
    else if (this.existing === 0) await removeRecord(this.#path);
    await this.#file.seek(this.existing, Deno.SeekMode.Start);
    this.#touched = true;
  }

  /**
   * Takes away bytes from before that are not continued; there is nothing to do in the usual case,
   * and ext4 would make whoever closes a file that was ever cut to nothing wait for the disk.
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

  /** Somebody may have made a file of that name while this one was downloaded. */
  async #takeName(): Promise<void> {
    const { existing, path, name } = this.#target;
    if (existing === "replace" || !await exists(path, name)) return;
    if (existing === "refuse") {
      throw writeError(
        `${name} was made by somebody else meanwhile, and is left as it is; ` +
          "-o NAME to choose another name",
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
const NOT_SAID = { etag: undefined, lastModified: undefined, mirrors: [] };

function openPart({ path, name, mode }: FileTarget): Promise<ExclusiveFile | undefined> {
  // Whoever may not read the file that is replaced may not read the new one.
  const permissions = mode === undefined ? undefined : mode & 0o777 | 0o600;
  return openAlone(`${path}.part`, `${name}.part`, permissions);
}

/**
 * The record of a part file while bytes are appended to it: which mirrors have the file, and sums of
 * what has arrived. A record is synced to the disk, so it is brought up to date at intervals only.
 *
 * @module
 */

import type { KnownMirror } from "../../../mod.ts";
import { syncDirectory } from "./durable_file.ts";
import { directoryOf } from "./path.ts";
import { PieceSums, type SummedPiece } from "./pieces/piece_sums.ts";
import {
  mergeRecords,
  recordFacts,
  removeRecord,
  type ResumeRecord,
  writeRecord,
} from "./resume_record.ts";

/** The sums are first written after this many bytes, and then whenever there are twice as many. */
const FIRST_UPDATE = 64 * 1024;
/** The most bytes that arrive before the sums are written again. */
const LAST_UPDATE = 64 * 1024 * 1024;
/** The least time between two updates, in milliseconds. */
const UPDATE_MS = 500;

export class GrowingRecord {
  readonly #path: string;
  readonly #before: ResumeRecord | undefined;
  #record: ResumeRecord | undefined;
  /** Mirrors that were added by this download. */
  #added = new Set<string>();
  #sums: PieceSums | undefined;
  /** Length of the part file at which the sums are written next. */
  #updateAt = 0;
  #updatedAtMs = 0;

  /** Creates the record of the part file with that path; `before` is that of its existing bytes. */
  constructor(path: string, before: ResumeRecord | undefined) {
    this.#path = path;
    this.#before = before;
  }

  /** Sets what is known about the file; `mirrors` are those whose validators it has. */
  begin(record: ResumeRecord, mirrors: readonly KnownMirror[] = []): void {
    this.#record = this.#before === undefined ? record : mergeRecords(this.#before, record);
    this.#added = new Set(mirrors.map(({ url }) => url));
  }

  /** Adds mirrors; returns false if it has them. */
  learn(mirrors: readonly KnownMirror[]): boolean {
    const fresh = mirrors.filter(({ url }) => !this.#added.has(url));
    if (this.#record === undefined || fresh.length === 0) return false;
    const { size, start } = this.#record;
    const record = recordFacts({ info: { ...UNKNOWN, size }, start, mirrors: fresh });
    for (const { url } of fresh) this.#added.add(url);
    this.#record = mergeRecords(this.#record, record);
    return true;
  }

  /**
   * Writes it before the first new byte, in the place of the one of bytes that are replaced; `existing` bytes
   * are continued, and `sums` are theirs, as far as they are known.
   */
  async start(existing: number, sums: readonly SummedPiece[]): Promise<void> {
    this.#updateAt = existing + FIRST_UPDATE;
    if (this.#record === undefined) {
      if (existing === 0) await removeRecord(this.#path);
      return;
    }
    await this.write();
    // After a crash without a record, received bytes could not be told from lost ones.
    await syncDirectory(directoryOf(this.#path));
    const { start, size } = this.#record;
    this.#sums = new PieceSums(start + existing, size, sums);
    this.#updatedAtMs = performance.now();
  }

  /** Takes bytes that were appended, and writes the sums if it is time. */
  async append(bytes: Uint8Array): Promise<void> {
    if (this.#sums === undefined) return;
    this.#sums.update(bytes);
    const isDue = this.#length >= this.#updateAt &&
      performance.now() >= this.#updatedAtMs + UPDATE_MS;
    if (isDue) await this.update();
  }

  /** Writes the sums of what has arrived. */
  async update(): Promise<void> {
    if (this.#record === undefined || this.#sums === undefined) return;
    this.#updateAt = Math.min(2 * this.#length, this.#length + LAST_UPDATE);
    this.#record = { ...this.#record, pieces: await this.#sums.pieces() };
    await this.write();
    this.#updatedAtMs = performance.now();
  }

  /**
   * Returns the length of the longest part of the part file of which sums are recorded, up to `length`; forgets
   * the sums of what follows.
   */
  async keep(length: number): Promise<number> {
    await this.update();
    if (this.#record === undefined) return 0;
    const { start } = this.#record;
    const pieces = this.#record.pieces.filter(({ end }) => end <= start + length);
    this.#record = { ...this.#record, pieces };
    return (pieces.at(-1)?.end ?? start) - start;
  }

  /** Removes it for good: the bytes that it describes are about to change. */
  async remove(): Promise<void> {
    this.#record = this.#sums = undefined;
    await removeRecord(this.#path);
    await syncDirectory(directoryOf(this.#path));
  }

  /** Records that the bytes may be those of different files. */
  async distrust(): Promise<void> {
    if (this.#record === undefined) return;
    this.#record = { ...this.#record, mixed: true };
    await this.write();
  }

  /** Writes it as it is. */
  async write(): Promise<void> {
    if (this.#record !== undefined) await writeRecord(this.#path, this.#record);
  }

  /** Length of the part file, once everything is written. */
  get #length(): number {
    return (this.#sums?.position ?? 0) - (this.#record?.start ?? 0);
  }
}

const UNKNOWN = { etag: undefined, lastModified: undefined, mirrors: [] };

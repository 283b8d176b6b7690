/**
 * What is known of sets of mirrors: it is learned once, shared by all who ask at the same time, and
 * kept for a while, so that a seek goes straight to the data. What is too old to be used still
 * tells by which validators the file was known, so that they stay (see file_validators.ts).
 *
 * @module
 */

import { Downloader, type DownloaderOptions, type FileInfo, type KnownFile } from "../../../mod.ts";
import { type FileValidators, fileValidators } from "./file_validators.ts";
import { overloaded } from "../problem.ts";
import { withQueryOptions } from "../request/query.ts";
import { unlessAborted } from "../../unless_aborted.ts";

/** A file on a set of mirrors. */
export interface FileRecord extends FileValidators {
  readonly info: FileInfo;
  /** `undefined` where the mirrors do not serve ranges, or do not tell the size. */
  readonly file: KnownFile | undefined;
  /** When that was learned, in milliseconds since 1970. */
  readonly knownAtMs: number;
}

/** How a catalogue is set up. */
export interface KnownFilesOptions {
  /** For how long an entry holds, in milliseconds. */
  readonly rememberMs: number;
  /** The most sets of mirrors that are asked at once. */
  readonly maxLearning: number;
  /** Options of the downloads by which it learns. */
  readonly download: DownloaderOptions;
}

/** One set of mirrors. */
interface MirrorSet {
  /** What was learned last, even if it holds no more. */
  entry: FileRecord | undefined;
  /** Whether the entry has not turned out to be wrong. */
  holds: boolean;
  learning: SharedWork<FileRecord> | undefined;
}

/** The most sets that are kept. */
const MOST_ENTRIES = 1000;
/** Room for the first bytes of a file, by which mirrors are compared, and little more. */
const LEARNING: DownloaderOptions = {
  splitSize: 1000,
  windowSize: 16 * 1024,
  delayRequest: "normal",
};

/** Keeps what is known of sets of mirrors. */
export class KnownFiles {
  readonly #options: KnownFilesOptions;
  /** By the mirrors; the least recently learned first. */
  readonly #sets = new Map<string, MirrorSet>();
  #learning = 0;

  constructor(options: KnownFilesOptions) {
    this.#options = options;
  }

  /** What is known without asking the mirrors. */
  recall(mirrors: readonly string[]): FileRecord | undefined {
    const { entry, holds = false } = this.#sets.get(JSON.stringify(mirrors)) ?? {};
    if (entry === undefined || !holds) return undefined;
    return Date.now() - entry.knownAtMs < this.#options.rememberMs ? entry : undefined;
  }

  /**
   * What is known of the file on these mirrors. Rejects as a download does, with the signal's
   * reason, and with a `Problem` of status 503 when too many others are asked for already.
   */
  async get(mirrors: readonly string[], signal: AbortSignal): Promise<FileRecord> {
    const recalled = this.recall(mirrors);
    if (recalled !== undefined) return recalled;
    const key = JSON.stringify(mirrors);
    const set = this.#sets.get(key) ?? { entry: undefined, holds: false, learning: undefined };
    if (set.learning === undefined || set.learning.isGivenUp) {
      if (this.#learning >= this.#options.maxLearning) {
        throw overloaded("as many files as there is room for are asked for already");
      }
      set.learning = this.#begin(key, set, mirrors);
    }
    return await set.learning.wait(signal);
  }

  /** Forgets an entry that has turned out to be wrong. */
  forget(mirrors: readonly string[], entry: FileRecord): void {
    const set = this.#sets.get(JSON.stringify(mirrors));
    if (set?.entry === entry) set.holds = false;
  }

  #begin(key: string, set: MirrorSet, mirrors: readonly string[]): SharedWork<FileRecord> {
    this.#learning++;
    this.#sets.delete(key);
    this.#sets.set(key, set);
    const [oldest] = this.#sets.keys();
    if (this.#sets.size > MOST_ENTRIES) this.#sets.delete(oldest!);
    const learning = new SharedWork(async (signal) => {
      try {
        set.entry = await this.#learn(mirrors, set.entry, signal);
        set.holds = true;
        return set.entry;
      } finally {
        this.#learning--;
        if (set.learning === learning) set.learning = undefined;
        // A failure is not kept: the next one asks again.
        const isEmpty = set.entry === undefined && set.learning === undefined;
        if (isEmpty && this.#sets.get(key) === set) this.#sets.delete(key);
      }
    });
    return learning;
  }

  async #learn(
    mirrors: readonly string[],
    before: FileRecord | undefined,
    signal: AbortSignal,
  ): Promise<FileRecord> {
    const options = { ...withQueryOptions(this.#options.download, LEARNING), signal };
    await using download = new Downloader(mirrors, options);
    const info = await download.open();
    const file = download.knownFile;
    return { info, file, ...await fileValidators(info, file, before), knownAtMs: Date.now() };
  }
}

/** Work that goes on for as long as somebody waits for it. */
export class SharedWork<Result> {
  readonly #result: Promise<Result>;
  readonly #given = new AbortController();
  #waiting = 0;

  /**
   * Begins the work, a moment later; its signal aborts when nobody waits for the result any more.
   */
  constructor(work: (signal: AbortSignal) => Promise<Result>) {
    this.#result = Promise.resolve().then(() => work(this.#given.signal));
    this.#result.catch(() => {});
  }

  /** Whether everybody has left: whoever comes now has to begin anew. */
  get isGivenUp(): boolean {
    return this.#given.signal.aborted;
  }

  /** The result; rejects as the work does, and with the signal's reason when that aborts. */
  async wait(signal: AbortSignal): Promise<Result> {
    signal.throwIfAborted();
    this.#waiting++;
    try {
      return await unlessAborted(this.#result, signal);
    } finally {
      this.#waiting--;
      // Of work that is done, this ends nothing.
      if (this.#waiting === 0) this.#given.abort(signal.reason);
    }
  }
}

/**
 * Remembers what probes found out about files, so that a seek skips the probe and requests data at
 * once. Concurrent requests for a file share one probe. An expired entry still supplies the
 * validators by which clients know the file (see file_validators.ts).
 *
 * @module
 */

import { Downloader, type DownloaderOptions, type FileInfo, type KnownFile } from "../../../mod.ts";
import { unlessAborted } from "../../unless_aborted.ts";
import { overloaded } from "../problem.ts";
import { withQueryOptions } from "../request/query.ts";
import { type FileValidators, fileValidators } from "./file_validators.ts";

export interface FileRecord extends FileValidators {
  readonly info: FileInfo;
  /** `undefined` if the mirrors do not support ranges or do not report the size. */
  readonly file: KnownFile | undefined;
  /** When the probe ended, in milliseconds since 1970. */
  readonly knownAtMs: number;
}

export interface KnownFilesOptions {
  /** How long an entry is valid, in milliseconds. */
  readonly rememberMs: number;
  readonly maxProbes: number;
  readonly download: DownloaderOptions;
}

/** The state of one list of mirrors. */
interface MirrorSet {
  /** The result of the last probe, even if it is no longer valid. */
  record: FileRecord | undefined;
  /** Whether no download has contradicted the record. */
  isValid: boolean;
  probe: SharedWork<FileRecord> | undefined;
}

const MAX_RECORDS = 1000;
/** A small window: a probe reads little more than the first bytes, by which mirrors are compared. */
const PROBE_OPTIONS: DownloaderOptions = {
  splitSize: 1000,
  windowSize: 16 * 1024,
  delayRequest: "normal",
};

/** Remembers files by their mirrors. */
export class KnownFiles {
  readonly #options: KnownFilesOptions;
  /** By mirrors; the least recently probed first. */
  readonly #sets = new Map<string, MirrorSet>();
  #probes = 0;

  constructor(options: KnownFilesOptions) {
    this.#options = options;
  }

  /** Returns the record of a file, if it is valid, without a request to the mirrors. */
  recall(mirrors: readonly string[]): FileRecord | undefined {
    const { record, isValid = false } = this.#sets.get(JSON.stringify(mirrors)) ?? {};
    if (record === undefined || !isValid) return undefined;
    return Date.now() - record.knownAtMs < this.#options.rememberMs ? record : undefined;
  }

  /**
   * Returns the record of a file, after a probe if necessary. Rejects as a download does, with the
   * signal's reason, and with a `Problem` of status 503 when too many probes are running.
   */
  async get(mirrors: readonly string[], signal: AbortSignal): Promise<FileRecord> {
    const recalled = this.recall(mirrors);
    if (recalled !== undefined) return recalled;
    const key = JSON.stringify(mirrors);
    const set = this.#sets.get(key) ?? { record: undefined, isValid: false, probe: undefined };
    if (set.probe === undefined || set.probe.isAbandoned) {
      if (this.#probes >= this.#options.maxProbes) {
        throw overloaded("the proxy is at its limit of requests for new files; try again later");
      }
      set.probe = this.#start(key, set, mirrors);
    }
    return await set.probe.wait(signal);
  }

  /** Invalidates a record that a download has contradicted. */
  invalidate(mirrors: readonly string[], record: FileRecord): void {
    const set = this.#sets.get(JSON.stringify(mirrors));
    if (set?.record === record) set.isValid = false;
  }

  #start(key: string, set: MirrorSet, mirrors: readonly string[]): SharedWork<FileRecord> {
    this.#probes++;
    this.#sets.delete(key);
    this.#sets.set(key, set);
    const [oldest] = this.#sets.keys();
    if (this.#sets.size > MAX_RECORDS) this.#sets.delete(oldest!);
    const probe = new SharedWork(async (signal) => {
      try {
        set.record = await this.#probe(mirrors, set.record, signal);
        set.isValid = true;
        return set.record;
      } finally {
        this.#probes--;
        if (set.probe === probe) set.probe = undefined;
        // A failure is not remembered: the next request probes again.
        const isEmpty = set.record === undefined && set.probe === undefined;
        if (isEmpty && this.#sets.get(key) === set) this.#sets.delete(key);
      }
    });
    return probe;
  }

  async #probe(
    mirrors: readonly string[],
    before: FileRecord | undefined,
    signal: AbortSignal,
  ): Promise<FileRecord> {
    const options = { ...withQueryOptions(this.#options.download, PROBE_OPTIONS), signal };
    await using download = new Downloader(mirrors, options);
    const info = await download.open();
    const file = download.knownFile;
    return { info, file, ...await fileValidators(info, file, before), knownAtMs: Date.now() };
  }
}

/** Work that is shared by all callers waiting for it, and aborted when the last one leaves. */
export class SharedWork<Result> {
  readonly #result: Promise<Result>;
  readonly #abandoned = new AbortController();
  #waiting = 0;

  /** Starts the work in a microtask. Its signal aborts when no caller waits for the result. */
  constructor(work: (signal: AbortSignal) => Promise<Result>) {
    this.#result = Promise.resolve().then(() => work(this.#abandoned.signal));
    this.#result.catch(() => {});
  }

  /** Reports whether the work was aborted, so that it can no longer be waited for. */
  get isAbandoned(): boolean {
    return this.#abandoned.signal.aborted;
  }

  /** Returns the result. Rejects as the work does, and with the signal's reason when that aborts. */
  async wait(signal: AbortSignal): Promise<Result> {
    signal.throwIfAborted();
    this.#waiting++;
    try {
      return await unlessAborted(this.#result, signal);
    } finally {
      this.#waiting--;
      // No effect if the work is done.
      if (this.#waiting === 0) this.#abandoned.abort(signal.reason);
    }
  }
}

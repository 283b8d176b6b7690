/**
 * Remembers what probes found out about files, so that a seek skips the probe and requests data at
 * once. Concurrent requests for a file share one probe. An expired entry still supplies the
 * validators by which clients know the file (see file_validators.ts).
 *
 * @module
 */

import { Downloader, type DownloaderOptions, RangeNotSatisfiableError } from "../../../mod.ts";
import { unlessAborted } from "../../unless_aborted.ts";
import { overloaded } from "../problem.ts";
import { withQueryOptions } from "../request/query.ts";
import type { FileFacts } from "./delivery.ts";
import { type FileValidators, fileValidators } from "./file_validators.ts";
import type { OpenFile } from "./first_delivery.ts";

export interface FileRecord extends FileValidators, FileFacts {
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
   *
   * @param prepare called if a probe is necessary; returns how to find out about the file
   */
  async get(
    mirrors: readonly string[],
    signal: AbortSignal,
    prepare: () => OpenFile = () => (signal) => this.#probe(mirrors, signal),
  ): Promise<FileRecord> {
    signal.throwIfAborted();
    const recalled = this.recall(mirrors);
    if (recalled !== undefined) return recalled;
    const key = JSON.stringify(mirrors);
    const set = this.#sets.get(key) ?? { record: undefined, isValid: false, probe: undefined };
    if (set.probe === undefined || set.probe.isAbandoned) {
      if (this.#probes >= this.#options.maxProbes) {
        throw overloaded("the proxy is at its limit of requests for new files; try again later");
      }
      set.probe = this.#start(key, set, this.#probing(mirrors, prepare()));
    }
    return await set.probe.wait(signal);
  }

  /** Invalidates a record that a download has contradicted. */
  invalidate(mirrors: readonly string[], record: FileRecord): void {
    const set = this.#sets.get(JSON.stringify(mirrors));
    if (set?.record === record) set.isValid = false;
  }

  #start(key: string, set: MirrorSet, open: OpenFile): SharedWork<FileRecord> {
    this.#probes++;
    this.#sets.delete(key);
    this.#sets.set(key, set);
    const [oldest] = this.#sets.keys();
    if (this.#sets.size > MAX_RECORDS) this.#sets.delete(oldest!);
    const probe = new SharedWork(async (signal) => {
      try {
        const { info, file } = await open(signal);
        const validators = await fileValidators(info, file, set.record);
        set.record = { info, file, ...validators, knownAtMs: Date.now() };
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

  /** Opens a file; one without the range that a client wants, by a probe without a range. */
  #probing(mirrors: readonly string[], open: OpenFile): OpenFile {
    return (signal) =>
      open(signal).catch((error) => {
        if (!(error instanceof RangeNotSatisfiableError)) throw error;
        return this.#probe(mirrors, signal);
      });
  }

  async #probe(mirrors: readonly string[], signal: AbortSignal): Promise<FileFacts> {
    const options = { ...withQueryOptions(this.#options.download, PROBE_OPTIONS), signal };
    await using download = new Downloader(mirrors, options);
    const info = await download.open();
    return { info, file: download.knownFile };
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

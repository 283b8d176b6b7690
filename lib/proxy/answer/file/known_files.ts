/**
 * Remembers what probes found out about files, so that a seek skips the probe and requests data at
 * once. Concurrent requests for a file share one probe. An expired entry still supplies the
 * validators by which clients know the file (see file_validators.ts).
 *
 * @module
 */

import {
  Downloader,
  type DownloaderOptions,
  type KnownFile,
  type KnownPiece,
  RangeNotSatisfiableError,
} from "../../../../mod.ts";
import type { ByteRange } from "../../../http/byte_range.ts";
import { parseMirrorUrl } from "../../../http/address/mirror_url.ts";
import { promisesOtherThanHtml } from "../../../http/name/html.ts";
import { overloaded } from "../../problem.ts";
import { withQueryOptions } from "../../request/query.ts";
import type { FileFacts } from "../body/delivery.ts";
import { contradictory, type FileValidators, fileValidators } from "./file_validators.ts";
import type { OpenFile } from "../body/first_delivery.ts";
import { SharedWork } from "./shared_work.ts";

/** A file as a client asks for it. */
export interface WantedFile {
  readonly mirrors: readonly string[];
  /** A name that promises what it is; `undefined` for none but those in the mirrors' URLs. */
  readonly name: string | undefined;
  /** Its strong tag, if each piece of it is proved: nothing that mirrors say of it is compared then. */
  readonly etag?: string | undefined;
  /** What is known of it beforehand, and other options of its own. */
  readonly options?: WantedOptions | undefined;
}

/** Options of the downloads of one file. */
export type WantedOptions = Pick<
  DownloaderOptions,
  "expectedSize" | "expectedHashes" | "expectedPieces" | "headers"
>;

export interface FileRecord extends FileValidators, FileFacts {
  /** When the probe ended, in milliseconds since 1970. */
  readonly knownAtMs: number;
  /** The probe that made it, also after more was learned of the file. */
  readonly probe: symbol;
}

export interface KnownFilesOptions {
  /** How long an entry is valid, in milliseconds. */
  readonly rememberMs: number;
  readonly maxProbes: number;
  /** Whether a date that the mirrors of a file share identifies it. */
  readonly trustDates: boolean;
  readonly download: DownloaderOptions;
}

/** The state of one list of mirrors, for names that promise something, or for others. */
interface MirrorSet {
  /** The result of the last probe, even if it is no longer valid. */
  record: FileRecord | undefined;
  /** Whether no download has contradicted the record. */
  isValid: boolean;
  /** How often downloads have found other bytes. */
  changes: number;
  /** URLs of mirrors that contradicted the record in a download, with the same bytes as far as compared. */
  readonly suspected: Set<string>;
  probe: SharedWork<FileRecord> | undefined;
  /** How much is known, in characters. */
  length: number;
}

/** Maximum number of lists of mirrors of which something is remembered. */
export const MAX_RECORDS = 1000;
/** Maximum of what is remembered of all, in characters: mirrors choose how much their headers say. */
const MOST_CHARACTERS = 16 * 1024 * 1024;
/** Maximum number of pieces of a file by which it is recognized; each is a few dozen bytes. */
const MAX_PIECES = 32;
/** How long it may take at most to ask a mirror again that contradicts itself, in milliseconds. */
const CONFIRMATION_MS = 5000;
/** A small window: a probe reads little more than the first bytes, by which mirrors are compared. */
export const PROBE_OPTIONS: DownloaderOptions = {
  splitSize: 1000,
  windowSize: 16 * 1024,
  delayRequest: "normal",
};

/** Remembers files by their mirrors. */
export class KnownFiles {
  readonly #options: KnownFilesOptions;
  /** By mirrors; the least recently probed first. */
  readonly #sets = new Map<string, MirrorSet>();
  /** How much is known of all of them, in characters. */
  #length = 0;
  #probes = 0;

  constructor(options: KnownFilesOptions) {
    this.#options = options;
  }

  /** Returns the record of a file, if it is valid, without a request to the mirrors. */
  recall(wanted: WantedFile): FileRecord | undefined {
    const { record, isValid = false } = this.#sets.get(keyOf(wanted)) ?? {};
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
    wanted: WantedFile,
    signal: AbortSignal,
    prepare: () => OpenFile = () => (signal) => this.#probe(wanted, signal),
  ): Promise<FileRecord> {
    signal.throwIfAborted();
    const recalled = this.recall(wanted);
    if (recalled !== undefined) return recalled;
    const key = keyOf(wanted);
    const set = this.#sets.get(key) ?? newSet();
    if (set.probe === undefined || set.probe.isAbandoned) {
      if (this.#probes >= this.#options.maxProbes) {
        throw overloaded("the proxy is at its limit of requests for new files; try again later");
      }
      set.probe = this.#start(set, wanted, this.#probing(wanted, prepare()));
    }
    return await set.probe.wait(signal);
  }

  /**
   * Invalidates a record that a download has contradicted.
   *
   * @param hasChanged whether the bytes of a mirror have changed, so that the file needs another tag
   */
  invalidate(wanted: WantedFile, { probe }: FileRecord, hasChanged: boolean): void {
    const set = this.#sets.get(keyOf(wanted));
    if (set?.record?.probe !== probe || !set.isValid) return;
    set.isValid = false;
    if (hasChanged) set.changes++;
  }

  /**
   * Adds what a download has learned of a file and its mirrors to its record, if that is still valid.
   *
   * @param found what the download knows at its end
   */
  learn(
    wanted: WantedFile,
    { probe }: FileRecord,
    pieces: readonly KnownPiece[],
    found: KnownFile | undefined,
  ): void {
    const set = this.#sets.get(keyOf(wanted));
    const { record } = set ?? {};
    if (record?.file === undefined || record.probe !== probe || !set!.isValid) return;
    const refused = new Set(found?.mirrors.flatMap((one) => one.unconditional ? [one.url] : []));
    const mirrors = record.file.mirrors.map((one) =>
      refused.has(one.url) ? { ...one, unconditional: true } : one
    );
    // They had not answered yet when the others agreed on the file.
    const isNew = (url: string) => mirrors.every((one) => one.url !== url);
    const late = found?.mirrors.filter((one) => !one.unreliable && isNew(one.url)) ?? [];
    const all = spread([...record.file.pieces ?? [], ...pieces]);
    const file = { ...record.file, mirrors: [...mirrors, ...late], pieces: all };
    this.#keep(keyOf(wanted), set!, { ...record, file });
  }

  /**
   * Invalidates a record if a download has found validators that contradict it, though some bytes were
   * the same: the next probe shows whether the file has changed or the mirror is unreliable. Returns
   * whether there are any.
   */
  doubt(wanted: WantedFile, { probe }: FileRecord, found: KnownFile | undefined): boolean {
    if (wanted.etag !== undefined) return false;
    const set = this.#sets.get(keyOf(wanted));
    if (set?.record?.probe !== probe) return false;
    const { unreliable } = set.record;
    const suspects = found?.mirrors.filter((one) => one.unreliable && !unreliable.has(one.url)) ??
      [];
    for (const { url } of suspects) set.suspected.add(url);
    if (suspects.length > 0) set.isValid = false;
    return suspects.length > 0;
  }

  #start(set: MirrorSet, wanted: WantedFile, open: OpenFile): SharedWork<FileRecord> {
    const key = keyOf(wanted);
    this.#probes++;
    this.#sets.delete(key);
    this.#sets.set(key, set);
    this.#forgetOldest();
    const probe = new SharedWork(async (signal) => {
      try {
        const record = await this.#record(set, wanted, await open(signal), signal);
        this.#keep(key, set, record);
        set.isValid = true;
        return record;
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

  /** Sets what is known of a file. */
  #keep(key: string, set: MirrorSet, record: FileRecord): void {
    set.record = record;
    // It was forgotten while the probe ran.
    if (this.#sets.get(key) !== set) return;
    const length = lengthOf([key, record]);
    this.#length += length - set.length;
    set.length = length;
    this.#forgetOldest();
  }

  /** Forgets those that were probed least recently, as long as there are too many, or too much is known. */
  #forgetOldest(): void {
    for (const [key, { length }] of this.#sets) {
      const isEnough = this.#sets.size <= MAX_RECORDS && this.#length <= MOST_CHARACTERS;
      if (isEnough || this.#sets.size === 1) return;
      this.#sets.delete(key);
      this.#length -= length;
    }
  }

  /** Makes the record of a file from what a probe has found out. */
  async #record(
    set: MirrorSet,
    wanted: WantedFile,
    { info: { elsewhere: _, ...info }, file: found }: FileFacts,
    signal: AbortSignal,
  ): Promise<FileRecord> {
    const { record: before, changes } = set;
    const suspects = new Set([...set.suspected, ...contradictory(before?.file, found)]);
    const isSame = before?.info.size === info.size && before?.digest === found?.digest;
    const { etag } = wanted;
    const unreliable = etag === undefined && isSame && suspects.size > 0
      ? await this.#unreliable(wanted, suspects, [before?.file, found], signal)
      : new Set<string>();
    const { trustDates } = this.#options;
    const evidence = { unreliable, changes, etag, trustDates, named: wanted.mirrors };
    const validators = await fileValidators(info, found, before, evidence);
    const keepsTag = validators.etag !== undefined && validators.etag === before?.etag;
    const file = found && {
      ...found,
      // What a mirror says of others may be long.
      info: { ...found.info, elsewhere: undefined },
      mirrors: found.mirrors.map((one) =>
        validators.unreliable.has(one.url) ? { ...one, unreliable: true } : one
      ),
      pieces: keepsTag ? before.file?.pieces : undefined,
    };
    set.suspected.clear();
    return { info, file, ...validators, knownAtMs: Date.now(), probe: Symbol() };
  }

  /**
   * Returns which of the suspected mirrors contradict themselves from one response to the next. A mirror
   * that says the same several times, though not what it said before, has another file.
   *
   * @param said what the mirrors said before, and now
   */
  async #unreliable(
    wanted: WantedFile,
    suspects: ReadonlySet<string>,
    said: readonly (KnownFile | undefined)[],
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    const [before, now] = said;
    const changed = new Set(contradictory(before, now));
    // A download saw other validators, but now they are the earlier ones again.
    const unreliable = new Set([...suspects].filter((url) => !changed.has(url)));
    const mirrors = wanted.mirrors.filter((url) => changed.has(parseMirrorUrl(url).url));
    if (mirrors.length === 0) return unreliable;
    // Another range: what a mirror says may depend on what it is asked for.
    const middle = Math.floor((now?.info.size ?? 0) / 2);
    const ranges = [undefined, { start: middle, end: middle + 1 }];
    const again = await Promise.all(ranges.map(async (range) => {
      const time = AbortSignal.any([signal, AbortSignal.timeout(CONFIRMATION_MS)]);
      return (await this.#probe({ ...wanted, mirrors }, time, range).catch(() => undefined))?.file;
    }));
    signal.throwIfAborted();
    const answers = [now, ...again];
    for (const [index, later] of answers.entries()) {
      for (const earlier of answers.slice(0, index)) {
        for (const url of contradictory(earlier, later)) unreliable.add(url);
      }
    }
    return unreliable;
  }

  /** Opens a file; one without the range that a client wants, by a probe without a range. */
  #probing(wanted: WantedFile, open: OpenFile): OpenFile {
    return (signal) =>
      open(signal).catch((error) => {
        if (!(error instanceof RangeNotSatisfiableError)) throw error;
        return this.#probe(wanted, signal);
      });
  }

  async #probe(
    { mirrors, name, options: known }: WantedFile,
    signal: AbortSignal,
    range?: ByteRange,
  ): Promise<FileFacts> {
    const common = { ...withQueryOptions(this.#options.download, PROBE_OPTIONS), ...known };
    const options = { ...common, range, ...firstPiece(known), signal, expectedName: name };
    await using download = new Downloader(mirrors, options);
    const info = await download.open();
    return { info, file: download.knownFile };
  }
}

/** Names that promise the same have one record: what a page is to one of them, it is to all. */
function keyOf(
  { mirrors, name, etag, options: { expectedSize, expectedHashes } = {} }: WantedFile,
): string {
  const isPromise = name !== undefined && promisesOtherThanHtml(name);
  return JSON.stringify([mirrors, isPromise, expectedSize, expectedHashes, etag]);
}

/** Returns what a probe of a file with pieces needs: the first of them, of which it reads the beginning only. */
function firstPiece({ expectedPieces }: WantedOptions = {}): DownloaderOptions {
  if (expectedPieces === undefined) return {};
  const { length } = expectedPieces;
  const windowSize = Math.max(2 * length, PROBE_OPTIONS.windowSize!);
  return { windowSize, range: { start: 0, end: length } };
}

function newSet(): MirrorSet {
  const nothing = { record: undefined, isValid: false, changes: 0, probe: undefined, length: 0 };
  return { ...nothing, suspected: new Set() };
}

/** Returns how much memory data takes, about, in characters of its texts. */
export function lengthOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  const isBag = value instanceof Map || value instanceof Set;
  const members: unknown[] = isBag ? [...value] : Object.values(value ?? {});
  return members.reduce<number>((sum, member) => sum + 16 + lengthOf(member), 0);
}

/** Returns pieces in order, each once, and not too many, spread evenly. */
function spread(pieces: readonly KnownPiece[]): KnownPiece[] {
  const all = [...new Map(pieces.map((piece) => [piece.start, piece])).values()]
    .sort((one, other) => one.start - other.start);
  const step = Math.max(1, all.length / MAX_PIECES);
  return Array.from(
    { length: Math.min(all.length, MAX_PIECES) },
    (_, index) => all[Math.floor(index * step)]!,
  );
}

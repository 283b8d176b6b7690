/**
 * What is known of sets of mirrors: it is learned once, shared by all who ask at the same time, and
 * kept for a while, so that a seek goes straight to the data. What is too old to be used still
 * tells by which validators the file was known, so that they stay (see file_validators.ts).
 *
 * @module
 */

import { Downloader, type DownloaderOptions, type FileInfo, type KnownFile } from "../../../mod.ts";
import { type FileValidators, fileValidators } from "./file_validators.ts";
import { noRoom } from "../capacity/no_room.ts";
import { SharedWork } from "./shared_work.ts";

/** A file on a set of mirrors. */
export interface CatalogueEntry extends FileValidators {
  readonly info: FileInfo;
  /** `undefined` where the mirrors do not serve ranges, or do not tell the size. */
  readonly file: KnownFile | undefined;
  /** When that was learned, in milliseconds since 1970. */
  readonly knownAtMs: number;
}

/** How a catalogue is set up. */
export interface CatalogueOptions {
  /** For how long an entry holds, in milliseconds. */
  readonly rememberMs: number;
  /** The most sets of mirrors that are asked at once. */
  readonly maxLearning: number;
  /** Options of the downloads by which it learns. */
  readonly download: DownloaderOptions;
}

/** One set of mirrors. */
interface Place {
  /** What was learned last, even if it holds no more. */
  entry: CatalogueEntry | undefined;
  /** Whether the entry has not turned out to be wrong. */
  holds: boolean;
  learning: SharedWork<CatalogueEntry> | undefined;
}

/** The most sets that are kept. */
const MOST_ENTRIES = 1000;
/** Room for the first bytes of a file, by which mirrors are compared, and little more. */
const LEARNING = { splitSize: 1000, windowSize: 16 * 1024, delayRequest: "normal" } as const;

/** Keeps what is known of sets of mirrors. */
export class Catalogue {
  readonly #options: CatalogueOptions;
  /** By the mirrors; the least recently learned first. */
  readonly #places = new Map<string, Place>();
  #learning = 0;

  constructor(options: CatalogueOptions) {
    this.#options = options;
  }

  /** What is known without asking the mirrors. */
  recall(mirrors: readonly string[]): CatalogueEntry | undefined {
    const { entry, holds = false } = this.#places.get(JSON.stringify(mirrors)) ?? {};
    if (entry === undefined || !holds) return undefined;
    return Date.now() - entry.knownAtMs < this.#options.rememberMs ? entry : undefined;
  }

  /**
   * What is known of the file on these mirrors. Rejects as a download does, with the signal's
   * reason, and with a `Problem` of status 503 when too many others are asked for already.
   */
  async get(mirrors: readonly string[], signal: AbortSignal): Promise<CatalogueEntry> {
    const recalled = this.recall(mirrors);
    if (recalled !== undefined) return recalled;
    const key = JSON.stringify(mirrors);
    const place = this.#places.get(key) ?? { entry: undefined, holds: false, learning: undefined };
    if (place.learning === undefined || place.learning.isGivenUp) {
      if (this.#learning >= this.#options.maxLearning) {
        throw noRoom("as many files as there is room for are asked for already");
      }
      place.learning = this.#begin(key, place, mirrors);
    }
    return await place.learning.wait(signal);
  }

  /** Forgets an entry that has turned out to be wrong. */
  forget(mirrors: readonly string[], entry: CatalogueEntry): void {
    const place = this.#places.get(JSON.stringify(mirrors));
    if (place?.entry === entry) place.holds = false;
  }

  #begin(key: string, place: Place, mirrors: readonly string[]): SharedWork<CatalogueEntry> {
    this.#learning++;
    this.#places.delete(key);
    this.#places.set(key, place);
    const [oldest] = this.#places.keys();
    if (this.#places.size > MOST_ENTRIES) this.#places.delete(oldest!);
    const learning = new SharedWork(async (signal) => {
      try {
        place.entry = await this.#learn(mirrors, place.entry, signal);
        place.holds = true;
        return place.entry;
      } finally {
        this.#learning--;
        if (place.learning === learning) place.learning = undefined;
        // A failure is not kept: the next one asks again.
        const isEmpty = place.entry === undefined && place.learning === undefined;
        if (isEmpty && this.#places.get(key) === place) this.#places.delete(key);
      }
    });
    return learning;
  }

  async #learn(
    mirrors: readonly string[],
    before: CatalogueEntry | undefined,
    signal: AbortSignal,
  ): Promise<CatalogueEntry> {
    const options = { ...this.#options.download, ...LEARNING, signal };
    await using download = new Downloader(mirrors, options);
    const info = await download.open();
    const file = download.knownFile;
    return { info, file, ...await fileValidators(info, file, before), knownAtMs: Date.now() };
  }
}

/**
 * What is known of sets of mirrors: it is learned once, shared by all who ask at the same time, and
 * kept for a while, so that a seek goes straight to the data.
 *
 * @module
 */

import { Downloader, type DownloaderOptions, type FileInfo, type KnownFile } from "../../mod.ts";

/** A file on a set of mirrors. */
export interface CatalogueEntry {
  readonly info: FileInfo;
  /** `undefined` where the mirrors do not serve ranges, or do not tell the size. */
  readonly file: KnownFile | undefined;
  /** A strong entity tag; `undefined` where the file cannot be told from another one. */
  readonly etag: string | undefined;
  /** When the most mirrors say that it was modified. */
  readonly lastModified: string | undefined;
  /** When that was learned, in milliseconds since 1970. */
  readonly knownAtMs: number;
}

/** How a catalogue is set up. */
export interface CatalogueOptions {
  /** For how long an entry holds, in milliseconds. */
  readonly rememberMs: number;
  /** Options of the downloads by which it learns. */
  readonly download: DownloaderOptions;
}

/** The most sets that are kept. */
const MOST_ENTRIES = 1000;
/** Room for the first bytes of a file, by which mirrors are compared, and little more. */
const LEARNING = { splitSize: 1000, windowSize: 16 * 1024, delayRequest: "normal" } as const;

/** Keeps what is known of sets of mirrors. */
export class Catalogue {
  readonly #options: CatalogueOptions;
  /** By the mirrors; the least recently learned first. */
  readonly #entries = new Map<string, Promise<CatalogueEntry>>();

  constructor(options: CatalogueOptions) {
    this.#options = options;
  }

  /** What is known of the file on these mirrors; rejects as a download does. */
  async get(mirrors: readonly string[]): Promise<CatalogueEntry> {
    const key = JSON.stringify(mirrors);
    const kept = this.#entries.get(key);
    if (kept !== undefined) {
      const { knownAtMs } = await kept;
      if (Date.now() - knownAtMs < this.#options.rememberMs) return kept;
    }
    // Somebody else may have begun to learn it meanwhile.
    const current = this.#entries.get(key);
    if (current !== kept && current !== undefined) return await current;
    const learned = this.#learn(mirrors);
    this.#entries.delete(key);
    this.#entries.set(key, learned);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > MOST_ENTRIES) this.#entries.delete(oldest!);
    // A failure is not kept: the next one asks again.
    learned.catch(() => this.#forget(key, learned));
    return await learned;
  }

  /** Forgets what is known of these mirrors: it has turned out to be wrong. */
  forget(mirrors: readonly string[]): void {
    this.#entries.delete(JSON.stringify(mirrors));
  }

  #forget(key: string, entry: Promise<CatalogueEntry>): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
  }

  async #learn(mirrors: readonly string[]): Promise<CatalogueEntry> {
    await using download = new Downloader(mirrors, { ...this.#options.download, ...LEARNING });
    const info = await download.open();
    const file = download.knownFile;
    const lastModified = file === undefined ? info.lastModified : mostFrequent(
      file.mirrors.map(({ validators }) => validators.lastModified),
    );
    return {
      info,
      file,
      etag: entityTag(info, file, lastModified),
      lastModified,
      knownAtMs: Date.now(),
    };
  }
}

/**
 * A tag that depends on the content, as far as it was seen, and on the date that most mirrors give
 * it; not on which mirrors are there.
 */
function entityTag(
  { size }: FileInfo,
  file: KnownFile | undefined,
  lastModified: string | undefined,
): string | undefined {
  if (size === undefined || file?.digest === undefined) return undefined;
  const seconds = lastModified === undefined ? "" : Date.parse(lastModified) / 1000;
  return `"${size.toString(36)}-${file.digest}-${Number(seconds).toString(36)}"`;
}

/** The value that there is most of; of equally many, the smallest. */
function mostFrequent(values: readonly (string | undefined)[]): string | undefined {
  const counts = new Map<string, number>();
  for (const value of values) {
    if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const [winner] = [...counts].sort(([one, some], [other, others]) =>
    others - some || Date.parse(one) - Date.parse(other)
  );
  return winner?.[0];
}

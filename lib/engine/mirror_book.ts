/**
 * What downloads learn of mirrors' hosts, so that later ones start as fast as they will run. It is kept
 * in memory; the caller may store it. Of a mirror's URL it has the origin only: no path, query or
 * credentials.
 *
 * @module
 */

import { parseMirrorUrl, tryParseMirrorUrl } from "../http/address/mirror_url.ts";
import { redactUrl } from "../http/address/redact.ts";
import type { KnownLink } from "../scheduler/mirror/link_estimate.ts";
import type { Mirror } from "../scheduler/mirror/mirror.ts";
import { record, shown } from "../checks.ts";

/** Options of a {@linkcode MirrorBook}. */
export interface MirrorBookOptions {
  /**
   * Age at which figures expire, in milliseconds; `Infinity` for never.
   *
   * @default {86_400_000}
   */
  maxAgeMs?: number | undefined;
}

/** What is known of one origin. */
export interface MirrorBookEntry extends KnownLink {
  /** When it was learned, in milliseconds since the epoch. */
  readonly learnedAtMs: number;
}

/** A {@linkcode MirrorBook} as plain data for JSON. */
export interface MirrorBookData {
  /** Version of the format. */
  readonly version: 1;
  /** Entries by origin, like `https://one.example:8443`. */
  readonly origins: Readonly<Record<string, MirrorBookEntry>>;
}

/** A day, in milliseconds. */
const DAY_MS = 86_400_000;
/** Maximum number of origins kept. */
const MOST_ORIGINS = 1000;
/** Weight of old figures when new ones are recorded; it decreases as they age. */
const OLD_SHARE = 1 / 4;

/**
 * Rates and latencies of mirrors' hosts, by origin: scheme, host and port of the URL as it was
 * given, wherever it redirects to. Pass the same book to every {@linkcode Downloader}.
 *
 * Each figure is that of one mirror alone. If several mirrors of a download have one origin, their
 * figures are combined as if they had been learned one after the other, and each of them starts with
 * the result.
 *
 * @example Keep what one run learned for the next
 * ```ts
 * import { Downloader, MirrorBook } from "@x/sphttp";
 * import { assertEquals } from "@std/assert";
 *
 * const book = new MirrorBook();
 * // A download does this when it ends.
 * book.set("https://one.example/film", { bytesPerSecond: 12e6, latencyMs: 30 });
 * const text = JSON.stringify(book);
 *
 * const later = MirrorBook.fromJSON(JSON.parse(text));
 * assertEquals(later.get("https://one.example/other")?.bytesPerSecond, 12e6);
 * const urls = ["https://one.example/other", "https://two.example/other"];
 * await using download = new Downloader(urls, { book: later });
 * ```
 */
export class MirrorBook {
  readonly #maxAgeMs: number;
  readonly #entries = new Map<string, MirrorBookEntry>();

  /**
   * Creates an empty book.
   *
   * @throws {RangeError} if `maxAgeMs` is negative or not a number
   */
  constructor({ maxAgeMs = DAY_MS }: MirrorBookOptions = {}) {
    if (!(maxAgeMs >= 0)) {
      throw new RangeError(`maxAgeMs is ${maxAgeMs}, but must be a number from 0 up`);
    }
    this.#maxAgeMs = maxAgeMs;
  }

  /**
   * Creates a book from the data that {@linkcode MirrorBook.toJSON} returned.
   *
   * @throws {TypeError} if `value` is not such data; the message names what is wrong
   */
  static fromJSON(value: unknown, options: MirrorBookOptions = {}): MirrorBook {
    const book = new MirrorBook(options);
    const { version, origins } = record("the book", value);
    if (version !== 1) throw new TypeError(`version is ${shown(version)}, but must be 1`);
    for (const [origin, entry] of Object.entries(record("origins", origins))) {
      book.#put(checkedOrigin(origin), checkedEntry(origin, entry));
    }
    return book;
  }

  /** Number of origins in the book. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Returns what is known of a URL's origin, unless it has expired.
   *
   * @param now milliseconds since the epoch
   * @throws {MirrorUrlError} if it is not an http or https URL
   */
  get(url: string | URL, now: number = Date.now()): KnownLink | undefined {
    const entry = this.#entries.get(originOf(url));
    if (entry === undefined || !this.#isFresh(entry, now)) return undefined;
    const { bytesPerSecond, latencyMs } = entry;
    return { bytesPerSecond, latencyMs };
  }

  /**
   * Records what was learned of a URL's origin. New figures have at least three times the weight of
   * old ones, and more the older those are.
   *
   * @param now milliseconds since the epoch
   * @throws {MirrorUrlError} if it is not an http or https URL
   * @throws {TypeError} if a figure is not a positive number
   */
  set(url: string | URL, known: KnownLink, now: number = Date.now()): void {
    const origin = originOf(url);
    const learned = checkedEntry(origin, { ...known, learnedAtMs: now });
    const before = this.#entries.get(origin);
    if (before === undefined || !this.#isFresh(before, now)) return this.#put(origin, learned);
    const share = OLD_SHARE * (1 - Math.abs(now - before.learnedAtMs) / this.#maxAgeMs);
    this.#put(origin, {
      bytesPerSecond: mixed(before.bytesPerSecond, learned.bytesPerSecond, share),
      latencyMs: mixed(before.latencyMs, learned.latencyMs, share),
      learnedAtMs: now,
    });
  }

  /**
   * Deletes what has expired.
   *
   * @param now milliseconds since the epoch
   */
  prune(now: number = Date.now()): void {
    for (const [origin, entry] of this.#entries) {
      if (!this.#isFresh(entry, now)) this.#entries.delete(origin);
    }
  }

  /** Returns the book as plain data; `JSON.stringify` calls this. */
  toJSON(): MirrorBookData {
    return { version: 1, origins: Object.fromEntries(this.#entries) };
  }

  #isFresh({ learnedAtMs }: MirrorBookEntry, now: number): boolean {
    // A time in the future is that of a wrong clock.
    return Math.abs(now - learnedAtMs) < this.#maxAgeMs;
  }

  #put(origin: string, entry: MirrorBookEntry): void {
    this.#entries.set(origin, entry);
    if (this.#entries.size <= MOST_ORIGINS) return;
    const entries = [...this.#entries];
    const [oldest] = entries.reduce((one, other) =>
      other[1].learnedAtMs < one[1].learnedAtMs ? other : one
    );
    this.#entries.delete(oldest);
  }
}

/** A mirror that delivered fewer bytes than this is not recorded: its figures would be a guess. */
const LEAST_BYTES = 256 * 1024;

/** Shortest latency that is recorded, in milliseconds: a clock may measure 0. */
const CLOCK_MS = 0.001;

/**
 * What one download reads from its book when it is created, and records when it ends. Times are passed
 * in: `date` in milliseconds since the epoch, `now` in milliseconds of the download's clock.
 */
export class BookSession {
  /** What is known of the mirrors, in the order of the URLs. */
  readonly known: readonly (KnownLink | undefined)[];
  readonly #book: MirrorBook | undefined;

  constructor(book: MirrorBook | undefined, urls: readonly string[], date: number) {
    this.#book = book;
    this.known = urls.map((url) => book?.get(url, date));
  }

  /** Records what was learned of the mirrors, given in the order of the URLs. */
  record(mirrors: readonly Mirror[], now: number, date: number): void {
    for (const [index, { url, bytes, service, link }] of mirrors.entries()) {
      // A whole file is read as fast as the consumer takes it, which says nothing about the link.
      if (bytes < LEAST_BYTES || service !== "ranges") continue;
      const summary = link.summary(now);
      // Figures known before have not been learned again.
      if (summary === undefined || summary === this.known[index]) continue;
      const { bytesPerSecond, latencyMs } = summary;
      this.#book?.set(url, { bytesPerSecond, latencyMs: Math.max(CLOCK_MS, latencyMs) }, date);
    }
  }
}

/** Returns a geometric mean: a rate a hundred times as high must not outweigh the new one. */
function mixed(before: number, after: number, share: number): number {
  return before ** share * after ** (1 - share);
}

function originOf(url: string | URL): string {
  return new URL(parseMirrorUrl(url).url).origin;
}

function checkedOrigin(origin: string): string {
  if (tryParseMirrorUrl(origin)?.url === `${origin}/`) return origin;
  throw new TypeError(
    `origins has ${shown(redactUrl(origin))}, ` +
      `but must have http or https origins like https://one.example:8443`,
  );
}

function checkedEntry(origin: string, value: unknown): MirrorBookEntry {
  const { bytesPerSecond, latencyMs, learnedAtMs } = record(origin, value);
  return {
    bytesPerSecond: positive(`bytesPerSecond of ${origin}`, bytesPerSecond),
    latencyMs: positive(`latencyMs of ${origin}`, latencyMs),
    learnedAtMs: positive(`learnedAtMs of ${origin}`, learnedAtMs),
  };
}

function positive(name: string, value: unknown): number {
  if (typeof value === "number" && value > 0 && value < Infinity) return value;
  throw new TypeError(`${name} is ${shown(value)}, but must be a positive number`);
}

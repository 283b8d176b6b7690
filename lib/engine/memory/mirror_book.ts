/**
 * What downloads learn of mirrors' hosts, so that later ones start as fast as they will run. It is kept
 * in memory; the caller may store it. Of a mirror's URL it has the origin only: no path, query or
 * credentials.
 *
 * @module
 */

import { parseMirrorUrl, tryParseMirrorUrl } from "../../http/address/mirror_url.ts";
import { addressOf, requestedUrl, urlAt } from "../../http/address/named_address.ts";
import { redactUrl } from "../../http/address/redact.ts";
import type { KnownLink } from "../../scheduler/mirror/link_estimate.ts";
import type { Mirror } from "../../scheduler/mirror/mirror.ts";
import { record, shown } from "../../checks.ts";

/** Options of a {@linkcode MirrorBook}. */
export interface MirrorBookOptions {
  /**
   * Age at which figures expire, in milliseconds; `Infinity` for never.
   *
   * @default {86_400_000}
   */
  maxAgeMs?: number | undefined;
}

/** What is known of one origin, or of one address of it. */
export interface MirrorBookEntry extends KnownLink {
  /** When it was learned, in milliseconds since the epoch. */
  readonly learnedAtMs: number;
}

/** A {@linkcode MirrorBook} as plain data for JSON. */
export interface MirrorBookData {
  /** Version of the format. */
  readonly version: 1;
  /**
   * Entries by origin, like `https://one.example:8443`; of a mirror at one of its addresses, with the
   * address as a fragment.
   */
  readonly origins: Readonly<Record<string, MirrorBookEntry>>;
  /**
   * Origins whose validators are unreliable, and when that was learned, in milliseconds since the epoch;
   * left out if there are none.
   */
  readonly unreliable?: Readonly<Record<string, number>> | undefined;
}

/** A day, in milliseconds. */
const DAY_MS = 86_400_000;
/** Maximum number of origins kept, and of those with unreliable validators. */
const MOST_ORIGINS = 1000;
/** Maximum number of either that is read: no book has as many. */
const MOST_READ = 10 * MOST_ORIGINS;
/** Weight of old figures when new ones are recorded; it decreases as they age. */
const OLD_SHARE = 1 / 4;

/**
 * Rates and latencies of mirrors' hosts, and whether their validators are unreliable, by origin: scheme,
 * host and port of the URL as it was given, wherever it redirects to. Pass the same book to every
 * {@linkcode Downloader}.
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
  /** When the validators of an origin were found to be unreliable. */
  readonly #unreliable = new Map<string, number>();

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
    const { version, origins, unreliable = {} } = record("the book", value);
    if (version !== 1) throw new TypeError(`version is ${shown(version)}, but must be 1`);
    for (const [name, entry] of entriesOf("origins", origins)) {
      const address = addressOf(name);
      const origin = checkedOrigin("origins", address === undefined ? name : requestedUrl(name));
      const place = address === undefined ? origin : urlAt(origin, address);
      book.#entries.set(place, checkedEntry(name, entry));
    }
    for (const [origin, date] of entriesOf("unreliable", unreliable)) {
      const name = checkedOrigin("unreliable", origin);
      book.#unreliable.set(name, positive(`unreliable of ${origin}`, date));
    }
    forgetOldest(book.#entries, dateOf);
    forgetOldest(book.#unreliable, Number);
    return book;
  }

  /** Number of origins whose figures are in the book. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Returns what is known of a URL's origin, unless it has expired; of one of its addresses, if the URL
   * has that as its fragment (see the option `eachAddress`).
   *
   * @param now milliseconds since the epoch
   * @throws {MirrorUrlError} if it is not an http or https URL
   */
  get(url: string | URL, now: number = Date.now()): KnownLink | undefined {
    const entry = this.#entries.get(placeOf(url));
    if (entry === undefined || !this.#isFresh(entry.learnedAtMs, now)) return undefined;
    const { bytesPerSecond, latencyMs } = entry;
    return { bytesPerSecond, latencyMs };
  }

  /**
   * Records what was learned of a URL's origin, or of the address in its fragment. New figures have at
   * least three times the weight of old ones, and more the older those are.
   *
   * @param now milliseconds since the epoch
   * @throws {MirrorUrlError} if it is not an http or https URL
   * @throws {TypeError} if a figure is not a positive number
   */
  set(url: string | URL, known: KnownLink, now: number = Date.now()): void {
    const origin = placeOf(url);
    const learned = checkedEntry(origin, { ...known, learnedAtMs: now });
    const before = this.#entries.get(origin);
    if (before === undefined || !this.#isFresh(before.learnedAtMs, now)) {
      return this.#put(origin, learned);
    }
    const share = OLD_SHARE * (1 - Math.abs(now - before.learnedAtMs) / this.#maxAgeMs);
    this.#put(origin, {
      bytesPerSecond: mixed(before.bytesPerSecond, learned.bytesPerSecond, share),
      latencyMs: mixed(before.latencyMs, learned.latencyMs, share),
      learnedAtMs: now,
    });
  }

  /**
   * Reports whether the validators of a URL's origin were found to be unreliable: its ETags or dates
   * change though the files do not, or it answers `If-Range` with files that have not changed. Its
   * downloads send no `If-Range`, and compare pieces of the file from the beginning.
   *
   * @param now milliseconds since the epoch
   * @throws {MirrorUrlError} if it is not an http or https URL
   */
  isUnreliable(url: string | URL, now: number = Date.now()): boolean {
    const date = this.#unreliable.get(originOf(url));
    return date !== undefined && this.#isFresh(date, now);
  }

  /**
   * Records that the validators of a URL's origin are unreliable.
   *
   * @param now milliseconds since the epoch
   * @throws {MirrorUrlError} if it is not an http or https URL
   */
  distrust(url: string | URL, now: number = Date.now()): void {
    this.#unreliable.set(originOf(url), now);
    forgetOldest(this.#unreliable, Number);
  }

  /**
   * Deletes what has expired.
   *
   * @param now milliseconds since the epoch
   */
  prune(now: number = Date.now()): void {
    for (const [origin, { learnedAtMs }] of this.#entries) {
      if (!this.#isFresh(learnedAtMs, now)) this.#entries.delete(origin);
    }
    for (const [origin, date] of this.#unreliable) {
      if (!this.#isFresh(date, now)) this.#unreliable.delete(origin);
    }
  }

  /** Returns the book as plain data; `JSON.stringify` calls this. */
  toJSON(): MirrorBookData {
    const data = { version: 1, origins: Object.fromEntries(this.#entries) } as const;
    if (this.#unreliable.size === 0) return data;
    return { ...data, unreliable: Object.fromEntries(this.#unreliable) };
  }

  #isFresh(date: number, now: number): boolean {
    // A time in the future is that of a wrong clock.
    return Math.abs(now - date) < this.#maxAgeMs;
  }

  #put(origin: string, entry: MirrorBookEntry): void {
    this.#entries.set(origin, entry);
    forgetOldest(this.#entries, dateOf);
  }
}

function dateOf({ learnedAtMs }: MirrorBookEntry): number {
  return learnedAtMs;
}

/** Forgets the origins of which was learned first, where there are too many. */
function forgetOldest<Value>(map: Map<string, Value>, dateOf: (value: Value) => number): void {
  if (map.size <= MOST_ORIGINS) return;
  const byAge = [...map].sort(([, one], [, other]) => dateOf(one) - dateOf(other));
  for (const [origin] of byAge.slice(0, map.size - MOST_ORIGINS)) map.delete(origin);
}

function entriesOf(name: string, value: unknown): [origin: string, value: unknown][] {
  const entries = Object.entries(record(name, value));
  if (entries.length <= MOST_READ) return entries;
  throw new TypeError(`${name} has ${entries.length} entries, but may have ${MOST_READ} at most`);
}

/** A mirror that delivered fewer bytes than this is not recorded: its figures would be a guess. */
const LEAST_BYTES = 256 * 1024;

/** Shortest latency that is recorded, in milliseconds: a clock may measure 0. */
const CLOCK_MS = 0.001;

/**
 * What one download reads from its book of its mirrors, and records when it ends. Times are passed
 * in: `date` in milliseconds since the epoch, `now` in milliseconds of the download's clock.
 */
export class BookSession {
  readonly #book: MirrorBook | undefined;
  readonly #known: (KnownLink | undefined)[] = [];
  readonly #unreliable: string[] = [];

  constructor(book: MirrorBook | undefined, urls: readonly string[], date: number) {
    this.#book = book;
    for (const url of urls) this.add(url, date);
  }

  /** What is known of the mirrors, in the order of the URLs. */
  get known(): readonly (KnownLink | undefined)[] {
    return this.#known;
  }

  /** URLs of the mirrors whose origins have unreliable validators. */
  get unreliable(): readonly string[] {
    return this.#unreliable;
  }

  /** Reads what is known of another mirror. */
  add(url: string, date: number): void {
    this.#known.push(this.#book?.get(url, date));
    if (this.#book?.isUnreliable(url, date)) this.#unreliable.push(url);
  }

  /** Records the figures of the mirrors, given in the order of the URLs. */
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

  /** Records that the validators of the mirrors with these URLs turned out to be unreliable. */
  distrust(mirrors: readonly Mirror[], urls: readonly string[], date: number): void {
    for (const { url, state } of mirrors) {
      // One that was dropped may have had another file.
      if (state.type !== "dropped" && urls.includes(url)) this.#book?.distrust(url, date);
    }
  }
}

/** Returns a geometric mean: a rate a hundred times as high must not outweigh the new one. */
function mixed(before: number, after: number, share: number): number {
  return before ** share * after ** (1 - share);
}

/** Returns the origin of a URL, with the address in its fragment if there is one. */
function placeOf(url: string | URL): string {
  const address = addressOf(String(url));
  return address === undefined ? originOf(url) : urlAt(originOf(url), address);
}

function originOf(url: string | URL): string {
  return new URL(parseMirrorUrl(url).url).origin;
}

function checkedOrigin(name: string, origin: string): string {
  if (tryParseMirrorUrl(origin)?.url === `${origin}/`) return origin;
  throw new TypeError(
    `${name} has ${shown(redactUrl(origin))}, ` +
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

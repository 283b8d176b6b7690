/**
 * What all downloads of a process have learned of how mirrors are to be requested, and what of their
 * headers is wrong. A later download, which each seek of a client of the proxy is, need not find it out
 * again. Servers change: everything is forgotten after a while, and only so much is remembered. Pure:
 * times are in milliseconds, and passed in.
 *
 * @module
 */

import { parseContentRange, type RequestForm } from "./byte_range.ts";
import { contradicts, readValidators, type Validators } from "./validators.ts";

/** A form is avoided once this many downloads of a mirror were refused it, but not another one. */
const AVOIDED_FROM = 2;
/** What is learned is forgotten after this time, in milliseconds. */
const REMEMBERED_MS = 600_000;
/** Number of mirrors of which something is remembered. */
const MOST_MIRRORS = 256;

/** The total in the `Content-Range` of one response, and what tells whether it is that of another one. */
export interface StatedTotal {
  /** The URL that answered. */
  readonly place: string;
  readonly total: number;
  /** Whether the range ends there: some servers write the end of each range in place of the total. */
  readonly isEnd: boolean;
  readonly validators: Validators;
}

/** Returns the total that the headers of a part state, if they do, at a time in milliseconds since 1970. */
export function statedTotal(
  place: string,
  headers: Headers,
  unixMs: number,
): StatedTotal | undefined {
  const { size: total, end } = parseContentRange(headers.get("content-range")) ?? {};
  if (total === undefined) return undefined;
  return { place, total, isEnd: total === end, validators: readValidators(headers, unixMs) };
}

/** A total that proved wrong, and the size of the file, where the mirror tells that. */
interface FalseTotal extends StatedTotal {
  readonly size: number | undefined;
}

/** Remembers the habits of mirrors, each by its URL, or by the place that answered, where its redirects led. */
export class MirrorHabits {
  readonly #refusals = new AgedMap<ReadonlyMap<RequestForm, number>>();
  readonly #lengths = new AgedMap<number>();
  readonly #shortening = new AgedMap<true>();
  readonly #ends = new AgedMap<true>();
  readonly #unconditional = new AgedMap<true>();
  readonly #totals = new AgedMap<FalseTotal>();

  /** Number of mirrors that are remembered for the forms they refuse. */
  get size(): number {
    return this.#refusals.size;
  }

  /** Returns the forms that a mirror is not to be asked in first. */
  avoided(url: string, now: number): ReadonlySet<RequestForm> {
    const refusals = this.#refusals.get(url, now) ?? new Map<RequestForm, number>();
    return new Set([...refusals].flatMap(([form, times]) => times >= AVOIDED_FROM ? [form] : []));
  }

  /** Notes that one download was refused these forms, and answered in another one. */
  refused(url: string, forms: readonly RequestForm[], now: number): void {
    if (forms.length === 0) return;
    const refusals = new Map(this.#refusals.get(url, now));
    for (const form of forms) refusals.set(form, (refusals.get(form) ?? 0) + 1);
    this.#refusals.set(url, refusals, now);
  }

  /** Returns the most bytes that are worth a request to a mirror; `Infinity` where no limit is known. */
  mostBytes(url: string, now: number): number {
    return this.#lengths.get(url, now) ?? Infinity;
  }

  /** Notes that a mirror serves so many bytes at once, but not more; `Infinity` for any number. */
  limited(url: string, mostBytes: number, now: number): void {
    if (mostBytes === Infinity) this.#lengths.delete(url);
    else this.#lengths.set(url, mostBytes, now);
  }

  /** Forgets what a mirror refuses: what was remembered did not help. */
  forget(url: string): void {
    this.#refusals.delete(url);
    this.#lengths.delete(url);
  }

  /** Forgets everything. */
  clear(): void {
    const facts = [this.#refusals, this.#lengths, this.#shortening, this.#ends, this.#totals];
    for (const fact of [...facts, this.#unconditional]) fact.clear();
  }

  /** Reports whether ranges have to be requested from a place with their end, whatever its query. */
  needsEnd(place: string, now: number): boolean {
    return this.#ends.get(pathOf(place), now) ?? false;
  }

  /** Notes that a place serves ranges without an end in another way, or not at all. */
  refusesOpen(place: string, now: number): void {
    this.#ends.set(pathOf(place), true, now);
  }

  /** Reports whether the server of a place is to be asked without `If-Range`. */
  isUnconditional(place: string, now: number): boolean {
    return this.#unconditional.get(new URL(place).origin, now) ?? false;
  }

  /** Notes that the server of a place refuses each `If-Range`, or does not answer it. */
  refusesConditions(place: string, now: number): void {
    this.#unconditional.set(new URL(place).origin, true, now);
  }

  /** Reports whether a place sends less at once than is requested, whatever its query. */
  shortens(place: string, now: number): boolean {
    return this.#shortening.get(pathOf(place), now) ?? false;
  }

  /** Notes that a place sends less at once than is requested. */
  shortened(place: string, now: number): void {
    this.#shortening.set(pathOf(place), true, now);
  }

  /**
   * Returns the size of a file where its total proved wrong before, with the same validators; it has none
   * where the mirror does not tell it.
   */
  sizeBehind(stated: StatedTotal, now: number): Pick<FalseTotal, "size"> | undefined {
    const known = this.#totals.get(stated.place, now);
    return known !== undefined && isAlike(known, stated) ? { size: known.size } : undefined;
  }

  /** Notes that a total is wrong. Of a file without validators, it may be right the next time. */
  refuted(stated: StatedTotal, size: number | undefined, now: number): void {
    this.#totals.set(stated.place, { ...stated, size }, now);
  }
}

/** Reports whether two totals are wrong in the same way, and surely of the same file. */
function isAlike(one: StatedTotal, other: StatedTotal): boolean {
  const isTotal = one.total === other.total || (one.isEnd && other.isEnd);
  const [{ etag, lastModified }, now] = [one.validators, other.validators];
  const isNamed = etag === undefined
    ? lastModified !== undefined && lastModified === now.lastModified && now.etag === undefined
    : now.etag !== undefined;
  return isTotal && isNamed && !contradicts(one.validators, now);
}

function pathOf(place: string): string {
  const { origin, pathname } = new URL(place);
  return origin + pathname;
}

/** What is remembered by URL, up to {@linkcode MOST_MIRRORS}; the oldest first. */
class AgedMap<Value> {
  readonly #entries = new Map<string, { readonly value: Value; readonly since: number }>();

  get size(): number {
    return this.#entries.size;
  }

  get(url: string, now: number): Value | undefined {
    const entry = this.#entries.get(url);
    if (entry === undefined || now < entry.since + REMEMBERED_MS) return entry?.value;
    this.#entries.delete(url);
    return undefined;
  }

  /** Sets a value, which is as old as the one before it: whatever it is, it is tried again at some time. */
  set(url: string, value: Value, now: number): void {
    const isKnown = this.get(url, now) !== undefined;
    const since = isKnown ? this.#entries.get(url)!.since : now;
    this.#entries.set(url, { value, since });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > MOST_MIRRORS) this.#entries.delete(oldest!);
  }

  delete(url: string): void {
    this.#entries.delete(url);
  }

  clear(): void {
    this.#entries.clear();
  }
}

/**
 * What one download takes from the book of mirrors when it is made, and puts into it when it ends.
 * Pure: times are passed in.
 *
 * @module
 */

import type { KnownLink } from "../scheduler/link_estimate.ts";
import type { Mirror } from "../scheduler/mirror.ts";
import type { MirrorBook } from "./mirror_book.ts";

/** The least that a mirror has to bring, in bytes: what little bytes say is a guess. */
const LEAST_BYTES = 256 * 1024;

/** What is shorter, a clock may take for nothing, in milliseconds. */
const CLOCK_MS = 0.001;

/** The clocks at one moment. */
export interface Moment {
  /** By the clock of the download, in milliseconds. */
  readonly now: number;
  /** By the calendar, in milliseconds since the epoch. */
  readonly date: number;
}

/** Between a download and its book. */
export class LinkMemory {
  /** What is known of the mirrors, in the order of the URLs. */
  readonly known: readonly (KnownLink | undefined)[];
  readonly #book: MirrorBook | undefined;

  constructor(book: MirrorBook | undefined, urls: readonly string[], date: number) {
    this.#book = book;
    this.known = urls.map((url) => book?.get(url, date));
  }

  /** Puts down what was learned of the mirrors, given in the order of the URLs. */
  keep(mirrors: readonly Mirror[], { now, date }: Moment): void {
    for (const [index, { url, bytes, service, link }] of mirrors.entries()) {
      // A whole file is read as fast as the consumer takes it: that says nothing of the link.
      if (bytes < LEAST_BYTES || service !== "ranges") continue;
      const summary = link.summary(now);
      // What was known before has not been learned anew.
      if (summary === undefined || summary === this.known[index]) continue;
      const { bytesPerSecond, latencyMs } = summary;
      this.#book?.set(url, { bytesPerSecond, latencyMs: Math.max(CLOCK_MS, latencyMs) }, date);
    }
  }
}

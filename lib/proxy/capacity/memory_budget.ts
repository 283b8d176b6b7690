/**
 * The memory that all downloads of the proxy may take, shared in equal parts. It counts only: no
 * clock, no waiting; who is not admitted is to come again later.
 *
 * @module
 */

import type { Downloader } from "../../../mod.ts";
import { whole } from "../../checks.ts";
import { overloaded } from "../problem.ts";

/** Options of a {@linkcode MemoryBudget}. */
export interface MemoryBudgetOptions {
  /**
   * What all downloads may take together, in bytes.
   *
   * @default {256 MiB}
   */
  bytes?: number | undefined;
  /**
   * The most downloads at once.
   *
   * @default {128}
   */
  maxDownloads?: number | undefined;
  /**
   * The share, in bytes, below which a download would be of no use: rather than press one below it,
   * the next one is not admitted.
   *
   * @default {2 MiB}
   */
  leastShare?: number | undefined;
  /**
   * The most that one download gets, in bytes, however few there are.
   *
   * @default {64 MiB}
   */
  mostShare?: number | undefined;
}

/** One download's part of the budget, given back when it is disposed of. */
export interface Admission extends Disposable {
  /** What the download may take now, in bytes; 0 once it is disposed of. */
  readonly share: number;
}

const MIB = 1024 * 1024;

/** The least that a download gets of the memory, in bytes. */
export const LEAST_SHARE = 2 * MIB;

/** The most that a download gets of the memory, in bytes. */
const MOST_SHARE = 64 * MIB;

/** Shares memory among downloads. */
export class MemoryBudget {
  readonly #bytes: number;
  readonly #maxDownloads: number;
  readonly #leastShare: number;
  readonly #mostShare: number;
  readonly #admitted = new Set<Member>();

  /**
   * Sets up the budget.
   *
   * @throws {TypeError | RangeError} when an option is no whole number, or not even one download
   * would have its least share
   */
  constructor(options: MemoryBudgetOptions = {}) {
    this.#leastShare = whole("leastShare", options.leastShare ?? LEAST_SHARE, 1);
    this.#mostShare = whole("mostShare", options.mostShare ?? MOST_SHARE, this.#leastShare);
    this.#bytes = whole("bytes", options.bytes ?? 256 * MIB, this.#leastShare);
    this.#maxDownloads = whole("maxDownloads", options.maxDownloads ?? 128, 1);
  }

  /** How many downloads are admitted. */
  get downloads(): number {
    return this.#admitted.size;
  }

  /**
   * Admits a download, or gives `undefined` when there is no room for one more. `onShare` is called
   * with the new share, in bytes, whenever it changes, and must not throw; the first share is in
   * the admission.
   */
  admit(onShare: (bytes: number) => void): Admission | undefined {
    const downloads = this.#admitted.size + 1;
    const share = this.#share(downloads);
    if (downloads > this.#maxDownloads || share < this.#leastShare) return undefined;
    const member: Member = { share, onShare };
    this.#admitted.add(member);
    this.#tell();
    return {
      get share() {
        return member.share;
      },
      [Symbol.dispose]: () => this.#leave(member),
    };
  }

  #leave(member: Member): void {
    if (!this.#admitted.delete(member)) return;
    member.share = 0;
    this.#tell();
  }

  /** Tells those whose share changed; who is told may leave, or admit others. */
  #tell(): void {
    for (const member of [...this.#admitted]) {
      const share = this.#share(this.#admitted.size);
      if (!this.#admitted.has(member) || member.share === share) continue;
      member.share = share;
      member.onShare(share);
    }
  }

  #share(downloads: number): number {
    return Math.min(Math.floor(this.#bytes / downloads), this.#mostShare);
  }
}

interface Member {
  share: number;
  readonly onShare: (bytes: number) => void;
}

/** Room for one answer, until it is disposed of. */
export class AnswerMemory implements Disposable {
  readonly #admission: Admission;
  #download: Downloader | undefined;
  #leastWindow = 0;

  /**
   * Takes room.
   *
   * @throws {Problem} of status 503 when there is none
   */
  constructor(budget: MemoryBudget) {
    const admission = budget.admit((share) => {
      if (this.#download === undefined) return;
      this.#download.windowSize = Math.max(windowOf(share), this.#leastWindow);
    });
    if (admission === undefined) {
      throw overloaded("as many downloads as there is memory for are under way");
    }
    this.#admission = admission;
  }

  /** What a download's reorder buffer may take now, in bytes. */
  get windowSize(): number {
    return windowOf(this.#admission.share);
  }

  /** Gives the room to a download: its window follows from now on, with room for two blocks. */
  hold(download: Downloader, splitSize: number): void {
    this.#download = download;
    this.#leastWindow = 2 * splitSize;
  }

  /** Gives the room back. */
  [Symbol.dispose](): void {
    this.#download = undefined;
    this.#admission[Symbol.dispose]();
  }
}

/**
 * How much of its share a download's reorder buffer may take, in bytes: more than as much again
 * is on its way, in the connections to the mirrors and in the one to the client.
 */
export function windowOf(share: number): number {
  return Math.floor(share * 3 / 8);
}

/**
 * Shares the proxy's memory among its downloads, in equal parts, and refuses downloads that would
 * not get enough of it, or not enough connections. Each response holds one share, which sets the window
 * of its downloads.
 *
 * @module
 */

import { overloaded } from "../problem.ts";

export interface MemoryBudgetOptions {
  /** Memory shared by all downloads, in bytes. */
  readonly bytes: number;
  readonly maxDownloads: number;
  /**
   * Connections to mirrors for all downloads: each needs one for each of its mirrors.
   *
   * @default {Infinity}
   */
  readonly connections?: number | undefined;
  /** The smallest useful share, in bytes: downloads that would make shares smaller are refused. */
  readonly leastShare?: number | undefined;
  /** The largest share, in bytes, however few downloads there are. */
  readonly mostShare?: number | undefined;
  /**
   * How long a client may take nothing before it makes way for another one, in milliseconds.
   *
   * @default {Infinity}
   */
  readonly stallTimeoutMs?: number | undefined;
}

/** The share of one download, returned to the budget when disposed of. */
export interface Admission extends Disposable {
  /** The current share in bytes; 0 after disposal. */
  readonly share: number;
}

const MIB = 1024 * 1024;

export const LEAST_SHARE = 2 * MIB;
const MOST_SHARE = 64 * MIB;

export class MemoryBudget {
  readonly #bytes: number;
  readonly #maxDownloads: number;
  readonly #leastShare: number;
  readonly #mostShare: number;
  readonly #stallTimeoutMs: number;
  readonly #connections: number;
  readonly #admitted = new Set<Member>();

  constructor(options: MemoryBudgetOptions) {
    this.#bytes = options.bytes;
    this.#maxDownloads = options.maxDownloads;
    this.#leastShare = options.leastShare ?? LEAST_SHARE;
    this.#mostShare = options.mostShare ?? MOST_SHARE;
    this.#stallTimeoutMs = options.stallTimeoutMs ?? Infinity;
    this.#connections = options.connections ?? Infinity;
  }

  /** Returns the share that every download keeps, however many are admitted later, in bytes. */
  get guaranteedShare(): number {
    const downloads = Math.floor(this.#bytes / this.#leastShare);
    return this.#share(Math.min(this.#maxDownloads, downloads));
  }

  /** Returns the length of the largest block of which two fit into the window of every download, in bytes. */
  get largestBlock(): number {
    return Math.floor(windowOf(this.guaranteedShare) / 2);
  }

  get downloads(): number {
    return this.#admitted.size;
  }

  /**
   * Admits a download, or returns `undefined` when a limit is reached. `onShare` is called with the
   * new share in bytes whenever it changes later, and must not throw. A download that is alone may have
   * more mirrors than there are connections.
   *
   * @param response what may be ended for others, if its client stalls
   */
  admit(
    onShare: (bytes: number) => void,
    mirrors = 0,
    response?: Stallable,
  ): Admission | undefined {
    const downloads = this.#admitted.size + 1;
    const share = this.#share(downloads);
    if (downloads > this.#maxDownloads || share < this.#leastShare) return undefined;
    const connections = this.#admitted.values().reduce(
      (sum, { mirrors }) => sum + mirrors,
      mirrors,
    );
    if (downloads > 1 && connections > this.#connections) return undefined;
    const member: Member = {
      ...{ share, onShare, mirrors, response },
      [Symbol.dispose]: () => this.#leave(member),
    };
    this.#admitted.add(member);
    this.#notify();
    return member;
  }

  /** Ends the response whose client has taken nothing for longest, and too long; reports whether there was one. */
  endStalled(now = performance.now()): boolean {
    let stalled: Stallable | undefined;
    for (const { response } of this.#admitted) {
      if (response === undefined || now - response.takenAt < this.#stallTimeoutMs) continue;
      if (stalled === undefined || response.takenAt < stalled.takenAt) stalled = response;
    }
    stalled?.end();
    return stalled !== undefined;
  }

  #leave(member: Member): void {
    if (!this.#admitted.delete(member)) return;
    member.share = 0;
    this.#notify();
  }

  /** Reports changed shares. A callback may dispose of its admission or admit others. */
  #notify(): void {
    for (const member of [...this.#admitted]) {
      const share = this.#share(this.#admitted.size);
      if (!this.#admitted.has(member) || member.share === share) continue;
      member.share = share;
      member.onShare(share);
    }
  }

  #share(downloads: number): number {
    const most = Math.floor(this.#bytes / this.#leastShare);
    const shares = Math.max(downloads, Math.min(stepFor(downloads), this.#maxDownloads, most));
    return Math.min(Math.floor(this.#bytes / shares), this.#mostShare);
  }
}

/**
 * Returns the number of shares that the memory is divided into for so many downloads. Among many, the shares do
 * not change with each that comes or goes, as each change costs every other download a new plan.
 */
function stepFor(downloads: number): number {
  const step = 2 ** Math.max(0, Math.floor(Math.log2(downloads)) - 3);
  return Math.ceil(downloads / step) * step;
}

interface Member extends Admission {
  share: number;
  readonly onShare: (bytes: number) => void;
  readonly mirrors: number;
  readonly response: Stallable | undefined;
}

/** A response whose client may stall. */
export interface Stallable {
  /** When the client last took something; `Infinity` while it waits for bytes. */
  readonly takenAt: number;
  /** Ends the response, and returns its share. */
  end(): void;
}

/** A download whose window may be changed. */
export interface Resizable {
  windowSize: number;
}

/** The memory of one response, whose downloads use it one after another. */
export class ResponseMemory implements Stallable, Disposable {
  /** The largest block of which two always fit into the window, in bytes. */
  readonly maxSplitSize: number;
  readonly #admission: Admission;
  readonly #leastShare: number;
  /** When the client last took something; `Infinity` while it waits for bytes, or there is no body yet. */
  takenAt = Infinity;
  /** Called to end the response. */
  onEnd = () => {};
  #download: Resizable | undefined;
  #takesLittle = false;

  /**
   * Takes a share of the budget.
   *
   * @throws {Problem} of status 503 when a limit is reached
   */
  constructor(budget: MemoryBudget, mirrors = 0) {
    const admit = () =>
      budget.admit(
        (share) => {
          if (this.#download === undefined || this.#takesLittle) return;
          this.#download.windowSize = windowOf(share);
        },
        mirrors,
        this,
      );
    const admission = admit() ?? (budget.endStalled() ? admit() : undefined);
    if (admission === undefined) {
      throw overloaded("the proxy is at its limit of downloads; try again later");
    }
    this.#admission = admission;
    this.#leastShare = budget.guaranteedShare;
    this.maxSplitSize = budget.largestBlock;
  }

  /** Returns the current limit of a download's reorder buffer, in bytes. */
  get windowSize(): number {
    const { share } = this.#admission;
    return windowOf(this.#takesLittle ? Math.min(share, this.#leastShare) : share);
  }

  /** Keeps the window as small as it may become: nothing of what the download holds can be given back. */
  useLittle(): void {
    if (this.#takesLittle) return;
    this.#takesLittle = true;
    if (this.#download !== undefined) this.#download.windowSize = this.windowSize;
  }

  /** Makes the window of a download follow the share, instead of any earlier download's. */
  assignTo(download: Resizable): void {
    this.#download = download;
  }

  /** Ends the response, and returns the share to the budget at once. */
  end(): void {
    this.onEnd();
    this[Symbol.dispose]();
  }

  /** Returns the share to the budget. */
  [Symbol.dispose](): void {
    this.#download = undefined;
    this.#admission[Symbol.dispose]();
  }
}

/**
 * Returns the part of a share for the reorder buffer, in bytes. The larger part is for data in the
 * connections to the mirrors and to the client.
 */
function windowOf(share: number): number {
  return Math.floor(share * 3 / 8);
}

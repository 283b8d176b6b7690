/**
 * The downloads of a link as the page keeps them: merges the messages of `/live`. Touches neither
 * the document nor the clock.
 *
 * @module
 */

import type {
  LiveBlock,
  LiveDownload,
  LiveMessage,
  LiveMirror,
} from "../../../observe/live_message.ts";

/** A download; its outcome is "ended" if the server omitted it while it was running. */
export type Download = Omit<LiveDownload, "outcome"> & {
  readonly outcome: LiveDownload["outcome"] | "ended";
};

/** Rates at one moment, in bytes per second. */
export interface RateSample {
  /** In milliseconds. */
  readonly at: number;
  readonly rates: readonly number[];
  readonly total: number;
}

/** Time span of the chart, in milliseconds. */
export const CHART_MS = 60_000;
/** Longest time between two samples that a line of the chart connects, in milliseconds. */
export const LONGEST_GAP_MS = 2000;
/** Maximum number of downloads that are kept. */
const MAX_DOWNLOADS = 6;

/** The downloads of one link. */
export class LiveState {
  /** Origins of the mirrors. */
  mirrors: readonly string[] = [];
  /** The main download first, then the others. */
  downloads: readonly Download[] = [];
  /** Rates in the last minute. */
  readonly history: RateSample[] = [];
  /** For each download by id and each of its blocks: 1 + index of the mirror, or 0. */
  readonly #owners = new Map<number, Uint16Array>();

  /** Forgets the downloads, as after a new connection: the server sends everything again. */
  restart(): void {
    this.downloads = [];
    this.#owners.clear();
  }

  /** Merges a message that arrived at `now`. Reports whether the mirrors have changed. */
  merge({ mirrors, downloads, blocks }: LiveMessage, now: number): boolean {
    const isOther = mirrors.join("\n") !== this.mirrors.join("\n");
    if (isOther) {
      this.mirrors = mirrors;
      this.history.length = 0;
    }
    this.#mergeDownloads(downloads);
    const known = new Set(this.downloads.map(({ id }) => id));
    for (const id of this.#owners.keys()) if (!known.has(id)) this.#owners.delete(id);
    for (const block of blocks) if (known.has(block[0])) this.#setOwner(block);
    if (this.downloads.length > 0) this.#addSample(now);
    return isOther;
  }

  /** Keeps ended downloads, which the server sends once and then omits. */
  #mergeDownloads(downloads: readonly LiveDownload[]): void {
    const sent = new Set(downloads.map(({ id }) => id));
    const ended = this.downloads.filter(({ id }) => !sent.has(id)).map((download) => ({
      ...download,
      outcome: download.outcome === "running" ? "ended" as const : download.outcome,
    }));
    const rank = ({ outcome }: Download) => outcome === "running" ? 0 : 1;
    // Running ones first, then the newest.
    this.downloads = [...downloads, ...ended]
      .sort((one, other) => rank(one) - rank(other) || other.id - one.id)
      .slice(0, MAX_DOWNLOADS);
  }

  #setOwner([id, index, mirror]: LiveBlock): void {
    let owners = this.#owners.get(id) ?? new Uint16Array(256);
    if (index >= owners.length) {
      const longer = new Uint16Array(Math.max(2 * owners.length, index + 1));
      longer.set(owners);
      owners = longer;
    }
    owners[index] = mirror + 1;
    this.#owners.set(id, owners);
  }

  #addSample(at: number): void {
    const rates = this.mirrors.map((_, index) => this.mirrorFigures(index).rate);
    this.history.push({ at, rates, total: sum(this.#running.map(({ rate }) => rate)) });
    const isOld = (sample: RateSample) => sample.at < at - CHART_MS - LONGEST_GAP_MS;
    this.history.splice(0, this.history.findIndex((sample) => !isOld(sample)));
  }

  get #running(): readonly Download[] {
    return this.downloads.filter(({ outcome }) => outcome === "running");
  }

  /** Whether a download runs. */
  get isRunning(): boolean {
    return this.#running.length > 0;
  }

  /** The newest rates. */
  get latest(): RateSample {
    return this.history.at(-1) ?? { at: 0, rates: [], total: 0 };
  }

  /** Owners of a download's blocks: 1 + index of the mirror, or 0. */
  ownersOf({ id }: Download): Uint16Array {
    return this.#owners.get(id) ?? new Uint16Array(0);
  }

  /** Returns a mirror's bytes and failures in all downloads, and its rate in those that run. */
  mirrorFigures(index: number): LiveMirror {
    const total = (downloads: readonly Download[], name: "bytes" | "failures" | "rate") =>
      sum(downloads.map(({ perMirror }) => perMirror[index]?.[name] ?? 0));
    const state = this.downloads[0]?.perMirror[index]?.state ?? "idle";
    return {
      // The last state that was sent of an ended download may still be "busy".
      state: state === "busy" && !this.isRunning ? "idle" : state,
      bytes: total(this.downloads, "bytes"),
      failures: total(this.downloads, "failures"),
      rate: total(this.#running, "rate"),
    };
  }

  /** Hosts of the mirrors, numbered where a host occurs twice. */
  get mirrorNames(): string[] {
    const hosts = this.mirrors.map((origin) => URL.parse(origin)?.host || origin);
    return hosts.map((host, index) =>
      hosts.indexOf(host) === hosts.lastIndexOf(host)
        ? host
        : `${index + 1}: ${this.mirrors[index]!.replace(/^https?:\/\//, "")}`
    );
  }
}

/** Returns the size of the file, or as much of it as is known. */
export function sizeOf({ size, end, front, buffered }: Download): number {
  return size || end || front + buffered || 1;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

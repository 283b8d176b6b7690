/**
 * Mirrors in reserve: the next of them steps in where one of those in use is dropped, or has fallen far behind
 * the others. Once the last one is dropped the download has failed: for that one, a spare steps in when it
 * fails for the first time.
 *
 * @module
 */

import type { Downloader, TraceEvent } from "../../../mod.ts";
import { redactUrl } from "../../http/address/redact.ts";

/** A download, as far as spares are added to it. */
export type SparedDownload = Pick<Downloader, "addMirror" | "stats">;

/** Makes the spares of a download; `note` takes messages. */
export type Reserve = (note: (text: string) => void) => Spares;

/** Returns how the spares of downloads are made, if there are any. */
export function reserveOf(urls: readonly string[]): Reserve | undefined {
  return urls.length === 0 ? undefined : (note) => new Spares(urls, note);
}

/** Time between two looks at the rates, in milliseconds. */
const LOOK_MS = 5000;
/** A mirror that delivers less than this part of what the best one does, twice in a row, is far behind. */
const SHARE = 1 / 50;
/** Where less is left than this, in bytes, no spare is worth its first request. */
const LEAST_LEFT = 1024 * 1024;

export class Spares {
  readonly #urls: string[];
  readonly #note: (text: string) => void;
  /** Mirrors that were far behind at the last look. */
  #behind: ReadonlySet<string> = new Set();
  /** Mirrors for which a spare has stepped in. */
  readonly #replaced = new Set<string>();
  #lookAt = LOOK_MS;

  /** `urls`, the best first, may have credentials; `note` takes messages. */
  constructor(urls: readonly string[], note: (text: string) => void) {
    this.#urls = [...urls];
    this.#note = note;
  }

  /** Takes an event of a download: a spare may step in. */
  event(event: TraceEvent, download: SparedDownload): void {
    if (this.#urls.length === 0 || event.type === "end") return;
    if (event.type === "mirror" && event.state === "dropped") {
      return this.#stepIn(event.mirror, "was dropped", download);
    }
    if (event.type === "failure" && event.retryInMs !== undefined) {
      if (isLast(event.mirror, download)) {
        this.#stepIn(event.mirror, "has failed, and is the last one", download);
      }
      return;
    }
    if (event.atMs < this.#lookAt) return;
    this.#lookAt = event.atMs + LOOK_MS;
    for (const url of this.#farBehind(download)) this.#stepIn(url, "is far behind", download);
  }

  /** Returns the mirrors that are far behind for the second time. */
  #farBehind(download: SparedDownload): readonly string[] {
    const { mirrors, size = Infinity, receivedBytes } = download.stats();
    const busy = mirrors.filter(({ state }) => state === "busy" || state === "waiting");
    const best = Math.max(0, ...mirrors.map(({ bytesPerSecond }) => bytesPerSecond));
    const slow = busy.filter(({ bytesPerSecond }) => bytesPerSecond < SHARE * best)
      .map(({ url }) => url);
    const before = this.#behind;
    this.#behind = new Set(slow);
    return size - receivedBytes < LEAST_LEFT ? [] : slow.filter((url) => before.has(url));
  }

  #stepIn(mirror: string, why: string, download: SparedDownload): void {
    if (this.#replaced.has(mirror)) return;
    this.#replaced.add(mirror);
    const spare = this.#urls.shift();
    if (spare === undefined) return;
    this.#note(`${mirror} ${why}: ${redactUrl(spare)} steps in`);
    download.addMirror(spare);
  }
}

/** Reports whether no other mirror of a download is left. */
function isLast(mirror: string, download: SparedDownload): boolean {
  return download.stats().mirrors.every(({ url, state }) =>
    url === mirror || state === "dropped" || state === "closed"
  );
}

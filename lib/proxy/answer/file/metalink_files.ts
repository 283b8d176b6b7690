/**
 * Finds the mirrors of a file in a Metalink (RFC 5854). The Metalink is requested like a mirror, by the same
 * guarded `fetch`, and kept as long as what is known of files. Its length, and the time for it, are bounded.
 *
 * @module
 */

import { eTag } from "@std/http/etag";
import {
  Downloader,
  type DownloaderOptions,
  type ExpectedPieces,
  type Hashes,
  type TraceEvent,
} from "../../../../mod.ts";
import {
  decodeMetalink,
  expectedPiecesOf,
  MetalinkError,
  type MetalinkFile,
  parseMetalink,
} from "../../../../metalink.ts";
import { parseMirrorUrl } from "../../../http/address/mirror_url.ts";
import type { AddressPolicy } from "../../guard/address_policy.ts";
import { allowedUrls } from "../../guard/allowed_urls.ts";
import { overloaded, Problem } from "../../problem.ts";
import { type MetalinkSource, withQueryOptions } from "../../request/query.ts";
import { lengthOf } from "./known_files.ts";
import { SharedWorks } from "./shared_work.ts";

/** A file of a Metalink. */
export interface ListedFile {
  /** Its name, perhaps with folders. */
  readonly name: string;
  readonly size: number | undefined;
  readonly hashes: Hashes;
  /** The digests of its pieces; `undefined` for none that can be used. */
  readonly pieces: ExpectedPieces | undefined;
  /** A strong entity tag that is derived from these. */
  readonly etag: string | undefined;
  /** URLs of its mirrors, the best priority first. */
  readonly urls: readonly string[];
}

export interface MetalinkFilesOptions {
  readonly policy: Pick<AddressPolicy, "check">;
  readonly download: DownloaderOptions;
  readonly maxMirrors: number;
  /** The longest pieces that are proved, in bytes: each waits in memory until it is complete. */
  readonly longestPiece: number;
  /** How long a Metalink is valid, in milliseconds. */
  readonly rememberMs: number;
}

/** A Metalink that was read. */
interface Entry {
  readonly files: readonly ListedFile[];
  /** How much is kept, in characters: its text may be kept by parts of it. */
  readonly length: number;
  readonly readAtMs: number;
}

/** The most bytes of a Metalink: that of an 8 GB file with pieces of 256 KiB has two million. */
const MOST_BYTES = 4 * 1024 * 1024;
/** All that are remembered have at most this many characters together. */
const MOST_REMEMBERED = 4 * MOST_BYTES;
/** The most that are read at once. */
const MOST_READ = 8;
/** How long one may take, in milliseconds. */
const READ_MS = 20_000;
/** So many times as many mirrors as may be used are looked at, in the order of their priorities. */
const CANDIDATES = 4;
/** How a Metalink is read: all of it, as fast as its server sends it. */
const READ_OPTIONS: DownloaderOptions = {
  splitSize: 64 * 1024,
  windowSize: 256 * 1024,
  delayRequest: "adaptive",
};
/** The most names in a message. */
const MOST_NAMES = 20;

export class MetalinkFiles {
  readonly #options: MetalinkFilesOptions;
  /** By URL; the one that was read first comes first. */
  readonly #entries = new Map<string, Entry>();
  readonly #reading = new SharedWorks<Entry>();

  constructor(options: MetalinkFilesOptions) {
    this.#options = options;
  }

  /**
   * Returns the file that is meant, with the mirrors that may be used.
   *
   * Rejects with a {@linkcode Problem}: 400 if the Metalink has no such file, or several of which none is
   * named; 403 if it, or each of its mirrors, is refused; 502 if it cannot be used; or as a download does.
   */
  async find({ url, file }: MetalinkSource, signal: AbortSignal): Promise<ListedFile> {
    const { files } = this.#recall(url) ?? await this.#read(url, signal);
    const chosen = chooseFile(files, file);
    if (chosen.urls.length === 0) {
      throw new Problem(502, `the Metalink has no http or https URL of ${chosen.name}`);
    }
    return { ...chosen, urls: await this.#allowed(chosen.urls, signal) };
  }

  #recall(url: string): Entry | undefined {
    const entry = this.#entries.get(url);
    const { rememberMs } = this.#options;
    return entry && Date.now() - entry.readAtMs < rememberMs ? entry : undefined;
  }

  async #read(url: string, signal: AbortSignal): Promise<Entry> {
    const running = this.#reading.get(url);
    if (running !== undefined) return await running.wait(signal);
    if (this.#reading.size >= MOST_READ) {
      throw overloaded("the proxy is at its limit of Metalinks that are read; try again later");
    }
    const started = this.#reading.start(url, async (signal) => {
      const { text, location } = await this.#fetch(url, signal);
      return this.#remember(url, await this.#entry(url, text, location));
    });
    return await started.wait(signal);
  }

  /** Returns the text of a Metalink, and where it was, after redirects. */
  async #fetch(
    url: string,
    signal: AbortSignal,
  ): Promise<{ readonly text: string; readonly location: string }> {
    let location = parseMirrorUrl(url).url;
    const time = AbortSignal.timeout(READ_MS);
    const options = {
      ...withQueryOptions(this.#options.download, READ_OPTIONS),
      signal: AbortSignal.any([signal, time]),
      onEvent: (event: TraceEvent) => {
        if (event.type === "answer") location = event.location ?? location;
      },
    };
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let length = 0;
    try {
      await using download = new Downloader([url], options);
      for await (const part of download) {
        length += part.byteLength;
        if (length > MOST_BYTES) throw unusable(`it has more than ${MOST_BYTES} bytes`);
        parts.push(part);
      }
    } catch (error) {
      if (!time.aborted) throw error;
      throw new Problem(504, "the server of the Metalink kept the proxy waiting for too long");
    }
    const text = decodeMetalink(await new Blob(parts).bytes());
    return { text, location };
  }

  async #entry(url: string, text: string, location: string): Promise<Entry> {
    const files = await Promise.all(parse(text, location).map((file) => this.#listed(file)));
    return { files, length: text.length + lengthOf([url, files]), readAtMs: Date.now() };
  }

  #remember(url: string, entry: Entry): Entry {
    this.#entries.delete(url);
    this.#entries.set(url, entry);
    let total = [...this.#entries.values()].reduce((sum, one) => sum + one.length, 0);
    for (const [oldest, { length }] of this.#entries) {
      if (total <= MOST_REMEMBERED) break;
      this.#entries.delete(oldest);
      total -= length;
    }
    return entry;
  }

  async #listed({ name, size, hashes, pieces, urls }: MetalinkFile): Promise<ListedFile> {
    const { longestPiece, maxMirrors } = this.#options;
    const usable = (pieces?.length ?? 0) > longestPiece ? undefined : expectedPiecesOf(pieces);
    return {
      ...{ name, size, hashes, pieces: usable },
      etag: usable && await eTag(JSON.stringify(usable), { weak: false }),
      urls: urls.slice(0, CANDIDATES * maxMirrors).map(({ url }) => url),
    };
  }

  /** Returns those of the URLs that the proxy may request; rejects if it may request none. */
  async #allowed(urls: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    const { policy, maxMirrors } = this.#options;
    const { urls: allowed, refusals } = await allowedUrls(urls, policy, signal);
    if (allowed.length === 0) throw refusals[0]!;
    return allowed.slice(0, maxMirrors);
  }
}

function parse(text: string, url: string): readonly MetalinkFile[] {
  try {
    return parseMetalink(text, { url }).files;
  } catch (error) {
    if (error instanceof MetalinkError) throw unusable(error.message, error);
    throw error;
  }
}

function unusable(why: string, cause?: Error): Problem {
  return new Problem(502, `the Metalink cannot be used: ${why}`, { cause });
}

/** Finds a file by its name, or by the last part of it, of which there must be one only. */
function chooseFile(files: readonly ListedFile[], wanted: string | undefined): ListedFile {
  const found = wanted === undefined
    ? files
    : files.filter(({ name }) => name === wanted || name.split("/").at(-1) === wanted);
  const exact = found.find(({ name }) => name === wanted) ?? found[0];
  if (exact !== undefined && (found.length === 1 || exact.name === wanted)) return exact;
  const names = files.slice(0, MOST_NAMES).map(({ name }) => name);
  const more = files.length > MOST_NAMES ? ` and ${files.length - MOST_NAMES} more` : "";
  const what = wanted === undefined || found.length > 0 ? "has several files" : "has no such file";
  throw new Problem(400, `the Metalink ${what}; choose by file=NAME: ${names.join(", ")}${more}`, {
    extensions: { files: names },
  });
}

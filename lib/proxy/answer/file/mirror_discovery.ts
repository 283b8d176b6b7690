/**
 * Finds mirrors that the server of a file names (Metalink/HTTP, RFC 6249). They count by the rules of the
 * library, with a digest of the file or the same strong ETag, and only where the client could have named them:
 * each one passes the guard before it is requested, and again when it is. What was found is kept as long as
 * what is known of files.
 *
 * @module
 */

import { Downloader, type DownloaderOptions, type Hashes, mirrorsOf } from "../../../../mod.ts";
import { parseMetalink } from "../../../../metalink.ts";
import { parseMirrorUrl } from "../../../http/address/mirror_url.ts";
import type { AddressPolicy } from "../../guard/address_policy.ts";
import { allowedUrls } from "../../guard/allowed_urls.ts";
import { withQueryOptions } from "../../request/query.ts";
import { PROBE_OPTIONS } from "./known_files.ts";
import { SharedWorks } from "./shared_work.ts";

/** What is known of a file by the server of its mirror. */
export interface Discovered {
  /** The mirror of the client, and then others. */
  readonly urls: readonly string[];
  /** Hashes of the file; empty for none. */
  readonly hashes: Hashes;
}

export interface MirrorDiscoveryOptions {
  readonly policy: Pick<AddressPolicy, "check">;
  /** Options of requests, with the guarded `fetch`. */
  readonly download: DownloaderOptions;
  readonly maxMirrors: number;
  /** Whether an https mirror may have duplicates at http URLs. */
  readonly allowDowngrade: boolean;
  /** How long what was found is valid, in milliseconds. */
  readonly rememberMs: number;
  /** How many files may be looked for at once; for any more, the client's mirror is used alone. */
  readonly maxAtOnce: number;
}

interface Entry {
  /** `undefined` if the server names no mirror that may be used. */
  readonly found: Discovered | undefined;
  readonly foundAtMs: number;
}

/** The most files that are remembered. */
const MOST_ENTRIES = 1000;
/** All that is found for a file has at most as many characters as the query of a client. */
const MOST_CHARACTERS = 16_384;
/** How long to look for mirrors at most, in milliseconds. */
const PATIENCE_MS = 10_000;
/** The most mirrors, as the library has it. */
const MOST_MIRRORS = 64;

export class MirrorDiscovery {
  readonly #options: MirrorDiscoveryOptions;
  /** By the URL of the client's mirror; the one that was found first comes first. */
  readonly #entries = new Map<string, Entry>();
  readonly #running = new SharedWorks<Entry>();

  constructor(options: MirrorDiscoveryOptions) {
    this.#options = options;
  }

  /**
   * Returns the mirrors of the file at `url`, `undefined` for no others. Rejects with the signal's reason when
   * that aborts; what fails otherwise is as if the server named none.
   */
  async find(url: string, signal: AbortSignal): Promise<Discovered | undefined> {
    const { rememberMs, maxAtOnce } = this.#options;
    const entry = this.#entries.get(url);
    if (entry !== undefined && Date.now() - entry.foundAtMs < rememberMs) return entry.found;
    let work = this.#running.get(url);
    if (work === undefined) {
      if (this.#running.size >= maxAtOnce) return undefined;
      work = this.#running.start(url, async (signal) => {
        return this.#remember(url, await this.#discover(url, signal));
      });
    }
    return (await work.wait(signal)).found;
  }

  /** Forgets what was found, if it still is what was: the file has changed since. */
  forget(url: string, found: Discovered): void {
    if (this.#entries.get(url)?.found === found) this.#entries.delete(url);
  }

  #remember(url: string, found: Discovered | undefined): Entry {
    const entry = { found, foundAtMs: Date.now() };
    this.#entries.delete(url);
    this.#entries.set(url, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > MOST_ENTRIES) this.#entries.delete(oldest!);
    return entry;
  }

  async #discover(url: string, client: AbortSignal): Promise<Discovered | undefined> {
    const { download, maxMirrors } = this.#options;
    const signal = AbortSignal.any([client, AbortSignal.timeout(PATIENCE_MS)]);
    const options = { ...withQueryOptions(download, PROBE_OPTIONS), signal };
    try {
      await using probe = new Downloader([url], options);
      const info = await probe.open();
      await probe.cancel();
      const { elsewhere } = info;
      if (elsewhere === undefined) return undefined;
      const named = elsewhere.duplicates.map((one) => one.url);
      const allowed = new Set(await this.#allowed(named, url, signal));
      const duplicates = elsewhere.duplicates.filter((one) => allowed.has(one.url));
      // That of the client may have a login, which no other server may get.
      const { url: own } = parseMirrorUrl(url);
      const { urls: [, ...others], hashes } = await mirrorsOf(
        own,
        { ...info, elsewhere: { ...elsewhere, duplicates } },
        { ...options, parseMetalink, maxMirrors: Math.min(maxMirrors, MOST_MIRRORS) },
      );
      // Those of a Metalink are new.
      const urls = withinLength(await this.#allowed(others, url, signal));
      return urls.length === 0 ? undefined : { urls: [url, ...urls], hashes };
    } catch (error) {
      client.throwIfAborted();
      // The download of the mirror itself shows what is wrong with it.
      if (error instanceof Error) return undefined;
      throw error;
    }
  }

  /** Returns those of the URLs that the proxy may use beside the mirror of the client. */
  async #allowed(
    urls: readonly string[],
    own: string,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const { policy, allowDowngrade } = this.#options;
    const isSecure = new URL(own).protocol === "https:" && !allowDowngrade;
    const usable = urls.filter((url) => {
      const { protocol, username, password } = new URL(url);
      // A client gets the bytes before the digest of the whole file is verified.
      return username + password === "" && !(isSecure && protocol === "http:");
    });
    return (await allowedUrls(usable, policy, signal)).urls;
  }
}

function withinLength(urls: readonly string[]): readonly string[] {
  let length = 0;
  return urls.filter((url) => (length += url.length) <= MOST_CHARACTERS);
}

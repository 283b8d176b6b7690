/**
 * Finds the mirrors of the file that a query names: those that it has, those of a Metalink, or those that the
 * server of its mirror names.
 *
 * @module
 */

import type { DownloaderOptions } from "../../../../mod.ts";
import type { AddressPolicy } from "../../guard/address_policy.ts";
import type { ResolvedProxyOptions } from "../../options.ts";
import type { ProxyQuery } from "../../request/query.ts";
import type { WantedFile } from "./known_files.ts";
import { isViaProxy, refuseLoop, viaProxy } from "../../guard/metalink_loop.ts";
import { MetalinkFiles } from "./metalink_files.ts";
import { MirrorDiscovery } from "./mirror_discovery.ts";

/** A request for a file. */
export interface SourceRequest {
  readonly request: Request;
  /** The name in the path; not safe to use as it is. */
  readonly name: string | undefined;
  readonly signal: AbortSignal;
}

/** A file whose mirrors are known. */
export interface FoundFile {
  readonly query: ProxyQuery;
  readonly wanted: WantedFile;
  readonly name: string | undefined;
  /** Forgets what was found out by asking its server; `undefined` if the query has the mirrors. */
  readonly forget?: (() => void) | undefined;
}

export class MirrorSources {
  readonly #metalinks: MetalinkFiles;
  readonly #discovery: MirrorDiscovery | undefined;
  /** The headers of requests to mirrors that the client has not named. */
  readonly #headers: Headers;

  /**
   * @param download options of the downloads, with the guarded `fetch`
   * @param longestPiece the longest pieces of a file that are proved, in bytes
   */
  constructor(
    { maxMirrors, rememberMs, maxDownloads, allowDowngrade, discoverMirrors }: ResolvedProxyOptions,
    policy: AddressPolicy,
    download: DownloaderOptions,
    longestPiece: number,
  ) {
    this.#headers = viaProxy(download.headers);
    const common = {
      ...{ policy, maxMirrors, rememberMs },
      download: { ...download, headers: this.#headers },
    };
    this.#metalinks = new MetalinkFiles({ ...common, longestPiece });
    this.#discovery = discoverMirrors
      ? new MirrorDiscovery({ ...common, allowDowngrade, maxAtOnce: maxDownloads })
      : undefined;
  }

  /** Rejects as {@linkcode MetalinkFiles.find} does. */
  async find(request: SourceRequest, query: ProxyQuery): Promise<FoundFile> {
    const { metalink } = query;
    return metalink === undefined
      ? await this.#discover(request, query)
      : await this.#listed(request, query, metalink);
  }

  async #listed(
    { request, name, signal }: SourceRequest,
    query: ProxyQuery,
    metalink: NonNullable<ProxyQuery["metalink"]>,
  ): Promise<FoundFile> {
    refuseLoop(request);
    const listed = await this.#metalinks.find(metalink, signal);
    const { urls, size: expectedSize, hashes: expectedHashes, pieces: expectedPieces } = listed;
    const shown = name ?? listed.name.split("/").at(-1);
    const options = { expectedSize, expectedHashes, expectedPieces, headers: this.#headers };
    return {
      query: { ...query, mirrors: [...urls] },
      wanted: { mirrors: urls, name: shown, etag: listed.etag, options },
      name: shown,
    };
  }

  /** Adds what the server of the only mirror names: where there are several, the client has chosen. */
  async #discover(
    { request, name, signal }: SourceRequest,
    query: ProxyQuery,
  ): Promise<FoundFile> {
    const { mirrors, options: { staticDelays } } = query;
    const given = { query, wanted: { mirrors, name }, name };
    const [url, ...others] = mirrors;
    // The delays are for each of the mirrors that the client names.
    if (others.length > 0 || staticDelays !== undefined || isViaProxy(request)) return given;
    const discovery = this.#discovery;
    const found = await discovery?.find(url!, signal);
    if (found === undefined) return given;
    const { urls, hashes } = found;
    const options = { expectedHashes: hashes, headers: this.#headers };
    return {
      query: { ...query, mirrors: [...urls] },
      wanted: { mirrors: urls, name, options },
      name,
      forget: () => discovery!.forget(url!, found),
    };
  }
}

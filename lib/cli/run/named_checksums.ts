/**
 * Checksums that a command names by the place where they are: a checksum file, local or on a server, or
 * the mirrors themselves, beside the file.
 *
 * @module
 */

import type { DownloaderOptions } from "../../../mod.ts";
import { parseUrl } from "../../stand_ins.ts";
import type { DownloadArguments } from "../arguments/download_arguments.ts";
import { Login, withoutSecrets } from "../arguments/login.ts";
import type { Checksum } from "../checksum/checksum.ts";
import { checksumIn, MAX_CHECKSUM_FILE } from "../checksum/checksum_file.ts";
import { searchChecksums } from "../checksum/checksum_search.ts";
import {
  type Document,
  type DocumentOptions,
  isUrl,
  readDocument,
  readIfPresent,
} from "../document/document.ts";
import type { FindChecksums } from "./file_task.ts";

type Options = DownloaderOptions & { readonly signal: AbortSignal };

/** How long a mirror that has others beside it may be silent, in milliseconds. */
const PATIENCE_MS = 10_000;

/**
 * Reads the checksum file of a command, if it names one; returns `undefined` if it names no place at all.
 * Rejects with an error of the command if it cannot be read.
 *
 * @param mirrors URLs that the user has named: the origins that credentials and cookies are for
 */
export async function namedChecksums(
  command: DownloadArguments,
  options: Options,
  mirrors: readonly string[],
): Promise<NamedChecksums | undefined> {
  const { checksumFile, findsChecksums } = command;
  if (checksumFile === undefined && !findsChecksums) return undefined;
  const document = checksumFile === undefined
    ? undefined
    : await readChecksumFile(checksumFile, command, options, mirrors);
  return new NamedChecksums(document, findsChecksums, options.signal);
}

export class NamedChecksums {
  readonly #document: Document | undefined;
  readonly #searches: boolean;
  readonly #signal: AbortSignal;
  /** Documents that were requested, so that files of one folder share them, by the options used. */
  readonly #read = new WeakMap<DownloaderOptions, Map<string, Promise<Document>>>();

  constructor(document: Document | undefined, searches: boolean, signal: AbortSignal) {
    this.#document = document;
    this.#searches = searches;
    this.#signal = signal;
  }

  /**
   * Returns the checksum of a file in the checksum file.
   *
   * @param names names that the file may have, the likeliest first
   * @throws {CommandError} there is none
   */
  listed(names: readonly string[]): Checksum[] {
    return this.#document === undefined ? [] : [checksumIn(this.#document, names.filter(Boolean))];
  }

  /** Returns what looks for the checksum of a file on its mirrors, if that is wanted. */
  finder(
    urls: readonly string[],
    names: readonly string[],
    options: DownloaderOptions,
  ): FindChecksums | undefined {
    if (!this.#searches) return undefined;
    const read = this.#reader(options, urls.length > 1);
    return async (note) => {
      const found = await searchChecksums({ urls, names: names.filter(Boolean), read });
      for (const { checksum, document } of found) {
        note(`the ${checksum.name} checksum is that in ${document.where}`);
      }
      return found.map(({ checksum }) => checksum);
    };
  }

  #reader(options: DownloaderOptions, hasOthers: boolean): (url: string) => Promise<Document> {
    const known = this.#read.get(options) ?? new Map<string, Promise<Document>>();
    this.#read.set(options, known);
    const { maxIdleMs = Infinity, retry } = options;
    const own: DownloaderOptions = {
      ...documentOptions({ ...options, signal: this.#signal }),
      maxIdleMs: hasOthers ? Math.min(maxIdleMs, PATIENCE_MS) : options.maxIdleMs,
      retry: { ...retry, attempts: Math.min(retry?.attempts ?? 2, 2) },
    };
    return (url) => {
      const reading = known.get(url) ?? readIfPresent(url, described("--checksum-from", own));
      known.set(url, reading);
      return reading;
    };
  }
}

async function readChecksumFile(
  source: string,
  { login }: DownloadArguments,
  options: Options,
  mirrors: readonly string[],
): Promise<Document> {
  const read = (source: string, options: DownloaderOptions) =>
    readDocument(source, described("--checksum-file", options));
  if (!isUrl(source)) return await read(source, options);
  const origins = mirrors.map((mirror) => parseUrl(mirror)?.origin);
  const own = documentOptions(options);
  if (origins.includes(parseUrl(source)?.origin)) {
    return await read((await Login.of(login)).apply(source), own);
  }
  const others = await Login.of({ ...login, user: undefined });
  return await read(others.apply(source), { ...own, headers: withoutSecrets(own.headers) });
}

function described(flag: string, options: DownloaderOptions): DocumentOptions {
  return { flag, what: "a checksum file", maxLength: MAX_CHECKSUM_FILE, options };
}

/** Returns the options of a download that say how servers are asked, and not how much at once. */
function documentOptions(options: Options): DownloaderOptions {
  const { signal, headers, proxy, noProxy, connect, http, caCerts, clientCertificate } = options;
  const { fetch, connectTimeoutMs, maxIdleMs, maxRedirects, retry } = options;
  return {
    ...{ signal, headers, proxy, noProxy, connect, http, caCerts, clientCertificate },
    ...{ fetch, connectTimeoutMs, maxIdleMs, maxRedirects, retry },
    // A web page is told apart by who reads it.
    allowHtml: true,
    windowSize: 4 * 1024 * 1024,
  };
}

/**
 * How a command reads documents about its files from servers: those that the user names, and those beside
 * the files on their mirrors.
 *
 * @module
 */

import type { DownloaderOptions } from "../../../../mod.ts";
import { withoutSecrets } from "../../../http/address/credentials.ts";
import { parseUrl } from "../../../stand_ins.ts";
import { Login, loginOfOthers, type LoginOptions } from "../../arguments/credentials/login.ts";
import {
  type Document,
  type DocumentOptions,
  isUrl,
  readDocument,
  readIfPresent,
} from "../../document/document.ts";

/** Options of downloads that end when the command does. */
export type Abortable = DownloaderOptions & { readonly signal: AbortSignal };

/** What kind of document is read. */
export type DocumentKind = Omit<DocumentOptions, "options">;

/** Reads a URL beside a file. Rejects with a `MissingDocument` if there is none. */
export type ReadBeside = (url: string, kind: DocumentKind) => Promise<Document>;

/** How long a mirror that has others beside it may be silent, in milliseconds. */
const PATIENCE_MS = 10_000;

export class Documents {
  readonly #login: LoginOptions;
  readonly #options: Abortable;
  /** Origins that the user's credentials and cookies are for. */
  readonly #origins: ReadonlySet<string | undefined>;
  /** Documents that were requested, so that files of one folder share them, by the options used. */
  readonly #read = new WeakMap<DownloaderOptions, Map<string, Promise<Document>>>();

  /** Prepares reading; `mirrors` are URLs that the user has named. */
  constructor(login: LoginOptions, options: Abortable, mirrors: readonly string[]) {
    this.#login = login;
    this.#options = options;
    this.#origins = new Set(mirrors.map((mirror) => parseUrl(mirror)?.origin));
  }

  /** Reads a document that the user names. Rejects with an error of the command. */
  async named(source: string, kind: DocumentKind): Promise<Document> {
    if (!isUrl(source)) return await readDocument(source, { ...kind, options: {} });
    const { url, options } = await this.#asked(source);
    return await readDocument(url, { ...kind, options });
  }

  /** Reads a URL beside a document that the user names, by what its own server may get. */
  readonly besideNamed: ReadBeside = async (source, kind) => {
    const { url, options } = await this.#asked(source);
    return await readIfPresent(url, { ...kind, options });
  };

  /** Returns how a URL is requested: with the user's credentials and cookies only where they are meant for it. */
  async #asked(
    source: string,
  ): Promise<{ readonly url: string; readonly options: DownloaderOptions }> {
    const options = askingOptions(this.#options);
    const isOwn = this.#origins.has(parseUrl(source)?.origin);
    const login = await Login.of(isOwn ? this.#login : loginOfOthers(this.#login));
    const headers = isOwn ? options.headers : withoutSecrets(options.headers);
    return { url: login.apply(source), options: { ...options, headers } };
  }

  /** Returns what reads documents beside a file; `options` are those of the file. */
  beside(options: DownloaderOptions, hasOthers: boolean): ReadBeside {
    const known = this.#read.get(options) ?? new Map<string, Promise<Document>>();
    this.#read.set(options, known);
    const { maxIdleMs = Infinity, retry } = options;
    const own: DownloaderOptions = {
      ...askingOptions({ ...options, signal: this.#options.signal }),
      maxIdleMs: hasOthers ? Math.min(maxIdleMs, PATIENCE_MS) : options.maxIdleMs,
      retry: { ...retry, attempts: Math.min(retry?.attempts ?? 2, 2) },
    };
    return (url, kind) => {
      const reading = known.get(url) ?? readIfPresent(url, { ...kind, options: own });
      known.set(url, reading);
      return reading;
    };
  }
}

/** Returns the options of a download that say how servers are asked, and not how much at once. */
export function askingOptions(options: Abortable): DownloaderOptions {
  const { signal, headers, proxy, noProxy, connect, http, caCerts, clientCertificate } = options;
  const { fetch, connectTimeoutMs, maxIdleMs, maxRedirects, retry } = options;
  return {
    ...{ signal, headers, proxy, noProxy, connect, http, caCerts, clientCertificate },
    ...{ fetch, connectTimeoutMs, maxIdleMs, maxRedirects, retry },
    // What reads the document recognizes a web page.
    allowHtml: true,
    windowSize: 4 * 1024 * 1024,
  };
}

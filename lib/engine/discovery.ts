/**
 * Finds mirrors of a file by what its server says (Metalink/HTTP, RFC 6249): `Link` fields with
 * `rel=duplicate`, and with `rel=describedby` to a Metalink. As section 4 demands, they count only where a
 * digest of the file is known, by which it is verified in the end, or where they have its strong ETag.
 *
 * @module
 */

import { MirrorUrlError, SphttpError } from "../errors.ts";
import { hasSecrets, withoutSecrets } from "../http/address/credentials.ts";
import { LAST_PRIORITY } from "../http/duplicates.ts";
import { contradiction, type Hashes, STRONG_TYPES } from "../http/hashes.ts";
import { matchesStrongly } from "../http/validators.ts";
import { parseUrl } from "../stand_ins.ts";
import { whole } from "../checks.ts";
import { Downloader } from "./downloader.ts";
import type { FileInfo } from "./memory/known_file.ts";
import type { DownloaderOptions } from "./options/options.ts";

/** How mirrors are found. */
export interface DiscoveryOptions {
  /**
   * If true, mirrors count without a digest and without an equal ETag: by their size, and by pieces of the
   * file that are compared, like mirrors that the user names.
   *
   * @default {false}
   */
  trustMirrors?: boolean | undefined;
  /**
   * The most mirrors, with the server itself, from 1 to 64.
   *
   * @default {8}
   */
  maxMirrors?: number | undefined;
  /**
   * Parses Metalinks: `parseMetalink()` of `@x/sphttp/metalink`, which throws an error if a text is none.
   * Metalinks that the server names are read only with it.
   *
   * @default {Metalinks are not read}
   */
  parseMetalink?:
    | ((
      text: string,
      options: { readonly url: string },
    ) => { readonly files: readonly ListedFile[] })
    | undefined;
}

/** A file in a Metalink. */
export interface ListedFile {
  /** Its name. */
  readonly name: string;
  /** Its size in bytes, if the Metalink has it. */
  readonly size: number | undefined;
  /** Its hashes. */
  readonly hashes: Hashes;
  /** Its mirrors, with a priority that is better the lower it is. */
  readonly urls: readonly { readonly url: string; readonly priority: number }[];
}

/** The mirrors of a file. */
export interface DiscoveredMirrors {
  /** The URL that was given, and then those of the mirrors, the best first. */
  readonly urls: readonly string[];
  /** Hashes of the file, as the server, or its Metalink, gives them; empty for none. */
  readonly hashes: Hashes;
  /** What was said of mirrors and not used, and why. */
  readonly problems: readonly string[];
}

/** A mirror that may be used. */
interface Candidate {
  readonly url: string;
  readonly priority: number;
  readonly isPreferred: boolean;
}

/** The default of `maxMirrors`, and the most. */
const MIRRORS = 8;
const MOST_MIRRORS = 64;
/** Maximum length of a Metalink that a server names, in bytes. */
const MOST_METALINK_BYTES = 4 * 1024 * 1024;
/** Maximum time to wait for such a Metalink, and for the ETag of a mirror, in milliseconds. */
const PATIENCE_MS = 5000;
const METALINK_TYPE = /^application\/metalink4?\+xml$/;

/**
 * Asks a server for a file, and finds mirrors of it by its response. Rejects as `Downloader.open()` does.
 *
 * @example Download from the mirrors that a server names
 * ```ts ignore
 * import { discoverMirrors, Downloader } from "@x/sphttp";
 *
 * const { urls, hashes } = await discoverMirrors("https://one.example/film");
 * for await (const part of new Downloader(urls, { expectedHashes: hashes })) console.log(part.length);
 * ```
 */
export async function discoverMirrors(
  url: string | URL,
  options: DownloaderOptions & DiscoveryOptions = {},
): Promise<DiscoveredMirrors> {
  const { trustMirrors: _, maxMirrors, parseMetalink: __, ...own } = options;
  checkMaxMirrors(maxMirrors);
  await using download = new Downloader([url], own);
  const info = await download.open();
  return await mirrorsOf(url, info, options);
}

/**
 * Finds the mirrors of a file by what `Downloader.open()` has returned. Metalinks and mirrors are asked where
 * that is needed, for up to five seconds each.
 */
export async function mirrorsOf(
  url: string | URL,
  info: FileInfo,
  options: DownloaderOptions & DiscoveryOptions = {},
): Promise<DiscoveredMirrors> {
  const { trustMirrors = false, maxMirrors, parseMetalink, ...given } = options;
  const most = checkMaxMirrors(maxMirrors);
  const origin = new URL(url);
  const { duplicates = [], descriptions = [], problem } = info.elsewhere ?? {};
  const problems = problem === undefined ? [] : [`the Link field is read in part only: ${problem}`];
  const own = forOthers(given);
  const described = descriptions
    .find(({ type, url }) =>
      METALINK_TYPE.test(type) && (trustMirrors || new URL(url).origin === origin.origin)
    );
  let candidates: readonly Candidate[] = duplicates;
  let { hashes = {} } = info;
  if (described !== undefined && parseMetalink !== undefined) {
    const parse = (text: string, url: string) => parseMetalink(text, { url }).files;
    const found = await describedFile(described.url, origin, info, { options: own, parse });
    if (typeof found === "string") {
      problems.push(`the Metalink ${described.url} is not used: ${found}`);
    } else {
      hashes = { ...found.hashes, ...hashes };
      const listed = found.urls.map(({ url, priority }) => ({ url, priority, isPreferred: false }));
      candidates = [...duplicates, ...listed];
    }
  }
  const isProved = STRONG_TYPES.some((type) => hashes[type] !== undefined);
  const usable = usableOf(candidates, origin, { isProved, hasSecrets: hasSecrets(own.headers) });
  const wanted = usable.slice(0, most - 1).map(({ url }) => url);
  if (isProved || trustMirrors || wanted.length === 0) {
    return { urls: [String(url), ...wanted], hashes, problems };
  }
  const { etag, size } = info;
  if (!matchesStrongly(etag, etag) || size === undefined) {
    problems.push(
      `${mirrorCount(usable.length)} that ${origin.host} names ${
        usable.length === 1 ? "is" : "are"
      } not used: it gives neither a digest nor a strong ETag of the file, by which they could be trusted`,
    );
    return { urls: [String(url)], hashes, problems };
  }
  const same = await Promise.all(wanted.map((mirror) => hasTag(mirror, { etag, size }, own)));
  const others = same.filter((isSame) => !isSame).length;
  if (others > 0) {
    problems.push(`${mirrorCount(others)} that ${origin.host} names: no answer with the same ETag`);
  }
  return { urls: [String(url), ...wanted.filter((_, index) => same[index])], hashes, problems };
}

function checkMaxMirrors(maxMirrors: number = MIRRORS): number {
  return whole("maxMirrors", maxMirrors, 1, MOST_MIRRORS);
}

function mirrorCount(count: number): string {
  return count === 1 ? "1 mirror" : `${count} mirrors`;
}

/** Headers that are about the file of the server. */
const CONDITIONS = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"];

/** Returns the options for requests to mirrors and for Metalinks: without what is about the file of the server. */
function forOthers({ range: _range, onEvent: _onEvent, ...options }: DownloaderOptions) {
  const headers = new Headers(options.headers);
  for (const name of CONDITIONS) headers.delete(name);
  return {
    ...{ ...options, headers, knownFile: undefined, knownPieces: undefined },
    ...{ expectedPieces: undefined, requireProof: undefined, refresh: undefined },
    // They name its URL.
    staticDelays: undefined,
  };
}

/** Returns the candidates that may be asked, each once, the best first. */
function usableOf(
  candidates: readonly Candidate[],
  origin: URL,
  { isProved, hasSecrets }: { readonly isProved: boolean; readonly hasSecrets: boolean },
): readonly Candidate[] {
  const seen = new Set([bare(origin)]);
  return [...candidates]
    .sort((one, other) =>
      Number(other.isPreferred) - Number(one.isPreferred) ||
      (one.priority || LAST_PRIORITY) - (other.priority || LAST_PRIORITY)
    )
    .filter((candidate) => {
      const url = parseUrl(candidate.url);
      if (url === null || seen.has(bare(url))) return false;
      seen.add(bare(url));
      // What identifies the user is for the server that was named.
      if (hasSecrets && url.origin !== origin.origin) return false;
      // Without a digest, nothing would show that it was changed on the way.
      return isProved || origin.protocol === "http:" || url.protocol === "https:";
    });
}

/** Returns a URL without what makes no other resource. */
function bare(url: URL): string {
  const { host, pathname, search, protocol } = url;
  return `${protocol}//${host}${pathname}${search}`;
}

/** Returns the file that a Metalink describes; a text that says why it is of no use. */
async function describedFile(
  url: string,
  origin: URL,
  { size, hashes = {} }: FileInfo,
  { options, parse }: {
    readonly options: DownloaderOptions & { readonly headers: Headers };
    readonly parse: (text: string, url: string) => readonly ListedFile[];
  },
): Promise<ListedFile | string> {
  const isOwn = new URL(url).origin === origin.origin;
  const headers = isOwn ? options.headers : withoutSecrets(options.headers);
  try {
    const read = await readText(url, { ...options, headers, expectedHashes: undefined });
    if (read === undefined) return `it has more than ${MOST_METALINK_BYTES} bytes`;
    const fitting = parse(read.text, read.location)
      .filter((file) => file.size === undefined || file.size === size);
    const named = fitting.filter(({ name }) => origin.pathname.endsWith(`/${encodeURI(name)}`));
    const [file, ...others] = named.length > 0 ? named : fitting;
    if (file === undefined) return `it has no file of ${size} bytes`;
    if (others.length > 0) return "it has several files that may be this one";
    const type = contradiction(file.hashes, hashes);
    if (type === undefined) return file;
    return `its ${type} is ${file.hashes[type]}, while the server gives ${hashes[type]}`;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof DOMException && error.name === "TimeoutError") {
      return `it has not arrived within ${PATIENCE_MS / 1000} s`;
    }
    if (error instanceof Error) return error.message;
    throw error;
  }
}

/** Returns the text of a Metalink, and where it was, after redirects; `undefined` if it is too long. */
async function readText(
  url: string,
  options: DownloaderOptions,
): Promise<{ readonly text: string; readonly location: string } | undefined> {
  let location = url;
  await using download = new Downloader([url], {
    ...options,
    signal: patience(options),
    ...{ expectedName: undefined, expectedSize: undefined },
    onEvent: (event) => {
      if (event.type === "answer") location = event.location ?? url;
    },
  });
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const part of download) {
    parts.push(part);
    bytes += part.byteLength;
    if (bytes > MOST_METALINK_BYTES) return undefined;
  }
  return { text: await new Blob(parts).text(), location };
}

/** Reports whether a mirror has a file with this strong ETag, of the same size. */
async function hasTag(
  url: string,
  { etag, size }: { readonly etag: string | undefined; readonly size: number },
  options: DownloaderOptions,
): Promise<boolean> {
  try {
    await using download = new Downloader([url], { ...options, signal: patience(options) });
    const info = await download.open();
    return info.size === size && matchesStrongly(info.etag, etag);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof SphttpError && !(error instanceof MirrorUrlError)) return false;
    if (error instanceof DOMException) return false;
    throw error;
  }
}

function patience({ signal }: DownloaderOptions): AbortSignal {
  const limit = AbortSignal.timeout(PATIENCE_MS);
  return signal === undefined ? limit : AbortSignal.any([signal, limit]);
}

/**
 * Parses mirror URLs: http and https only, without credentials and fragment, each mirror once. Never
 * shows a credential in an error.
 *
 * @module
 */

import { MirrorUrlError } from "../../errors.ts";
import { basicAuthorization, takeCredentials } from "./credentials.ts";
import { redactUrl } from "./redact.ts";
import { parseUrl } from "../../stand_ins.ts";

export interface MirrorSource {
  /**
   * The normalized URL without credentials and fragment. It identifies the mirror, and may be shown. With
   * `addresses`, the first of them is its fragment.
   */
  readonly url: string;
  /** The value of an `Authorization` header made from the URL's credentials. */
  readonly authorization: string | undefined;
  /** The addresses of its host that it is connected to, in order; `undefined` for any of them. */
  readonly addresses?: readonly string[] | undefined;
}

/**
 * Parses a list of mirror URLs. Returns each mirror once, and the URLs that were given repeatedly.
 *
 * @throws {MirrorUrlError} one of them is not an http or https URL, or there is none
 */
export function parseMirrorUrls(
  urls: readonly (string | URL)[],
): { readonly mirrors: readonly MirrorSource[]; readonly repeated: readonly string[] } {
  if (!Array.isArray(urls)) {
    throw new TypeError(`urls is ${typeof urls}, but must be a list of mirror URLs`);
  }
  if (urls.length === 0) {
    throw new MirrorUrlError("No mirror URL was given; at least one is needed");
  }
  const mirrors = new Map<string, MirrorSource>();
  const repeated = new Set<string>();
  for (const text of urls) {
    const mirror = parseMirrorUrl(text);
    if (mirrors.has(mirror.url)) repeated.add(mirror.url);
    else mirrors.set(mirror.url, mirror);
  }
  return { mirrors: [...mirrors.values()], repeated: [...repeated] };
}

/**
 * Parses one mirror URL.
 *
 * @throws {MirrorUrlError} it is not an http or https URL
 */
export function parseMirrorUrl(text: string | URL): MirrorSource {
  const mirror = tryParseMirrorUrl(text);
  if (mirror !== undefined) return mirror;
  const shown = `"${redactUrl(String(text))}"`;
  if (/^\s*https?:/i.test(String(text))) throw new MirrorUrlError(`${shown} is not a valid URL`);
  const scheme = parseUrl(text)?.protocol;
  throw new MirrorUrlError(
    scheme === undefined
      ? `${shown} is not a URL; it must begin with http:// or https://`
      : `${shown} has the scheme ${scheme}; only http: and https: are supported`,
  );
}

/** Parses one mirror URL; returns `undefined` for anything but an http or https URL. */
export function tryParseMirrorUrl(text: string | URL): MirrorSource | undefined {
  const url = parseUrl(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
  const credentials = takeCredentials(url);
  url.hash = "";
  return { url: url.href, authorization: credentials && basicAuthorization(credentials) };
}

/**
 * Mirror URLs as they are given: checked, freed of credentials, and each kept once.
 *
 * @module
 */

import { MirrorUrlError } from "../errors.ts";
import { redactUrl } from "./redact.ts";

/** A mirror as it was given. */
export interface MirrorSource {
  /** The URL without credentials and fragment: fit to be shown. */
  readonly url: string;
  /** The value of an `Authorization` header made from the URL's credentials. */
  readonly authorization: string | undefined;
}

/** Mirrors, each once, and the URLs that were given more than once. */
export interface MirrorSources {
  readonly mirrors: readonly MirrorSource[];
  readonly repeated: readonly string[];
}

/** Reads mirror URLs. */
export function parseMirrorUrls(urls: readonly (string | URL)[]): MirrorSources {
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

/** Reads one mirror URL. */
export function parseMirrorUrl(text: string | URL): MirrorSource {
  const url = URL.parse(text);
  if (url === null) {
    throw new MirrorUrlError(
      `"${redactUrl(String(text))}" is no URL; http://… or https://… is needed`,
    );
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new MirrorUrlError(
      `"${
        redactUrl(String(text))
      }" is a ${url.protocol} URL; only http: and https: mirrors can be used`,
    );
  }
  const { username, password } = url;
  url.username = "";
  url.password = "";
  url.hash = "";
  const authorization = username || password ? basic(username, password) : undefined;
  return { url: url.href, authorization };
}

/** Basic credentials in UTF-8 (RFC 7617). */
function basic(username: string, password: string): string {
  const bytes = new TextEncoder().encode(`${decode(username)}:${decode(password)}`);
  return `Basic ${bytes.toBase64()}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

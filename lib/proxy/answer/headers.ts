/**
 * Headers of a response that do not come from the mirrors: what a file from them may do in a browser,
 * and which pages of other origins may read it. Follows the Fetch standard (CORS).
 *
 * @module
 */

import { parseMediaType } from "../../http/name/media_type.ts";
import type { CorsOption } from "../options.ts";

/** Lets a file that the browser displays load nothing but itself as an image or media. */
const MEDIA_POLICY = "default-src 'none'; media-src 'self'; img-src 'self'; " +
  "style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'";

/** Types that browsers play and never take for a document, without parameters. */
const INERT_TYPES: ReadonlySet<string> = new Set([
  ...["mp4", "webm", "ogg", "mpeg", "quicktime", "x-m4v", "x-matroska", "3gpp", "3gpp2", "mp2t"]
    .map((subtype) => `video/${subtype}`),
  ...["mpeg", "mp4", "ogg", "webm", "aac", "flac", "x-flac", "opus", "x-m4a"]
    .map((subtype) => `audio/${subtype}`),
  ...["wav", "wave", "x-wav", "mp3", "x-matroska", "3gpp", "aacp"]
    .map((subtype) => `audio/${subtype}`),
  "application/ogg",
]);

/**
 * Returns the Content-Security-Policy of a file from the mirrors. The author of a link chooses the
 * content, so a page, an SVG or a document must not run scripts with the proxy's origin, nor send the
 * address, which may contain a token, to others: a sandboxed document has no referrer. Only types that
 * are known to be no documents keep the origin, because Chromium would not play them otherwise.
 *
 * @param contentType the whole field, as {@linkcode parseMediaType} returns it
 */
export function filePolicy(contentType: string | null): string {
  const essence = parseMediaType(contentType ?? undefined)?.replace(/;.*$/s, "") ?? "";
  return INERT_TYPES.has(essence) ? MEDIA_POLICY : `sandbox; ${MEDIA_POLICY}`;
}

/**
 * Adds to every response what keeps its address, which may contain a token, from other sites, and its
 * content from being taken for another type. A response without a policy of its own is no document.
 */
export function protect(headers: Headers): void {
  headers.set("x-content-type-options", "nosniff");
  headers.set("referrer-policy", "no-referrer");
  if (!headers.has("content-security-policy")) {
    headers.set("content-security-policy", filePolicy(null));
  }
}

/** Response headers that pages may read, besides the safelisted ones. */
const EXPOSED = "Content-Range, ETag, Accept-Ranges, Content-Length";
/** Request headers that pages may send, besides the safelisted ones. */
const ALLOWED_HEADERS = "Range, If-Range, If-Match, If-None-Match, If-Modified-Since, " +
  "If-Unmodified-Since, Authorization";
/** How long a browser may cache a preflight, in seconds. */
const PREFLIGHT_MAX_AGE = 7200;

/** Reports whether a request is a CORS preflight. */
export function isPreflight({ method, headers }: Request): boolean {
  return method === "OPTIONS" && headers.has("origin") &&
    headers.has("access-control-request-method");
}

/** Returns the headers that let a page read the response, or send the request after a preflight. */
export function corsHeaders(option: CorsOption, request: Request): Headers {
  const headers = new Headers();
  if (option === undefined) return headers;
  const origin = request.headers.get("origin");
  // Responses differ by origin, so caches must not share them.
  if (option !== "*") headers.set("vary", "Origin");
  const allowed = option === "*" ? option : option.find((one) => one === origin);
  if (allowed === undefined) return headers;
  headers.set("access-control-allow-origin", allowed);
  if (isPreflight(request)) {
    headers.set("access-control-allow-methods", "GET, HEAD");
    headers.set("access-control-allow-headers", ALLOWED_HEADERS);
    headers.set("access-control-max-age", `${PREFLIGHT_MAX_AGE}`);
  } else headers.set("access-control-expose-headers", EXPOSED);
  return headers;
}

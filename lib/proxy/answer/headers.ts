/**
 * Headers of a response that do not come from the mirrors: what a file from them may do in a browser,
 * and which pages of other origins may read it. Follows the Fetch standard (CORS).
 *
 * @module
 */

import type { CorsOption } from "../options.ts";

/** Lets a file that the browser displays load nothing but itself as an image or media. */
const MEDIA_POLICY = "default-src 'none'; media-src 'self'; img-src 'self'; " +
  "style-src 'unsafe-inline'";

/**
 * Returns the Content-Security-Policy of a file from the mirrors. The author of a link chooses the
 * content, so scripts in a page, an SVG or a document must not run with the proxy's origin. Audio and
 * video keep the origin, because Chromium would not play them otherwise.
 */
export function filePolicy(contentType: string | null): string {
  const isMedia = /^(?:audio|video)\/|^application\/ogg\b/i.test(contentType ?? "");
  return isMedia ? MEDIA_POLICY : `sandbox; ${MEDIA_POLICY}`;
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

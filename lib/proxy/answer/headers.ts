/**
 * Headers of a response that do not come from the mirrors: what a file from them may do in a browser,
 * and which pages of other origins may read it. Follows the Fetch standard (CORS).
 *
 * @module
 */

import type { CorsOption } from "../options.ts";

/**
 * What a browser lets an answer do that it shows by itself: nothing, but for pictures and media.
 */
const MEDIA_POLICY = "default-src 'none'; media-src 'self'; img-src 'self'; " +
  "style-src 'unsafe-inline'";

/**
 * The Content-Security-Policy of what comes from mirrors. Whoever chooses the mirrors chooses the
 * file: a page, a picture or a document with a script in it must not run as one of the proxy's own,
 * with its origin. Media keep that origin, or else Chromium would not play what it shows by itself.
 */
export function filePolicy(contentType: string | null): string {
  const isMedia = /^(?:audio|video)\/|^application\/ogg\b/i.test(contentType ?? "");
  return isMedia ? MEDIA_POLICY : `sandbox; ${MEDIA_POLICY}`;
}

/** Headers beyond the ordinary that a page may read. */
const EXPOSED = "Content-Range, ETag, Accept-Ranges, Content-Length";
/** Headers beyond the ordinary that a page may send. */
const ALLOWED_HEADERS = "Range, If-Range, If-Match, If-None-Match, If-Modified-Since, " +
  "If-Unmodified-Since, Authorization";
/** How long a browser may remember that, in seconds. */
const PREFLIGHT_MAX_AGE = 7200;

/** Whether a browser asks, before the request proper, if a page may send it. */
export function isPreflight({ method, headers }: Request): boolean {
  return method === "OPTIONS" && headers.has("origin") &&
    headers.has("access-control-request-method");
}

/**
 * The headers that let a page read the answer, if it may; those of the answer to a preflight too,
 * which is a 204 and has no others.
 */
export function corsHeaders(option: CorsOption, request: Request): Headers {
  const headers = new Headers();
  if (option === undefined) return headers;
  const origin = request.headers.get("origin");
  // Caches must not hand one page's answer to another, nor that of no page to any.
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

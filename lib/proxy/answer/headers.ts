/**
 * Headers of an answer that do not come from the mirrors: the name under which a file is saved, and
 * what pages of other origins may see. A name from a URL is never trusted.
 * Follows RFC 6266 and RFC 8187 (Content-Disposition), and the Fetch standard (CORS).
 *
 * @module
 */

import type { CorsOption } from "../options.ts";

/** The name of a file whose URL tells none. */
const FALLBACK_NAME = "download";
/** The most bytes in a name: what file systems take (255), with room for a browser's " (1)". */
const MOST_NAME_BYTES = 200;
/** A longer ending than this many characters is none. */
const MOST_ENDING = 16;

/** Tells a browser to save the file under a name, whatever that is. */
export function contentDisposition(name: string): string {
  const safe = safeName(name);
  // Some clients decode percent signs where they should not.
  const ascii = safe.replace(/[^\x20-\x7e]/gu, "_").replace(/[%\\"]/g, "_");
  const value = `attachment; filename="${ascii}"`;
  return ascii === safe ? value : `${value}; filename*=UTF-8''${encodeValue(safe)}`;
}

/** The file name that a mirror's URL ends with, decoded and made safe; else `download`. */
export function fileNameOf(url: string): string {
  const segment = URL.parse(url)?.pathname.split("/").at(-1) ?? "";
  try {
    return safeName(decodeURIComponent(segment));
  } catch {
    // Not UTF-8: the name stays encoded.
    return safeName(segment);
  }
}

/** Everything that RFC 8187 does not call an attr-char, percent-encoded. */
function encodeValue(text: string): string {
  return encodeURIComponent(text).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Names that are devices on Windows, whatever their ending. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\.|$)/i;

/**
 * A name that is one on every system: without a path, invisible characters (those that turn the
 * direction of writing would disguise an ending), and what some system has another use for.
 */
function safeName(name: string): string {
  const visible = name.toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffd]/gu, "")
    .replace(/\s+/gu, " ");
  const last = visible.split(/[/\\]/).at(-1)!.replace(/[<>:"|?*]/g, "_");
  const trimmed = shorten(last.replace(/^[. ]+/, "")).replace(/[. ]+$/, "");
  if (trimmed === "") return FALLBACK_NAME;
  return DEVICE.test(trimmed) ? `_${trimmed}` : trimmed;
}

/** Takes characters away before the ending until the name is short enough. */
function shorten(name: string): string {
  const bytes = (text: string) => new TextEncoder().encode(text).byteLength;
  if (bytes(name) <= MOST_NAME_BYTES) return name;
  const dot = name.lastIndexOf(".");
  const hasEnding = dot > 0 && name.length - dot <= MOST_ENDING;
  const ending = hasEnding ? name.slice(dot) : "";
  let left = MOST_NAME_BYTES - bytes(ending);
  let stem = "";
  for (const character of hasEnding ? name.slice(0, dot) : name) {
    left -= bytes(character);
    if (left < 0) break;
    stem += character;
  }
  return stem.replace(/[. ]+$/, "") + ending;
}

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

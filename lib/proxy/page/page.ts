/**
 * The page at `/`, which makes a link, checks it, plays it, and shows live which mirror sends what.
 * One response: its Content-Security-Policy allows no script or style but those inside, which it
 * names by their hashes. `generate.ts` makes the page from the files in `source/`.
 * Follows Content Security Policy Level 3 and RFC 9110 sections 8.8.3 (ETag) and 13 (304).
 *
 * @module
 */

import { Problem } from "../problem.ts";
import { evaluatePreconditions } from "../request/preconditions.ts";
import { ETAG, HTML, SCRIPT_HASH, STYLE_HASH } from "./page_bundle.ts";

const BODY = new TextEncoder().encode(HTML);

const POLICY = [
  "default-src 'none'",
  `script-src '${SCRIPT_HASH}'`,
  `style-src '${STYLE_HASH}'`,
  "connect-src 'self'",
  "media-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
];

/** Headers of the page and of a 304 for it. */
const HEADERS = {
  "content-security-policy": POLICY.join("; "),
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-cache",
  "etag": ETAG,
};

/**
 * Returns the page, or a 304 if the request's conditions say that the client has it.
 *
 * @throws {Problem} of status 412 if they name another version
 */
export function pageResponse({ method, headers }: Request): Response {
  switch (evaluatePreconditions(method, headers, { etag: ETAG, lastModified: undefined })) {
    case "failed":
      throw new Problem(412, "the page is not the version that the request's conditions name");
    case "not modified":
      return new Response(null, { status: 304, headers: HEADERS });
    case "proceed":
      return new Response(BODY, {
        headers: {
          ...HEADERS,
          "content-type": "text/html; charset=utf-8",
          "content-length": `${BODY.byteLength}`,
        },
      });
  }
}

/**
 * Follows the redirects of one request. Each target is requested anew, so that the headers can depend
 * on it. Follows RFC 9110 section 15.4.
 *
 * @module
 */

import { takeCredentials } from "../http/credentials.ts";

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export interface RedirectOptions {
  /** The first URL to request. */
  readonly url: URL;
  readonly maxRedirects: number;
  /** Sends the request to `url`. */
  readonly send: (url: URL) => Promise<Response>;
  /** Creates the error to throw. */
  readonly fail: (message: string) => Error;
}

/** Returns the first response that is no redirect, and the URL that it came from. */
export async function followRedirects(
  options: RedirectOptions,
): Promise<{ readonly response: Response; readonly url: URL }> {
  const { maxRedirects, send, fail } = options;
  let { url } = options;
  for (let redirects = 0;; redirects++) {
    const response = await send(url);
    const target = response.headers.get("location");
    if (!REDIRECTS.has(response.status) || target === null) return { response, url };
    await discard(response.body);
    if (redirects === maxRedirects) throw fail(`more than ${maxRedirects} redirects`);
    const next = URL.parse(target, url);
    if (next === null || !["http:", "https:"].includes(next.protocol)) {
      throw fail("redirected to a URL that is not http or https");
    }
    takeCredentials(next);
    url = next;
  }
}

/** Cancels a body that is not wanted. */
export async function discard(body: ReadableStream | null): Promise<void> {
  // It may have failed or be locked: neither matters.
  await body?.cancel().catch(() => {});
}

/**
 * Follows the redirects of one request. Each target is requested anew, so that the headers can depend
 * on it. Follows RFC 9110 section 15.4.
 *
 * @module
 */

import type { CookieJar } from "../../http/address/cookie_jar.ts";
import { readLocation } from "../../http/address/location.ts";
import { parseUrl } from "../../stand_ins.ts";

/** Redirects, by any of which the file may be elsewhere. */
const REDIRECTS = new Set([300, 301, 302, 303, 307, 308]);

/** A URL that is requested so often with the same cookies is a loop. */
const MOST_VISITS = 3;

export interface RedirectOptions {
  /** The first URL to request. */
  readonly url: URL;
  readonly maxRedirects: number;
  /** Takes the cookies of redirects. */
  readonly cookies: CookieJar;
  /** Sends the request to `url`; with `follow`, the platform is to follow redirects. */
  readonly send: (url: URL, redirect: "manual" | "follow") => Promise<Response>;
  /** Creates the error to throw. */
  readonly fail: (message: string) => Error;
  /** Called with each redirect, and the URL that it came from. */
  readonly onRedirect?: ((headers: Headers, url: URL) => void) | undefined;
}

/** Returns the first response that is no redirect, and the URL that it came from. */
export async function followRedirects(
  options: RedirectOptions,
): Promise<{ readonly response: Response; readonly url: URL }> {
  const { maxRedirects, cookies, send, fail } = options;
  const visits = new Map<string, number>();
  let { url } = options;
  for (let redirects = 0;; redirects++) {
    const response = await send(url, "manual");
    if (response.type === "opaqueredirect") return await followHidden(url, options);
    const target = readLocation(response.headers, url);
    if (!REDIRECTS.has(response.status) || target.type === "none") return { response, url };
    await discard(response.body);
    if (target.type === "invalid") throw fail(`redirected ${target.problem}`);
    options.onRedirect?.(response.headers, url);
    const now = Date.now();
    cookies.store(response.headers.getSetCookie(), url, now);
    const state = `${target.url.href} ${cookies.header(target.url, now) ?? ""}`;
    const visited = (visits.get(state) ?? 0) + 1;
    visits.set(state, visited);
    if (visited === MOST_VISITS) throw fail(loopMessage(target.url, cookies));
    if (redirects === maxRedirects) throw fail(`more than ${maxRedirects} redirects`);
    url = target.url;
  }
}

/** Lets the platform follow redirects that it hides, as browsers do: they have limits of their own. */
async function followHidden(
  url: URL,
  { maxRedirects, send, fail }: RedirectOptions,
): Promise<{ readonly response: Response; readonly url: URL }> {
  if (maxRedirects === 0) throw fail("more than 0 redirects");
  const response = await send(url, "follow");
  return { response, url: parseUrl(response.url) ?? url };
}

function loopMessage({ origin, pathname }: URL, { refusedLength }: CookieJar): string {
  const cookie = refusedLength === 0
    ? ""
    : `, after a cookie of ${refusedLength} characters, which is too long to be kept`;
  return `a redirect loop: it leads to ${shortened(origin + pathname)} again and again${cookie}`;
}

/** Maximum length of a URL in a message. */
const MAX_SHOWN = 200;

function shortened(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** Cancels a body that is not wanted. */
export async function discard(body: ReadableStream | null): Promise<void> {
  // It may have failed or be locked: neither matters.
  await body?.cancel().catch(() => {});
}

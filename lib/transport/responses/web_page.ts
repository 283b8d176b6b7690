/**
 * What is different where requests are those of a web page. Follows the Fetch standard.
 *
 * @module
 */

import { isWebPage } from "../../runtime.ts";

/**
 * Returns what a page adds to its requests. A browser's cache lets one request for a URL wait for another, as
 * they may have the same response: ranges would come one after the other.
 */
export function pageOptions(): Pick<RequestInit, "cache"> {
  return isWebPage() ? { cache: "no-store" } : {};
}

/**
 * Reports whether a request to `url` may have an `If-Range`. With it, a browser first asks another origin
 * for permission (a preflight request), which few servers of files give; `Range` alone needs none. Without
 * it, validators are compared as responses come.
 */
export function mayBeConditional(url: URL): boolean {
  return !isWebPage() || url.origin === globalThis.location.origin;
}

/**
 * Keeps a Metalink from leading back to the proxy: one that lists the proxy's own URL of itself as a mirror
 * would cause requests without end. Requests that a Metalink causes are marked by `Via` (RFC 9110 section
 * 7.6.3), and those that are marked get no other Metalink.
 *
 * @module
 */

import { Problem } from "../problem.ts";

const PSEUDONYM = "sphttp-proxy";

/** Returns the headers of requests that a Metalink causes. */
export function viaProxy(headers: HeadersInit | undefined): Headers {
  const marked = new Headers(headers);
  marked.append("via", `1.1 ${PSEUDONYM}`);
  return marked;
}

/** Reports whether a request was itself caused by a Metalink, or by what a server says of its file. */
export function isViaProxy({ headers }: Request): boolean {
  const received = (headers.get("via") ?? "").split(",");
  return received.some((one) => one.trim().split(/\s+/)[1] === PSEUDONYM);
}

/** @throws {Problem} of status 508 when a request was itself caused by a Metalink */
export function refuseLoop(request: Request): void {
  if (!isViaProxy(request)) return;
  throw new Problem(508, "the Metalink leads to this proxy again; use the URLs of its mirrors");
}

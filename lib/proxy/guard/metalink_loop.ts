/**
 * Keeps a Metalink from leading back to the proxy: one that lists, as a mirror, the proxy's URL for that
 * Metalink would cause requests without end. Requests that a Metalink causes are marked by `Via` (RFC 9110 section
 * 7.6.3), and those that are marked get no other Metalink, but a problem by which the first one ends at once.
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
export function isViaProxy({ headers }: Pick<Request, "headers">): boolean {
  const received = (headers.get("via") ?? "").split(",");
  return received.some((one) => one.trim().split(/\s+/)[1] === PSEUDONYM);
}

/**
 * Refuses a request that was itself caused by a Metalink.
 *
 * @throws {Problem} of status 508
 */
export function refuseLoop(request: Request): void {
  if (isViaProxy(request)) throw loopProblem();
}

/** Returns the problem of a Metalink that leads back. It is marked, too: other servers use the status for limits. */
export function loopProblem(): Problem {
  const detail = "the Metalink leads to this proxy again; use the URLs of its mirrors";
  return new Problem(508, detail, { headers: viaProxy(undefined) });
}

/** Reports whether a mirror has answered with {@linkcode loopProblem}. */
export function isLoop(response: Response): boolean {
  return response.status === 508 && isViaProxy(response);
}

/**
 * Checks the token that the operator may require of clients.
 *
 * @module
 */

import { timingSafeEqual } from "node:crypto";

/** Reports whether a request has the token, as a Bearer token or in its query. */
export function isAuthorized(request: Request, url: URL, token: string | undefined): boolean {
  if (token === undefined) return true;
  const bearer = /^Bearer +(.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  return [bearer, url.searchParams.get("token")].some((given) =>
    typeof given === "string" && isSameSecret(given, token)
  );
}

/** Compares in constant time; only the length can be found out by measuring. */
function isSameSecret(one: string, other: string): boolean {
  const encoder = new TextEncoder();
  const [left, right] = [encoder.encode(one), encoder.encode(other)];
  return left.byteLength === right.byteLength && timingSafeEqual(left, right);
}

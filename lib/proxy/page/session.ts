/**
 * What the page asks a proxy that may require a token: to be signed in by a cookie, so that the token
 * is in no address, and to sign links for players.
 *
 * @module
 */

import { endedSessionCookie } from "../guard/access.ts";
import { Problem } from "../problem.ts";
import type { Admission } from "../request/admission.ts";
import { parseProxyQuery, signedFacts } from "../request/query.ts";

/** How long a link of the page is valid, in milliseconds. */
const LINK_MS = 24 * 3_600_000;

/**
 * Reports whether a token is required and whether the browser is signed in, signs it in (POST with
 * the token as a Bearer token) or out (DELETE). Rejects with a {@linkcode Problem} of status 401 for a
 * wrong token.
 */
export async function sessionResponse(request: Request, admission: Admission): Promise<Response> {
  const { access } = admission;
  if (request.method === "DELETE") return cookieResponse(endedSessionCookie(request));
  if (request.method !== "POST") {
    const isKnown = await admission.isKnown(request);
    return jsonResponse({ required: access !== undefined, admitted: isKnown });
  }
  if (access === undefined) return new Response(null, { status: 204 });
  if (await access.hasToken(request)) return cookieResponse(await access.sessionCookie(request));
  throw new Problem(401, "this is not the proxy's token", {
    headers: { "www-authenticate": "Bearer" },
  });
}

/**
 * Signs a link to the file that a query names: `pass` is the parameter to add, `null` if the proxy
 * requires no token, or signs no links because its token is short.
 */
export async function linkResponse(
  url: URL,
  { access }: Admission,
  maxMirrors: number,
): Promise<Response> {
  const facts = signedFacts(parseProxyQuery(url.searchParams, maxMirrors));
  const expires = Date.now() + LINK_MS;
  const pass = access?.canSign ? await access.signLink(facts, expires) : null;
  return jsonResponse(pass === null ? { pass } : { pass, expires: new Date(expires) });
}

function cookieResponse(cookie: string): Response {
  return new Response(null, {
    status: 204,
    headers: { "set-cookie": cookie, "cache-control": "no-store" },
  });
}

function jsonResponse(value: unknown): Response {
  return Response.json(value, { headers: { "cache-control": "no-store" } });
}

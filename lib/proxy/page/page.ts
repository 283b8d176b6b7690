/**
 * The page at `/`: makes a link, checks it, plays it, and shows live which mirror brings what. One
 * file without any other resource, and a Content-Security-Policy that lets nothing run but the
 * script and the style that are in it, known by their hashes.
 * Follows Content Security Policy Level 3 and RFC 9110 sections 8.8.3 (ETag) and 13 (304).
 *
 * @module
 */

import html from "./page.html" with { type: "text" };
import { evaluatePreconditions } from "../request/preconditions.ts";
import { Problem } from "../problem.ts";

/** The page, with the headers that it needs; 304 for who has it already. */
export async function pageResponse(request?: Request): Promise<Response> {
  const { body, headers } = await (page ??= makePage());
  const validators = { etag: headers.etag, lastModified: undefined };
  const { method = "GET", headers: asked = new Headers() } = request ?? {};
  switch (evaluatePreconditions(method, asked, validators)) {
    case "failed":
      throw new Problem(412, "the page is not the one that the request's conditions name");
    case "not modified": {
      const { "content-length": _, "content-type": __, ...kept } = headers;
      return new Response(null, { status: 304, headers: kept });
    }
    case "proceed":
      return new Response(body, { headers });
  }
}

interface Page {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Awaited<ReturnType<typeof makeHeaders>>;
}

/** Made once: it stays the same for as long as the process runs. */
let page: Promise<Page> | undefined;

async function makePage(): Promise<Page> {
  const body = new TextEncoder().encode(html);
  const policy = [
    "default-src 'none'",
    `script-src '${await hashSource("script")}'`,
    `style-src '${await hashSource("style")}'`,
    "connect-src 'self'",
    "media-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return { body, headers: await makeHeaders(body, policy) };
}

async function makeHeaders(body: Uint8Array<ArrayBuffer>, policy: readonly string[]) {
  return {
    "content-type": "text/html; charset=utf-8",
    "content-length": `${body.byteLength}`,
    "content-security-policy": policy.join("; "),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
    "etag": `"${(await sha256(body)).toBase64({ alphabet: "base64url", omitPadding: true })}"`,
  };
}

/** How a policy names the text of the only element of a kind. */
async function hashSource(name: "script" | "style"): Promise<string> {
  const elements = [...html.matchAll(new RegExp(`<${name}\\b[^>]*>([^]*?)</${name}>`, "g"))];
  const text = elements[0]?.[1];
  if (elements.length !== 1 || text === undefined) {
    throw new Error(`page.html has ${elements.length} <${name}> elements, but must have one`);
  }
  return `sha256-${(await sha256(new TextEncoder().encode(text))).toBase64()}`;
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/**
 * The page at `/`: makes a link, checks it, plays it, and shows live which mirror brings what. One
 * file without any other resource, and a Content-Security-Policy that lets nothing run but the
 * script and the style that are in it, known by their hashes.
 * Follows Content Security Policy Level 3 and RFC 9110 section 8.8.3 (ETag).
 *
 * @module
 */

import html from "./page.html" with { type: "text" };

/** The page, with the headers that it needs. */
export async function pageResponse(): Promise<Response> {
  const { body, headers } = await (page ??= makePage());
  return new Response(body, { headers });
}

interface Page {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
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
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "content-length": `${body.byteLength}`,
    "content-security-policy": policy.join("; "),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
    "etag": `"${(await sha256(body)).toBase64({ alphabet: "base64url", omitPadding: true })}"`,
  };
  return { body, headers };
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

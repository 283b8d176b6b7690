/**
 * A server of Metalinks, and a proxy that is asked for their files.
 *
 * @module
 */

import { formatMetalink } from "../../../metalink.ts";
import { createHandler, type ProxyOptions } from "../../../server.ts";
import { FILE } from "../download.ts";
import { DOWNLOAD } from "./proxy_scene.ts";

export const OPTIONS: ProxyOptions = { allowPrivate: true, download: DOWNLOAD };

/** A server of documents by their paths, which counts its requests. */
export function serveDocuments(documents: Readonly<Record<string, (base: string) => BodyInit>>) {
  const paths: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const { pathname, origin } = new URL(request.url);
    paths.push(pathname);
    const document = documents[pathname];
    if (document === undefined) return new Response(null, { status: 404 });
    if (pathname === "/moved") return Response.redirect(`${origin}${document(origin)}`);
    return new Response(document(origin), { headers: { "content-type": "text/xml" } });
  });
  const base = `http://127.0.0.1:${server.addr.port}`;
  return { base, paths, [Symbol.asyncDispose]: () => server.shutdown() };
}

export const SHA256 = { "sha-256": FILE.sha256() };

/** A Metalink of {@linkcode FILE} on these mirrors; `facts` replace what it says of the file. */
export function listing(urls: readonly string[], facts: object = {}): string {
  const own = { urls: urls.map((url) => ({ url })), ...facts };
  return formatMetalink([{ name: "film.bin", size: FILE.size, hashes: SHA256, ...own }]);
}

/** Returns a function that asks one proxy, and reads what it answers. */
export function asker(options: ProxyOptions = OPTIONS) {
  const handler = createHandler(options);
  const ask = async (query: string, init: RequestInit = {}, path = "/proxy") => {
    const response = await handler(new Request(`http://127.0.0.1:8080${path}?${query}`, init));
    const bytes = await response.bytes().catch((error) => error);
    return { status: response.status, headers: response.headers, bytes };
  };
  return Object.assign(ask, { [Symbol.asyncDispose]: () => handler[Symbol.asyncDispose]() });
}

export const detailOf = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)).detail;

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

export const query = (url: string, file?: string) =>
  `metalink=${encodeURIComponent(url)}${file === undefined ? "" : `&file=${file}`}`;

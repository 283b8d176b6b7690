/**
 * Links to a file through the proxy, signed with its token: they are good for these mirrors (or this Metalink)
 * only, until a time, and do not contain the token.
 *
 * @module
 */

import { fileNameInUrl } from "../../http/name/file_name.ts";
import type { Access } from "../guard/access.ts";
import { type MetalinkSource, parseProxyQuery, signedFacts } from "./query.ts";

/** A link to sign. */
export interface UnsignedLink {
  /** Where clients reach the proxy, like `https://proxy.example/`. */
  readonly base: URL;
  readonly mirrors: readonly string[];
  /** Instead of mirrors: a Metalink that has them. */
  readonly metalink?: MetalinkSource | undefined;
  /** The name that players show; "" for none. */
  readonly name?: string | undefined;
  /** In milliseconds since 1970. */
  readonly expiresAtMs: number;
}

/**
 * Returns the link, signed.
 *
 * @throws {Problem} of status 400 when a mirror is not an http:// or https:// URL
 */
export async function signedLink(
  { base, mirrors, metalink, name, expiresAtMs }: UnsignedLink,
  access: Access,
): Promise<string> {
  const params = new URLSearchParams(mirrors.map((url) => ["url", url]));
  if (metalink !== undefined) {
    params.append("metalink", metalink.url);
    if (metalink.file !== undefined) params.append("file", metalink.file);
  }
  const query = parseProxyQuery(params, Infinity);
  const pass = await access.signLink(signedFacts(query), expiresAtMs);
  const shown = name ??
    (metalink === undefined ? fileNameInUrl(query.mirrors[0]!) : metalink.file ?? "");
  // A segment of dots would lead out of /proxy.
  const link = new URL(
    /^\.{0,2}$/.test(shown) ? "proxy" : `proxy/${encodeURIComponent(shown)}`,
    base,
  );
  const parts = [...params].map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  link.search = [...parts, `pass=${pass}`].join("&");
  return link.href;
}

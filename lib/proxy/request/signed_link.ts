/**
 * Links to a file through the proxy, signed with its token: they are good for these mirrors only, until
 * a time, and do not contain the token.
 *
 * @module
 */

import { fileNameInUrl } from "../../http/name/file_name.ts";
import type { Access } from "../guard/access.ts";
import { parseProxyQuery } from "./query.ts";

/** A link to sign. */
export interface UnsignedLink {
  /** Where clients reach the proxy, like `https://proxy.example/`. */
  readonly base: URL;
  readonly mirrors: readonly string[];
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
  { base, mirrors, name, expiresAtMs }: UnsignedLink,
  access: Access,
): Promise<string> {
  const params = new URLSearchParams(mirrors.map((url) => ["url", url]));
  const query = parseProxyQuery(params, Infinity);
  const pass = await access.signLink(query.mirrors, expiresAtMs);
  const shown = name ?? fileNameInUrl(query.mirrors[0]!);
  const link = new URL(shown === "" ? "proxy" : `proxy/${encodeURIComponent(shown)}`, base);
  const parts = query.mirrors.map((url) => `url=${encodeURIComponent(url)}`);
  link.search = [...parts, `pass=${pass}`].join("&");
  return link.href;
}

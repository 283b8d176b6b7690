/**
 * Credentials in URLs, `user:password@` before the host, and in headers. `fetch` refuses such URLs, so they
 * are taken out and sent as a header. Follows RFC 3986 section 3.2.1 and RFC 7617 (basic authentication).
 *
 * @module
 */

import { toBase64 } from "../../stand_ins.ts";
import { decodePercent } from "../text_encoding.ts";

/** A user name and a password; either may be empty. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Reports whether a URL has a user name or a password. */
export function hasCredentials(url: URL): boolean {
  return url.username !== "" || url.password !== "";
}

/** Removes the credentials from `url`, which it changes; returns them decoded, if there were any. */
export function takeCredentials(url: URL): Credentials | undefined {
  if (!hasCredentials(url)) return undefined;
  const credentials = {
    username: decodePercent(url.username),
    password: decodePercent(url.password),
  };
  url.username = "";
  url.password = "";
  return credentials;
}

/** Puts credentials into `url`, which it changes. */
export function putCredentials(url: URL, { username, password }: Credentials): void {
  // The setters leave a percent sign as it is, and it would be taken for the beginning of an escape.
  url.username = encodeURIComponent(username);
  url.password = encodeURIComponent(password);
}

/** Returns the value of an `Authorization` header: basic, in UTF-8. */
export function basicAuthorization({ username, password }: Credentials): string {
  return `Basic ${toBase64(new TextEncoder().encode(`${username}:${password}`))}`;
}

/** Headers that may identify the user. */
const SECRETS = ["authorization", "cookie"];

/** Reports whether headers may identify the user. */
export function hasSecrets(headers: Headers): boolean {
  return SECRETS.some((name) => headers.has(name));
}

/** Returns headers as they are sent to servers that the user has not named. */
export function withoutSecrets(headers: HeadersInit | undefined): Headers {
  const others = new Headers(headers);
  for (const name of SECRETS) others.delete(name);
  return others;
}

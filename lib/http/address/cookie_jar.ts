/**
 * Cookies of a mirror: some servers set one and redirect to where it is asked for, or ask for it with
 * the next range. They are kept in memory, bounded in number and size, and sent by the rules of RFC 6265
 * sections 5.1 to 5.4, with the prefixes and the guard of `Secure` of its successor.
 *
 * @module
 */

import { parseHttpDateLeniently } from "../http_date.ts";
import { addressIn } from "./host.ts";

/** Maximum number of cookies in a jar; the oldest make room. */
const MAX_COOKIES = 64;
/** Maximum length of a cookie with its attributes: RFC 6265 section 6.1 asks for 4096 at least. */
const MAX_LENGTH = 8192;
/** Maximum length of what is sent: servers refuse heads that are much longer. */
const MAX_HEADER_LENGTH = 16_384;

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly domain: string;
  /** Whether it is sent to that host only, and not to those below it. */
  readonly hostOnly: boolean;
  readonly path: string;
  readonly secure: boolean;
  /** In milliseconds since 1970. */
  readonly expiresAt: number;
}

export class CookieJar {
  #cookies: Cookie[] = [];
  #refusedLength = 0;

  /** Length of the longest cookie that was refused as too long; 0 for none. */
  get refusedLength(): number {
    return this.#refusedLength;
  }

  /**
   * Stores cookies that `url` has set; `setCookies` has the values of the `Set-Cookie` fields, and
   * `nowMs` is the time, in milliseconds since 1970. Ignores what is invalid or not allowed.
   */
  store(setCookies: readonly string[], url: URL, nowMs: number): void {
    for (const text of setCookies.slice(-MAX_COOKIES)) {
      if (text.length > MAX_LENGTH) {
        this.#refusedLength = Math.max(this.#refusedLength, text.length);
        continue;
      }
      const cookie = parseSetCookie(text, url, nowMs);
      if (cookie === undefined) continue;
      this.#cookies = this.#cookies.filter((other) => !isSame(cookie, other));
      if (cookie.expiresAt > nowMs) this.#cookies.push(cookie);
    }
    this.#cookies = this.#cookies.slice(-MAX_COOKIES);
  }

  /**
   * Returns the value of the `Cookie` field of a request to `url`; `undefined` for none. `own` are the
   * caller's cookies, which come first; one that the server has set anew is replaced.
   */
  header(url: URL, nowMs: number, own: string | null = null): string | undefined {
    const sent = this.#cookies
      .filter((cookie) => cookie.expiresAt > nowMs && isFor(cookie, url))
      .toSorted((one, other) => other.path.length - one.path.length);
    const names = new Set(sent.map(({ name }) => name));
    const pairs = (own ?? "").split(";").map((pair) => pair.trim()).filter((pair) =>
      pair !== "" && !names.has(pair.split("=", 1)[0]!.trim())
    );
    let length = 0;
    for (const { name, value } of sent) {
      const pair = `${name}=${value}`;
      length += pair.length + 2;
      if (length > MAX_HEADER_LENGTH) break;
      pairs.push(pair);
    }
    return pairs.length === 0 ? undefined : pairs.join("; ");
  }
}

function isSame(one: Cookie, other: Cookie): boolean {
  return one.name === other.name && one.domain === other.domain && one.path === other.path &&
    one.hostOnly === other.hostOnly;
}

function isFor({ domain, hostOnly, path, secure }: Cookie, url: URL): boolean {
  const host = hostOf(url);
  const reaches = hostOnly ? host === domain : matchesDomain(host, domain);
  return reaches && matchesPath(url.pathname, path) && (!secure || url.protocol === "https:");
}

/** No cookie may have control characters but tabs, which are blanks. */
const ALLOWED = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Parses a `Set-Cookie` field; returns `undefined` for a cookie that is not to be stored. */
function parseSetCookie(text: string, url: URL, nowMs: number): Cookie | undefined {
  if (!ALLOWED.test(text)) return undefined;
  const [pair, ...rest] = text.split(";");
  const equals = pair!.indexOf("=");
  const name = pair!.slice(0, Math.max(0, equals)).trim();
  if (name === "") return undefined;
  const attributes = new Map(rest.map((attribute) => {
    const [key, ...value] = attribute.split("=");
    return [key!.trim().toLowerCase(), value.join("=").trim()] as const;
  }));
  const host = hostOf(url);
  const domain = attributes.get("domain")?.replace(/^\./, "").toLowerCase() || undefined;
  if (domain !== undefined && !(domain === host || isAllowedDomain(domain, host))) {
    return undefined;
  }
  const secure = attributes.has("secure");
  if (secure && url.protocol !== "https:") return undefined;
  const path = attributes.get("path");
  const cookie = {
    name,
    value: pair!.slice(equals + 1).trim(),
    domain: domain ?? host,
    hostOnly: domain === undefined || addressIn(host) !== undefined,
    path: path?.startsWith("/") ? path : defaultPath(url.pathname),
    secure,
    expiresAt: expiry(attributes, nowMs),
  };
  return keepsPrefix(cookie, path) ? cookie : undefined;
}

/** Returns when a cookie expires; one without a date lives as long as the jar. */
function expiry(attributes: ReadonlyMap<string, string>, nowMs: number): number {
  const maxAge = attributes.get("max-age") ?? "";
  // Digits beyond what a number can hold mean forever.
  if (/^-?\d+$/.test(maxAge)) {
    const seconds = Number(maxAge);
    return seconds <= 0 ? -Infinity : nowMs + seconds * 1000;
  }
  return parseHttpDateLeniently(attributes.get("expires") ?? "", nowMs) ?? Infinity;
}

/** Names with these prefixes promise how the cookie was set. */
function keepsPrefix({ name, secure, hostOnly }: Cookie, path: string | undefined): boolean {
  if (/^__secure-/i.test(name)) return secure;
  return !/^__host-/i.test(name) || (secure && hostOnly && path === "/");
}

/** Returns the host as the URL has it, without the dot that may end a name. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/\.$/, "");
}

/** Reports whether `host` is `domain` or lies below it. */
function matchesDomain(host: string, domain: string): boolean {
  return host === domain || (addressIn(host) === undefined && host.endsWith(`.${domain}`));
}

/** Second-level names below which domains are registered, as in `co.uk`. */
const REGISTRIES = /^(?:ac|co|com|edu|go|gob|gov|gv|ltd|mil|ne|net|nom|or|org|plc|sch)$/;

/**
 * Reports whether `host` may set a cookie for the hosts below `domain`. Without the list of public
 * suffixes it is cautious: a domain has two labels, or three below a registry like `co.uk`.
 */
function isAllowedDomain(domain: string, host: string): boolean {
  const labels = domain.split(".");
  if (labels.length < 2 || labels.includes("") || !matchesDomain(host, domain)) return false;
  return labels.length > 2 || labels[1]!.length > 2 || !REGISTRIES.test(labels[0]!);
}

/** Returns the path up to, but not including, its last slash: RFC 6265 section 5.1.4. */
function defaultPath(pathname: string): string {
  return pathname.slice(0, pathname.lastIndexOf("/")) || "/";
}

function matchesPath(pathname: string, path: string): boolean {
  if (!pathname.startsWith(path)) return false;
  return pathname.length === path.length || path.endsWith("/") || pathname[path.length] === "/";
}

/**
 * Hosts as URLs have them: names in lower case and ASCII, and IP addresses in one spelling. Follows the
 * URL standard, section 3.5 (host parsing).
 *
 * @module
 */

import { parseUrl } from "../../stand_ins.ts";

/** Returns a host without the brackets of an IPv6 address. */
export function bareHost(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}

/** Returns a name without the dots that a full name ends with. */
export function withoutLastDots(name: string): string {
  // Without a lookbehind, each dot of many would be looked at from each one before.
  return name.replace(/(?<!\.)\.+$/, "");
}

/** Returns the port of an http or https URL, also where it is the usual one. */
export function portOf({ port, protocol }: URL): number {
  return Number(port || (protocol === "https:" ? 443 : 80));
}

/** Returns a host as URLs have it, an IPv6 address without brackets; `undefined` if it is not one. */
export function hostIn(text: string): string | undefined {
  if (/[/?#@\\\s]/.test(text)) return undefined;
  const host = parseUrl(`http://${text}/`)?.hostname;
  return host === undefined || host === "" ? undefined : bareHost(host);
}

/**
 * Returns an IP address as URLs have it, without brackets; `undefined` if it is not one. What URLs also
 * take for an IPv4 address, like `1` or `0x7f.1`, is more often a mistake.
 */
export function addressIn(text: string): string | undefined {
  if (!text.includes(":")) {
    return /^\d+\.\d+\.\d+\.\d+$/.test(text) && hostIn(text) === text ? text : undefined;
  }
  const host = hostIn(text.startsWith("[") ? text : `[${text}]`);
  return host?.includes(":") ? host : undefined;
}

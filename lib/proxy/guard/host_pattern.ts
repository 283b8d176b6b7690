/**
 * Patterns of hosts: names, all names below one, addresses, networks.
 *
 * @module
 */

import { withoutLastDots } from "../../http/address/host.ts";
import {
  contains,
  type IpAddress,
  type IpNetwork,
  parseIpAddress,
  parseIpNetwork,
} from "./ip_address.ts";

/** Matches hosts by name or by address; where a port is given, on that port only. */
export type HostPattern =
  & { readonly port: string | undefined }
  & ({ readonly name: string; readonly below: boolean } | { readonly network: IpNetwork });

/** The accepted patterns, for error messages. */
export const HOST_PATTERNS = "a host like one.example, *.one.example or one.example:8080, " +
  "or a network like 10.0.0.0/8";

/**
 * Parses `one.example`, `*.one.example`, either with a port, an address, or a network. Returns
 * `undefined` for any other text.
 */
export function parseHostPattern(text: string): HostPattern | undefined {
  const network = parseIpNetwork(text) ?? single(parseIpAddress(text));
  if (network !== undefined) return { network, port: undefined };
  const below = text.startsWith("*.");
  const host = below ? text.slice(2) : text;
  const url = /^[^*/\\?#@\s]+$/.test(host) ? URL.parse(`http://${host}/`) : null;
  const name = url === null ? undefined : withoutLastDots(url.hostname);
  const address = single(parseIpAddress(name ?? ""));
  if (!name || (below && address !== undefined)) return undefined;
  // `URL` drops port 80, the default.
  const [, digits] = /:(\d+)$/.exec(host) ?? [];
  const port = digits === undefined ? undefined : String(Number(digits));
  return address === undefined ? { name, below, port } : { network: address, port };
}

export function matchesName(pattern: HostPattern, host: string): boolean {
  if (!("name" in pattern)) return false;
  const { name, below } = pattern;
  return below ? host.endsWith(`.${name}`) : host === name;
}

export function isNetwork(pattern: HostPattern): boolean {
  return "network" in pattern;
}

export function matchesAddress(pattern: HostPattern, address: IpAddress | undefined): boolean {
  return address !== undefined && "network" in pattern && contains(pattern.network, address);
}

/** Returns the network that contains one address only. */
function single(address: IpAddress | undefined): IpNetwork | undefined {
  return address && { ...address, prefix: address.version === 4 ? 32 : 128 };
}

/**
 * Patterns of hosts that may be used: names, every name below one, addresses, networks.
 *
 * @module
 */

import {
  contains,
  type IpAddress,
  type IpNetwork,
  parseIpAddress,
  parseIpNetwork,
} from "./ip_address.ts";

/** Hosts that may be used, by name or by address; on one port only, where one is given. */
export type HostPattern =
  & { readonly port: string | undefined }
  & ({ readonly name: string; readonly below: boolean } | { readonly network: IpNetwork });

/**
 * Reads `one.example`, `*.one.example`, either with a port, an address, or a network.
 *
 * @throws {TypeError} it is none of these
 */
export function parseHostPattern(text: string): HostPattern {
  const network = parseIpNetwork(text) ?? single(parseIpAddress(text));
  if (network !== undefined) return { network, port: undefined };
  const below = text.startsWith("*.");
  const host = below ? text.slice(2) : text;
  const url = /^[^*/\\?#@\s]+$/.test(host) ? URL.parse(`http://${host}/`) : null;
  const name = url?.hostname.replace(/\.+$/, "");
  const address = single(parseIpAddress(name ?? ""));
  if (!name || (below && address !== undefined)) {
    throw new TypeError(
      `allowHosts has "${text}", but takes hosts like one.example, *.one.example or ` +
        `one.example:8080, and networks like 10.0.0.0/8`,
    );
  }
  // The URL does not keep port 80.
  const [, digits] = /:(\d+)$/.exec(host) ?? [];
  const port = digits === undefined ? undefined : String(Number(digits));
  return address === undefined ? { name, below, port } : { network: address, port };
}

/** Whether a pattern is for a name. */
export function fitsName(pattern: HostPattern, host: string): boolean {
  if (!("name" in pattern)) return false;
  const { name, below } = pattern;
  return below ? host.endsWith(`.${name}`) : host === name;
}

/** Whether a pattern is for addresses. */
export function isNetwork(pattern: HostPattern): boolean {
  return "network" in pattern;
}

/** Whether a pattern is for an address. */
export function fitsAddress(pattern: HostPattern, address: IpAddress | undefined): boolean {
  return address !== undefined && "network" in pattern && contains(pattern.network, address);
}

/** The network of one address alone. */
function single(address: IpAddress | undefined): IpNetwork | undefined {
  return address && { ...address, prefix: address.version === 4 ? 32 : 128 };
}

/**
 * IP addresses and networks as numbers, and what an address is for: public, or one of the special
 * purposes that IANA's registries list (RFC 6890 and its successors). An IPv6 address that carries
 * an IPv4 address is what the one inside is.
 *
 * @module
 */

/** An IP address. */
export interface IpAddress {
  /** The version of the protocol. */
  readonly version: 4 | 6;
  /** Its 32 or 128 bits. */
  readonly bits: bigint;
}

/** The addresses that begin with the same bits. */
export interface IpNetwork extends IpAddress {
  /** How many bits are the same. */
  readonly prefix: number;
}

/** What an address is for. */
export type AddressClass =
  | "public"
  | "unspecified"
  | "loopback"
  | "private"
  | "shared"
  | "link-local"
  | "cloud metadata"
  | "multicast"
  | "broadcast"
  | "documentation"
  | "benchmarking"
  | "reserved";

/** Special purposes of IPv4 addresses; the first network that fits counts. */
const IPV4 = table([
  // Where a cloud's machines get their credentials: most clouds, Azure, Alibaba.
  ["169.254.169.254/32", "cloud metadata"],
  ["168.63.129.16/32", "cloud metadata"],
  ["100.100.100.200/32", "cloud metadata"],
  ["0.0.0.0/32", "unspecified"],
  ["0.0.0.0/8", "reserved"], // RFC 791: this network
  ["10.0.0.0/8", "private"], // RFC 1918
  ["100.64.0.0/10", "shared"], // RFC 6598: behind a provider's NAT
  ["127.0.0.0/8", "loopback"], // RFC 1122
  ["169.254.0.0/16", "link-local"], // RFC 3927
  ["172.16.0.0/12", "private"], // RFC 1918
  ["192.0.0.0/24", "reserved"], // RFC 6890: protocol assignments
  ["192.0.2.0/24", "documentation"], // RFC 5737
  ["192.88.99.0/24", "reserved"], // RFC 7526: once the relays of 6to4
  ["192.168.0.0/16", "private"], // RFC 1918
  ["198.18.0.0/15", "benchmarking"], // RFC 2544
  ["198.51.100.0/24", "documentation"], // RFC 5737
  ["203.0.113.0/24", "documentation"], // RFC 5737
  ["224.0.0.0/4", "multicast"], // RFC 1112
  ["255.255.255.255/32", "broadcast"], // RFC 919
  ["240.0.0.0/4", "reserved"], // RFC 1112
  ["0.0.0.0/0", "public"],
]);

/** Special purposes of IPv6 addresses; the first network that fits counts. */
const IPV6 = table([
  // Amazon's and Google's.
  ["fd00:ec2::254/128", "cloud metadata"],
  ["fd20:ce::254/128", "cloud metadata"],
  ["::/128", "unspecified"], // RFC 4291
  ["::1/128", "loopback"], // RFC 4291
  ["64:ff9b:1::/48", "private"], // RFC 8215: translation within one network
  ["2001:2::/48", "benchmarking"], // RFC 5180
  ["2001::/23", "reserved"], // RFC 2928: protocol assignments, Teredo among them
  ["2001:db8::/32", "documentation"], // RFC 3849
  ["3fff::/20", "documentation"], // RFC 9637
  ["2000::/3", "public"], // RFC 4291: no other unicast address is public
  ["fc00::/7", "private"], // RFC 4193: unique local
  ["fe80::/10", "link-local"], // RFC 4291
  ["fec0::/10", "private"], // RFC 3879: once site-local
  ["ff00::/8", "multicast"], // RFC 4291
  ["::/0", "reserved"],
]);

/** IPv6 networks whose addresses carry an IPv4 address, and how many bits follow on it. */
const CARRIERS = [
  { network: network("::ffff:0:0/96"), follow: 0n }, // RFC 4291: IPv4-mapped
  { network: network("64:ff9b::/96"), follow: 0n }, // RFC 6052: NAT64
  { network: network("2002::/16"), follow: 80n }, // RFC 3056: 6to4
] as const;

/** IPv4-compatible addresses (RFC 4291), given up long ago: never public, whatever they carry. */
const COMPATIBLE = network("::/96");

/**
 * Reads an address: IPv4 as four decimal numbers, IPv6 in any of its forms, also in brackets or
 * with a zone; `undefined` for whatever else.
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  // A leading zero means octal to some readers and nothing to others: it is not taken.
  if (/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(text)) {
    const bytes = text.split(".").map(Number);
    return bytes.some((byte) => byte > 255) ? undefined : { version: 4, bits: join(bytes, 8n) };
  }
  const inside = text.replace(/^\[(.*)\]$/, "$1").replace(/%.*$/, "");
  if (!/^[0-9a-f.]*:[0-9a-f:.]*$/i.test(inside)) return undefined;
  // The platform's parser knows the many spellings, and gives back groups of hexadecimal digits.
  const host = URL.parse(`http://[${inside}]/`)?.hostname.slice(1, -1);
  if (host === undefined) return undefined;
  const [head, tail] = host.split("::").map(groups);
  const gap = tail === undefined ? 0 : 8 - head!.length - tail.length;
  return { version: 6, bits: join([...head!, ...Array(gap).fill(0), ...tail ?? []], 16n) };
}

/** Reads a network like `10.0.0.0/8` or `fd00::/8`; `undefined` for whatever else. */
export function parseIpNetwork(text: string): IpNetwork | undefined {
  const [, start, length] = /^(.+)\/(\d{1,3})$/.exec(text) ?? [];
  const address = parseIpAddress(start ?? "");
  const prefix = Number(length);
  return address && prefix <= width(address) ? { ...address, prefix } : undefined;
}

/** Whether an address lies in a network; IPv6 that carries an IPv4 address lies where that does. */
export function contains(network: IpNetwork, address: IpAddress): boolean {
  if (network.version !== address.version) {
    const inside = carried(address);
    return inside !== undefined && contains(network, inside);
  }
  const rest = BigInt(width(network) - network.prefix);
  return network.bits >> rest === address.bits >> rest;
}

/** Says what an address is for. */
export function classifyAddress(address: IpAddress): AddressClass {
  if (address.version === 4) return lookUp(IPV4, address);
  const inside = carried(address);
  if (inside !== undefined) return lookUp(IPV4, inside);
  const found = lookUp(IPV6, address);
  if (found !== "reserved" || !contains(COMPATIBLE, address)) return found;
  const compatible = lookUp(IPV4, { version: 4, bits: address.bits });
  return compatible === "public" ? "reserved" : compatible;
}

/** Reports whether a text is an address of the machine itself. */
export function isLoopback(text: string): boolean {
  const address = parseIpAddress(text);
  return address !== undefined && classifyAddress(address) === "loopback";
}

/** The IPv4 address that an IPv6 address stands for. */
function carried(address: IpAddress): IpAddress | undefined {
  if (address.version === 4) return undefined;
  const carrier = CARRIERS.find(({ network }) => contains(network, address));
  return carrier && { version: 4, bits: BigInt.asUintN(32, address.bits >> carrier.follow) };
}

type Table = readonly (readonly [network: IpNetwork, purpose: AddressClass])[];

/** Every address is in one of the networks. */
function lookUp(table: Table, address: IpAddress): AddressClass {
  return table.find(([network]) => contains(network, address))![1];
}

function table(rows: readonly (readonly [network: string, purpose: AddressClass])[]): Table {
  return rows.map(([text, purpose]) => [network(text), purpose]);
}

function network(text: string): IpNetwork {
  return parseIpNetwork(text)!;
}

function width({ version }: IpAddress): number {
  return version === 4 ? 32 : 128;
}

function groups(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => parseInt(group, 16));
}

function join(parts: readonly number[], bits: bigint): bigint {
  return parts.reduce((whole, part) => whole << bits | BigInt(part), 0n);
}

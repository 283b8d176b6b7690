/**
 * IP addresses and networks as numbers, and the purpose of an address: public, or one of the special
 * purposes in IANA's registries (RFC 6890 and its successors). An IPv6 address that embeds an IPv4
 * address has the purpose of that one: `BlockList` of `node:net` would miss NAT64 and 6to4, and the
 * subnets of `@std/net` are unstable.
 *
 * @module
 */

export interface IpAddress {
  readonly version: 4 | 6;
  /** The 32 or 128 bits. */
  readonly bits: bigint;
}

/** All addresses that share a prefix. */
export interface IpNetwork extends IpAddress {
  /** The length of the prefix in bits. */
  readonly prefix: number;
}

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

/** Purposes of IPv4 addresses; the first matching network decides. */
const IPV4 = table([
  // Services that hand out credentials: metadata of most clouds, tasks (ECS) and pods (EKS) of Amazon,
  // Tencent, Scaleway, Azure, Alibaba, Oracle.
  ["169.254.169.254/32", "cloud metadata"],
  ["169.254.170.2/32", "cloud metadata"],
  ["169.254.170.23/32", "cloud metadata"],
  ["169.254.0.23/32", "cloud metadata"],
  ["169.254.42.42/32", "cloud metadata"],
  ["168.63.129.16/32", "cloud metadata"],
  ["100.100.100.200/32", "cloud metadata"],
  ["192.0.0.192/32", "cloud metadata"],
  ["0.0.0.0/32", "unspecified"],
  ["0.0.0.0/8", "reserved"], // RFC 791: this network
  ["10.0.0.0/8", "private"], // RFC 1918
  ["100.64.0.0/10", "shared"], // RFC 6598: carrier-grade NAT
  ["127.0.0.0/8", "loopback"], // RFC 1122
  ["169.254.0.0/16", "link-local"], // RFC 3927
  ["172.16.0.0/12", "private"], // RFC 1918
  ["192.0.0.0/24", "reserved"], // RFC 6890: protocol assignments
  ["192.0.2.0/24", "documentation"], // RFC 5737
  ["192.88.99.0/24", "reserved"], // RFC 7526: deprecated 6to4 relays
  ["192.168.0.0/16", "private"], // RFC 1918
  ["198.18.0.0/15", "benchmarking"], // RFC 2544
  ["198.51.100.0/24", "documentation"], // RFC 5737
  ["203.0.113.0/24", "documentation"], // RFC 5737
  ["224.0.0.0/4", "multicast"], // RFC 1112
  ["255.255.255.255/32", "broadcast"], // RFC 919
  ["240.0.0.0/4", "reserved"], // RFC 1112
  ["0.0.0.0/0", "public"],
]);

/** Purposes of IPv6 addresses; the first matching network decides. */
const IPV6 = table([
  // The same of Amazon, Google, Scaleway, Oracle and OpenStack.
  ["fd00:ec2::254/128", "cloud metadata"],
  ["fd00:ec2::23/128", "cloud metadata"],
  ["fd20:ce::254/128", "cloud metadata"],
  ["fd00:42::42/128", "cloud metadata"],
  ["fd00:c1::a9fe:a9fe/128", "cloud metadata"],
  ["fe80::a9fe:a9fe/128", "cloud metadata"],
  ["::/128", "unspecified"], // RFC 4291
  ["::1/128", "loopback"], // RFC 4291
  ["64:ff9b:1::/48", "private"], // RFC 8215: local-use translation
  ["2001:2::/48", "benchmarking"], // RFC 5180
  ["2001::/23", "reserved"], // RFC 2928: protocol assignments, Teredo among them
  ["2001:db8::/32", "documentation"], // RFC 3849
  ["3fff::/20", "documentation"], // RFC 9637
  ["2000::/3", "public"], // RFC 4291: the only public unicast range
  ["fc00::/7", "private"], // RFC 4193: unique local
  ["fe80::/10", "link-local"], // RFC 4291
  ["fec0::/10", "private"], // RFC 3879: deprecated site-local
  ["ff00::/8", "multicast"], // RFC 4291
  ["::/0", "reserved"],
]);

/** IPv6 networks whose addresses embed an IPv4 address, and the number of bits after it. */
const EMBEDDING = [
  { network: network("::ffff:0:0/96"), follow: 0n }, // RFC 4291: IPv4-mapped
  { network: network("64:ff9b::/96"), follow: 0n }, // RFC 6052: NAT64
  { network: network("2002::/16"), follow: 80n }, // RFC 3056: 6to4
] as const;

/** A network for translation within a site (RFC 8215), which decides where the IPv4 address is. */
const LOCAL_TRANSLATION = network("64:ff9b:1::/48");

/** IPv4-compatible addresses (RFC 4291): deprecated, so never public. */
const COMPATIBLE = network("::/96");

/**
 * Parses an address: IPv4 as four decimal numbers, IPv6 in any of its forms, also in brackets or
 * with a zone. Returns `undefined` for any other text.
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  // Leading zeros are refused: some parsers read them as octal, others as decimal.
  if (/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(text)) {
    const bytes = text.split(".").map(Number);
    return bytes.some((byte) => byte > 255) ? undefined : { version: 4, bits: join(bytes, 8n) };
  }
  const inside = text.replace(/^\[(.*)\]$/, "$1").replace(/%.*$/, "");
  if (!/^[0-9a-f.]*:[0-9a-f:.]*$/i.test(inside)) return undefined;
  // The URL parser knows all spellings and returns groups of hexadecimal digits.
  const host = URL.parse(`http://[${inside}]/`)?.hostname.slice(1, -1);
  if (host === undefined) return undefined;
  const [head, tail] = host.split("::").map(groups);
  const gap = tail === undefined ? 0 : 8 - head!.length - tail.length;
  return { version: 6, bits: join([...head!, ...Array(gap).fill(0), ...tail ?? []], 16n) };
}

/** Parses a network like `10.0.0.0/8` or `fd00::/8`. Returns `undefined` for any other text. */
export function parseIpNetwork(text: string): IpNetwork | undefined {
  const [, start, length] = /^(.+)\/(\d{1,3})$/.exec(text) ?? [];
  const address = parseIpAddress(start ?? "");
  const prefix = Number(length);
  return address && prefix <= width(address) ? { ...address, prefix } : undefined;
}

/** Reports whether a network contains an address, or the IPv4 address embedded in it. */
export function contains(network: IpNetwork, address: IpAddress): boolean {
  if (network.version !== address.version) {
    const inside = embedded(address);
    return inside !== undefined && contains(network, inside);
  }
  const rest = BigInt(width(network) - network.prefix);
  return network.bits >> rest === address.bits >> rest;
}

export function classifyAddress(address: IpAddress): AddressClass {
  if (address.version === 4) return lookUp(IPV4, address);
  const inside = embedded(address);
  if (inside !== undefined) return lookUp(IPV4, inside);
  if (mayEmbedMetadata(address)) return "cloud metadata";
  const found = lookUp(IPV6, address);
  if (found !== "reserved" || !contains(COMPATIBLE, address)) return found;
  const compatible = lookUp(IPV4, { version: 4, bits: address.bits });
  return compatible === "public" ? "reserved" : compatible;
}

/** Reports whether a text is a loopback address. */
export function isLoopback(text: string): boolean {
  const address = parseIpAddress(text);
  return address !== undefined && classifyAddress(address) === "loopback";
}

/** Returns the IPv4 address embedded in an IPv6 address. */
function embedded(address: IpAddress): IpAddress | undefined {
  if (address.version === 4) return undefined;
  const form = EMBEDDING.find(({ network }) => contains(network, address));
  return form && { version: 4, bits: BigInt.asUintN(32, address.bits >> form.follow) };
}

/** Reports whether an address of a site's own translation may lead to a metadata service. */
function mayEmbedMetadata(address: IpAddress): boolean {
  if (!contains(LOCAL_TRANSLATION, address)) return false;
  // Bits 64 to 71 are zero, and no part of the IPv4 address, unless the prefix has 96 bits.
  const joined = address.bits >> 64n << 56n | BigInt.asUintN(56, address.bits);
  return [address.bits, joined >> 40n, joined >> 32n, joined >> 24n].some((bits) =>
    lookUp(IPV4, { version: 4, bits: BigInt.asUintN(32, bits) }) === "cloud metadata"
  );
}

type Table = readonly (readonly [network: IpNetwork, purpose: AddressClass])[];

/** Looks up an address; the last network of each table contains all addresses. */
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

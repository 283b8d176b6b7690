import { assert, assertEquals } from "@std/assert";
import {
  classifyAddress,
  contains,
  parseIpAddress,
  parseIpNetwork,
} from "../../../lib/proxy/guard/ip_address.ts";
import { mulberry32 } from "../../support/random.ts";

/** Parses an address that must be valid. */
function address(text: string) {
  const parsed = parseIpAddress(text);
  assert(parsed !== undefined, text);
  return parsed!;
}

Deno.test("parseIpAddress() parses every form of an address", () => {
  const table = [
    ["0.0.0.0", 4, 0n],
    ["1.2.3.4", 4, 0x01020304n],
    ["255.255.255.255", 4, 0xffffffffn],
    ["::", 6, 0n],
    ["::1", 6, 1n],
    ["1::", 6, 1n << 112n],
    ["1:2:3:4:5:6:7:8", 6, 0x0001_0002_0003_0004_0005_0006_0007_0008n],
    ["1:2:3:4:5:6:7::", 6, 0x0001_0002_0003_0004_0005_0006_0007_0000n],
    ["::2:3:4:5:6:7:8", 6, 0x0002_0003_0004_0005_0006_0007_0008n],
    ["FE80::ABCD", 6, 0xfe80n << 112n | 0xabcdn],
    ["fe80::1%eth0", 6, 0xfe80n << 112n | 1n],
    ["[::1]", 6, 1n],
    ["::ffff:1.2.3.4", 6, 0xffff_0102_0304n],
    ["::1.2.3.4", 6, 0x01020304n],
    ["0000:0000:0000:0000:0000:0000:0000:0001", 6, 1n],
  ] as const;
  for (const [text, version, bits] of table) assertEquals(address(text), { version, bits }, text);
});

Deno.test("parseIpAddress() rejects any other text", () => {
  const table = [
    "",
    "1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "1.2.3.1000",
    "01.2.3.4",
    "1.2.3.4 ",
    "-1.2.3.4",
    "0x1.2.3.4",
    "2130706433",
    "one.example",
    "a.b.c.d",
    ":",
    ":::",
    "1:2",
    "1:2:3:4:5:6:7:8:9",
    "1::2::3",
    "12345::",
    "g::",
    "::1.2.3",
    "::1.2.3.256",
    "[::1",
    "::1]",
    "[1.2.3.4]",
    "::1/128",
    "::1@x",
  ];
  for (const text of table) assertEquals(parseIpAddress(text), undefined, `"${text}"`);
});

Deno.test("parseIpAddress() parses any IPv6 address as the platform spells it", () => {
  const random = mulberry32(1);
  for (let round = 0; round < 1000; round++) {
    // Many zeros, so that every position is shortened.
    const groups = Array.from({ length: 8 }, () => random() < 0.6 ? 0 : random() * 0x10000 | 0);
    const bits = groups.reduce((whole, group) => whole << 16n | BigInt(group), 0n);
    const text = groups.map((group) => group.toString(16)).join(":");
    assertEquals(address(new URL(`http://[${text}]/`).hostname), { version: 6, bits }, text);
  }
});

Deno.test("classifyAddress() returns the purpose of an address", () => {
  const table = [
    ["1.1.1.1", "public"],
    ["8.8.8.8", "public"],
    ["9.255.255.255", "public"],
    ["11.0.0.0", "public"],
    ["100.63.255.255", "public"],
    ["100.128.0.0", "public"],
    ["126.255.255.255", "public"],
    ["128.0.0.0", "public"],
    ["169.253.255.255", "public"],
    ["169.255.0.0", "public"],
    ["172.15.255.255", "public"],
    ["172.32.0.0", "public"],
    ["192.0.1.0", "public"],
    ["192.167.255.255", "public"],
    ["192.169.0.0", "public"],
    ["198.17.255.255", "public"],
    ["198.20.0.0", "public"],
    ["223.255.255.255", "public"],
    ["0.0.0.0", "unspecified"],
    ["0.0.0.1", "reserved"],
    ["0.255.255.255", "reserved"],
    ["10.0.0.0", "private"],
    ["10.255.255.255", "private"],
    ["100.64.0.0", "shared"],
    ["100.127.255.255", "shared"],
    ["100.100.100.200", "cloud metadata"],
    ["127.0.0.1", "loopback"],
    ["127.255.255.255", "loopback"],
    ["168.63.129.16", "cloud metadata"],
    ["169.254.0.0", "link-local"],
    ["169.254.169.253", "link-local"],
    ["169.254.169.254", "cloud metadata"],
    ["169.254.170.2", "cloud metadata"],
    ["169.254.170.23", "cloud metadata"],
    ["169.254.0.23", "cloud metadata"],
    ["169.254.42.42", "cloud metadata"],
    ["192.0.0.192", "cloud metadata"],
    ["169.254.170.3", "link-local"],
    ["169.254.255.255", "link-local"],
    ["172.16.0.0", "private"],
    ["172.31.255.255", "private"],
    ["192.0.0.1", "reserved"],
    ["192.0.2.1", "documentation"],
    ["192.88.99.1", "reserved"],
    ["192.168.0.0", "private"],
    ["192.168.255.255", "private"],
    ["198.18.0.0", "benchmarking"],
    ["198.19.255.255", "benchmarking"],
    ["198.51.100.1", "documentation"],
    ["203.0.113.255", "documentation"],
    ["224.0.0.1", "multicast"],
    ["239.255.255.255", "multicast"],
    ["240.0.0.0", "reserved"],
    ["255.255.255.254", "reserved"],
    ["255.255.255.255", "broadcast"],
    ["2606:4700:4700::1111", "public"],
    ["2a00:1450:4001:80e::200e", "public"],
    ["2001:200::1", "public"],
    ["3ffe::1", "public"],
    ["::", "unspecified"],
    ["::1", "loopback"],
    ["::2", "reserved"],
    ["100::1", "reserved"],
    ["2001::1", "reserved"],
    ["2001:1ff::1", "reserved"],
    ["2001:2::1", "benchmarking"],
    ["2001:db8::1", "documentation"],
    ["3fff::1", "documentation"],
    ["3fff:fff:ffff::", "documentation"],
    ["4000::1", "reserved"],
    ["5f00::1", "reserved"],
    ["fc00::1", "private"],
    ["fdff:ffff::1", "private"],
    ["fd00:ec2::254", "cloud metadata"],
    ["fd00:ec2::253", "private"],
    ["fd20:ce::254", "cloud metadata"],
    ["fd00:ec2::23", "cloud metadata"],
    ["fd00:42::42", "cloud metadata"],
    ["fd00:c1::a9fe:a9fe", "cloud metadata"],
    ["fe80::a9fe:a9fe", "cloud metadata"],
    ["fe80::a9fe:a9fe%eth0", "cloud metadata"],
    ["fe80::1", "link-local"],
    ["febf::1", "link-local"],
    ["fec0::1", "private"],
    ["ff02::1", "multicast"],
    // Embedded IPv4: mapped, compatible, translated, NAT64, 6to4.
    ["::ffff:8.8.8.8", "public"],
    ["::ffff:127.0.0.1", "loopback"],
    ["::ffff:7f00:1", "loopback"],
    ["::ffff:169.254.169.254", "cloud metadata"],
    ["::ffff:10.0.0.1", "private"],
    ["::127.0.0.1", "loopback"],
    ["::10.0.0.1", "private"],
    ["::8.8.8.8", "reserved"],
    ["::ffff:0:127.0.0.1", "reserved"],
    ["::ffff:0:8.8.8.8", "reserved"],
    ["64:ff9b::8.8.8.8", "public"],
    ["64:ff9b::127.0.0.1", "loopback"],
    ["64:ff9b::a9fe:a9fe", "cloud metadata"],
    ["64:ff9b:1::8.8.8.8", "private"],
    // Local translation, by every length of its prefix.
    ["64:ff9b:1::169.254.169.254", "cloud metadata"],
    ["64:ff9b:1:2:3:4:169.254.170.2", "cloud metadata"],
    ["64:ff9b:1:a9fe:a9:fe00::", "cloud metadata"],
    ["64:ff9b:1:77a9:fe:a9fe::", "cloud metadata"],
    ["64:ff9b:1:7777:a9:fea9:fe00:0", "cloud metadata"],
    ["64:ff9b:1:a9fe:a9:fd00::", "private"],
    ["2002:808:808::1", "public"],
    ["2002:7f00:1::", "loopback"],
    ["2002:a9fe:a9fe:1:2:3:4:5", "cloud metadata"],
    ["2002:c0a8:101::1", "private"],
  ] as const;
  for (const [text, purpose] of table) {
    assertEquals(classifyAddress(address(text)), purpose, text);
  }
});

Deno.test("parseIpNetwork() parses an address and a prefix length only", () => {
  assertEquals(parseIpNetwork("10.0.0.0/8"), { version: 4, bits: 10n << 24n, prefix: 8 });
  assertEquals(parseIpNetwork("::/0"), { version: 6, bits: 0n, prefix: 0 });
  assertEquals(parseIpNetwork("::1/128"), { version: 6, bits: 1n, prefix: 128 });
  for (const text of ["10.0.0.0", "10.0.0.0/33", "10/8", "::1/129", "/8", "10.0.0.0/", "a/8"]) {
    assertEquals(parseIpNetwork(text), undefined, text);
  }
});

Deno.test("contains() compares prefixes, also of an embedded IPv4 address", () => {
  const table = [
    ["10.0.0.0/8", "10.255.0.1", true],
    ["10.0.0.0/8", "11.0.0.0", false],
    ["10.1.2.3/8", "10.9.9.9", true],
    ["10.1.2.3/32", "10.1.2.3", true],
    ["10.1.2.3/32", "10.1.2.2", false],
    ["0.0.0.0/0", "8.8.8.8", true],
    ["0.0.0.0/0", "2606:4700::1", false],
    ["10.0.0.0/8", "::ffff:10.1.1.1", true],
    ["10.0.0.0/8", "64:ff9b::10.1.1.1", true],
    ["10.0.0.0/8", "2002:a01:101::", true],
    ["10.0.0.0/8", "::ffff:11.1.1.1", false],
    ["::/0", "8.8.8.8", false],
    ["::/0", "fd00::1", true],
    ["fd00::/8", "fdab::1", true],
    ["fd00::/8", "fcab::1", false],
    ["::ffff:0:0/96", "::ffff:1.2.3.4", true],
  ] as const;
  for (const [network, text, expected] of table) {
    const parsed = parseIpNetwork(network)!;
    assertEquals(contains(parsed, address(text)), expected, `${text} in ${network}`);
  }
});

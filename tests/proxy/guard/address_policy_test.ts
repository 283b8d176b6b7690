import { assert, assertEquals } from "@std/assert";
import { policyOf, refusal } from "../../support/proxy/named_hosts.ts";

/** Hosts that are not public, in all spellings. */
const CLOSED = [
  // Loopback in every spelling that URLs accept.
  "127.0.0.1",
  "127.0.0.1.",
  "127.0.0.1..",
  "127.1",
  "127.0.1",
  "127.255.255.254",
  "2130706433",
  "017700000001",
  "0177.0.0.1",
  "0177.0.0.01",
  "0x7f.1",
  "0x7f.0.0.1",
  "0x7F.0x0.0x0.0x1",
  "0x7f000001",
  "0X7F000001",
  "127.0x0.0.01",
  "%31%32%37.0.0.1",
  "127%2e0%2e0%2e1",
  "１２７.0.0.1",
  "127。0。0。1",
  "①②⑦.⓪.⓪.①",
  "[::1]",
  "[0:0:0:0:0:0:0:1]",
  "[0000::0001]",
  "[::ffff:127.0.0.1]",
  "[::FFFF:7F00:1]",
  "[::ffff:7f00:0001]",
  "[0:0:0:0:0:ffff:127.0.0.1]",
  "[::127.0.0.1]",
  "[::7f00:1]",
  "[64:ff9b::127.0.0.1]",
  "[64:ff9b::7f00:1]",
  "[64:ff9b:1::127.0.0.1]",
  "[2002:7f00:1::]",
  "[2002:7f00:0001:1::1]",
  "[::ffff:0:127.0.0.1]",
  // Unspecified: this machine, on Linux.
  "0",
  "0.0.0.0",
  "0x0",
  "00",
  "0.0",
  "[::]",
  "[::ffff:0.0.0.0]",
  // Private and unique local.
  "10.0.0.1",
  "10.1",
  "167772161",
  "012.0.0.1",
  "0xa.0.0.1",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.0.1",
  "192.168.257",
  "3232235521",
  "0300.0250.0.1",
  "0xc0a80001",
  "[::ffff:192.168.0.1]",
  "[::ffff:c0a8:1]",
  "[fc00::1]",
  "[fdff::1]",
  "[fec0::1]",
  // Link-local and cloud metadata.
  "169.254.0.1",
  "169.254.169.254",
  "2852039166",
  "0xa9fea9fe",
  "0251.0376.0251.0376",
  "169.254.43518",
  "[::ffff:169.254.169.254]",
  "[::ffff:a9fe:a9fe]",
  "[64:ff9b::a9fe:a9fe]",
  "[2002:a9fe:a9fe::]",
  "[fd00:ec2::254]",
  "[fd20:ce::254]",
  "[fe80::1]",
  "[febf::1]",
  "168.63.129.16",
  "100.100.100.200",
  // Everything else that is not public.
  "0.1.2.3",
  "100.64.0.1",
  "100.127.255.255",
  "192.0.0.8",
  "192.0.2.1",
  "192.88.99.1",
  "198.18.0.1",
  "198.19.255.255",
  "198.51.100.1",
  "203.0.113.1",
  "224.0.0.1",
  "239.255.255.250",
  "240.0.0.1",
  "255.255.255.255",
  "4294967295",
  "[100::1]",
  "[2001::1]",
  "[2001:2::1]",
  "[2001:db8::1]",
  "[3fff::1]",
  "[5f00::1]",
  "[ff02::1]",
  "[ff05::2]",
  // Names of the local machine or network.
  "localhost",
  "LOCALHOST",
  "localhost.",
  "localhost..",
  "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
  "loc%61lhost",
  "a.localhost",
  "a.b.LocalHost",
  "a.localhost.",
  "nas",
  "nas.",
  "intranet",
  "metadata",
];

Deno.test("AddressPolicy.check() refuses addresses that are not public in every spelling", async () => {
  assert(CLOSED.length > 80);
  const { policy, asked } = policyOf();
  for (const host of CLOSED) {
    for (const url of [`http://${host}/file`, `https://${host}:8443/file`]) {
      const words = await refusal(policy, url);
      assert(words !== undefined, url);
      assert(
        /^\S+ is (?:[^;]+; the proxy's operator can allow it: |.* which is never allowed$)/
          .test(words!),
        words,
      );
    }
  }
  assertEquals(asked, [], "what is refused as it stands is not looked up");
});

Deno.test("AddressPolicy.check() allows public addresses and names", async () => {
  const { policy } = policyOf();
  const table = [
    "http://1.1.1.1/",
    "http://1.1.1.1./",
    "http://16843009/",
    "https://8.8.8.8:8443/",
    "http://172.32.0.1/",
    "http://[2606:4700:4700::1111]/",
    "http://[::ffff:8.8.8.8]/",
    "http://[64:ff9b::808:808]/",
    "http://one.example/",
    "http://ONE.example./",
    "https://below.one.example:8443/",
    "http://nat64.example/",
  ];
  for (const url of table) assertEquals(await refusal(policy, url), undefined, url);
});

Deno.test("AddressPolicy.check() refuses a name if any of its addresses is not public", async () => {
  const { policy } = policyOf();
  const table = [
    ["nas.example", "a private address"],
    ["mixed.example", "a private address"],
    ["mixed6.example", "a private address"],
    ["zone.example", "a link-local address"],
    ["metadata.example", "the address of a cloud metadata service"],
    ["strange.example", "a reserved address"],
  ];
  for (const [host, what] of table) {
    const words = await refusal(policy, `http://${host}/`);
    assert(words?.startsWith(`${host} resolves to ${what}`), words);
  }
});

Deno.test("AddressPolicy.check(): a refusal names the host and the options, but no address", async () => {
  const { policy } = policyOf();
  assertEquals(
    await refusal(policy, "http://user:secret@nas.example:81/file?key=secret"),
    "nas.example resolves to a private address; " +
      "the proxy's operator can allow it: --allow-private or --allow-host of the command, " +
      "allowPrivate or allowHosts of createHandler()",
  );
  assertEquals(
    await refusal(policy, "http://169.254.169.254/latest"),
    "169.254.169.254 is the address of a cloud metadata service, which is never allowed",
  );
});

Deno.test("AddressPolicy.check() refuses other schemes", async () => {
  const { policy } = policyOf({ allowPrivate: true });
  for (const url of ["ftp://one.example/", "file:///etc/passwd", "data:,x", "ws://one.example/"]) {
    assert((await refusal(policy, url))?.startsWith(new URL(url).protocol), url);
  }
});

Deno.test("AddressPolicy.check(): allowPrivate allows everything but cloud metadata", async () => {
  const { policy } = policyOf({ allowPrivate: true });
  const open = ["127.0.0.1", "[::1]", "10.0.0.1", "nas.example", "localhost", "198.18.0.1", "0"];
  for (const host of open) {
    assertEquals(await refusal(policy, `http://${host}/`), undefined, host);
  }
  const closed = ["169.254.169.254", "[::ffff:a9fe:a9fe]", "[fd00:ec2::254]", "metadata.example"];
  closed.push("169.254.170.2", "169.254.170.23", "169.254.0.23", "169.254.42.42");
  closed.push("[fd00:ec2::23]", "[fe80::a9fe:a9fe]", "both.example");
  for (const host of closed) assert(await refusal(policy, `http://${host}/`), host);
});

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { AddressPolicy, type AddressPolicyOptions } from "../../lib/proxy/address_policy.ts";
import { Problem } from "../../lib/proxy/problem.ts";

/** Names of the tests, and their addresses. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  "one.example": ["1.1.1.1", "2606:4700:4700::1111"],
  "below.one.example": ["1.1.1.2"],
  "nas.example": ["192.168.1.2"],
  "mixed.example": ["1.1.1.1", "10.0.0.1"],
  "mixed6.example": ["1.1.1.1", "fd00::1"],
  "zone.example": ["fe80::1%eth0"],
  "strange.example": ["one.example"],
  "metadata.example": ["169.254.169.254"],
  "nat64.example": ["64:ff9b::101:101"],
  "none.example": [],
  "localhost": ["127.0.0.1", "::1"],
};

/** A policy that knows the names above, and which names it looked up. */
function policyOf(options: AddressPolicyOptions = {}) {
  const asked: string[] = [];
  const resolve = (name: string) => {
    asked.push(name);
    const addresses = NAMES[name];
    return addresses ? Promise.resolve(addresses) : Promise.reject(new Error(`ENOTFOUND ${name}`));
  };
  return { policy: new AddressPolicy({ resolve, ...options }), asked };
}

/** The words with which a URL is refused; `undefined` when it is not. */
async function refusal(policy: AddressPolicy, url: string): Promise<string | undefined> {
  try {
    await policy.check(new URL(url));
    return undefined;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    assertEquals(error.status, 403);
    return error.detail;
  }
}

/** Hosts that stand for an address which is not public, however they are spelled. */
const CLOSED = [
  // Loopback in every spelling that URLs take.
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
  // Names that mean this machine, or one beside it.
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

Deno.test("AddressPolicy.check() refuses what is not public, however it is spelled", async () => {
  assert(CLOSED.length > 80);
  const { policy, asked } = policyOf();
  for (const host of CLOSED) {
    for (const url of [`http://${host}/file`, `https://${host}:8443/file`]) {
      const words = await refusal(policy, url);
      assert(words !== undefined, url);
      assert(/^\S+ is [^;]+; the proxy's operator can allow it with /.test(words!), words);
    }
  }
  assertEquals(asked, [], "what is refused as it stands is not looked up");
});

Deno.test("AddressPolicy.check() lets public addresses and names through", async () => {
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

Deno.test("AddressPolicy.check() refuses a name when any address of it is not public", async () => {
  const { policy } = policyOf();
  const table = [
    ["nas.example", "a private address"],
    ["mixed.example", "a private address"],
    ["mixed6.example", "a private address"],
    ["zone.example", "a link-local address"],
    ["metadata.example", "the address of a cloud's metadata service"],
    ["strange.example", "a reserved address"],
  ];
  for (const [host, what] of table) {
    const words = await refusal(policy, `http://${host}/`);
    assert(words?.startsWith(`${host} leads to ${what};`), words);
  }
});

Deno.test("AddressPolicy.check(): a refusal names the host and the way, but no address", async () => {
  const { policy } = policyOf();
  assertEquals(
    await refusal(policy, "http://user:secret@nas.example:81/file?key=secret"),
    "nas.example leads to a private address; " +
      "the proxy's operator can allow it with --allow-private or --allow-host",
  );
  assertEquals(
    await refusal(policy, "http://169.254.169.254/latest"),
    "169.254.169.254 is the address of a cloud's metadata service; " +
      "the proxy's operator can allow it with --allow-host",
  );
});

Deno.test("AddressPolicy.check() refuses other schemes", async () => {
  const { policy } = policyOf({ allowPrivate: true });
  for (const url of ["ftp://one.example/", "file:///etc/passwd", "data:,x", "ws://one.example/"]) {
    assert((await refusal(policy, url))?.startsWith(new URL(url).protocol), url);
  }
});

Deno.test("AddressPolicy.check(): allowPrivate opens everything but cloud metadata", async () => {
  const { policy } = policyOf({ allowPrivate: true });
  const open = ["127.0.0.1", "[::1]", "10.0.0.1", "nas.example", "localhost", "198.18.0.1", "0"];
  for (const host of open) {
    assertEquals(await refusal(policy, `http://${host}/`), undefined, host);
  }
  const closed = ["169.254.169.254", "[::ffff:a9fe:a9fe]", "[fd00:ec2::254]", "metadata.example"];
  for (const host of closed) assert(await refusal(policy, `http://${host}/`), host);
});

Deno.test("AddressPolicy.check(): allowHosts alone says which hosts may be used", async () => {
  // patterns, URLs that fit, URLs that do not
  const table = [
    [["one.example"], ["http://one.example/", "https://ONE.example.:8443/"], [
      "http://below.one.example/",
      "http://1.1.1.1/",
      "http://notone.example/",
    ]],
    [["ONE.example."], ["http://one.example/"], ["http://two.example/"]],
    [["*.one.example"], ["http://below.one.example/", "http://a.b.one.example/"], [
      "http://one.example/",
      "http://notone.example/",
      "http://one.example.evil.example/",
    ]],
    [["one.example:8080"], ["http://one.example:8080/", "https://one.example:8080/"], [
      "http://one.example/",
      "http://one.example:8081/",
    ]],
    [["one.example:80"], ["http://one.example/", "http://one.example:80/"], [
      "https://one.example/",
    ]],
    [["*.one.example:443"], ["https://below.one.example/"], ["http://below.one.example/"]],
    [["10.0.0.0/8"], ["http://10.1.2.3/", "http://[::ffff:10.1.2.3]/", "http://167772161/"], [
      "http://11.0.0.1/",
      "http://one.example/",
      "http://mixed.example/",
      "http://[fd00::1]/",
    ]],
    [["192.168.0.0/16", "fd00::/8"], ["http://nas.example/", "http://[fdab::1]/"], [
      "http://mixed6.example/",
    ]],
    [["1.1.1.0/24", "10.0.0.0/8"], ["http://mixed.example/"], ["http://one.example/"]],
    [["127.0.0.1"], ["http://127.0.0.1/", "http://2130706433:99/"], ["http://127.0.0.2/"]],
    [["127.0.0.1:8080"], ["http://127.0.0.1:8080/"], ["http://127.0.0.1/"]],
    [["::1"], ["http://[::1]/"], ["http://[::2]/", "http://127.0.0.1/"]],
    [["[::1]:8080"], ["http://[::1]:8080/"], ["http://[::1]/"]],
    [["localhost"], ["http://localhost/", "http://localhost:81/"], ["http://127.0.0.1/"]],
    [["127.0.0.0/8", "::1"], ["http://localhost/"], ["http://nas.example/"]],
    [["169.254.169.254"], ["http://169.254.169.254/", "http://metadata.example/"], []],
    [["bücher.example"], ["http://b%C3%BCcher.example/", "http://xn--bcher-kva.example/"], []],
    [[], [], ["http://one.example/", "http://1.1.1.1/"]],
  ] as const;
  for (const [allowHosts, open, closed] of table) {
    const { policy } = policyOf({ allowHosts, allowPrivate: true });
    for (const url of open) {
      assertEquals(await refusal(policy, url), undefined, `${allowHosts}: ${url}`);
    }
    for (const url of closed) {
      const words = await refusal(policy, url).catch((error) => error.message);
      assert(/is none of the hosts|cannot be resolved/.test(words), `${allowHosts}: ${url}`);
    }
  }
});

Deno.test("AddressPolicy.check(): a name that is allowed is not looked up", async () => {
  const { policy, asked } = policyOf({ allowHosts: ["nas.example", "10.0.0.0/8"] });
  await policy.check(new URL("http://nas.example/"));
  assertEquals(asked, []);
});

Deno.test("AddressPolicy refuses patterns that it cannot read", () => {
  const table = [
    "",
    "*",
    "*.",
    "a.*.example",
    "*.10.0.0.1",
    "http://one.example",
    "one.example/file",
    "user@one.example",
    "one.example:99999",
    "one example",
    "10.0.0.0/33",
    "[::1",
  ];
  for (const pattern of table) {
    const error = assertThrows(
      () => new AddressPolicy({ allowHosts: ["one.example", pattern] }),
      TypeError,
      `allowHosts has "${pattern}"`,
      pattern,
    );
    assert(error instanceof TypeError);
  }
});

Deno.test("AddressPolicy.check(): a name that cannot be resolved is no refusal", async () => {
  const { policy } = policyOf();
  for (const host of ["gone.example", "none.example"]) {
    const error = await assertRejects(
      () => policy.check(new URL(`http://${host}/`)),
      Error,
      `${host} cannot be resolved: `,
    );
    assert(!(error instanceof Problem));
    assert((error as Error).cause instanceof Error);
  }
});

Deno.test("AddressPolicy.check() remembers the addresses of a name for half a minute", async () => {
  let now = 0;
  const { policy, asked } = policyOf({ now: () => now });
  const check = () => policy.check(new URL("http://one.example/"));
  await Promise.all([check(), check()]);
  now = 29_999;
  await check();
  assertEquals(asked.length, 1);
  now = 30_000;
  await check();
  assertEquals(asked.length, 2);
});

Deno.test("AddressPolicy.check() remembers a failure for five seconds only", async () => {
  let now = 0;
  const { policy, asked } = policyOf({ now: () => now });
  const check = () => policy.check(new URL("http://gone.example/"));
  await assertRejects(check);
  now = 4999;
  await assertRejects(check);
  assertEquals(asked.length, 1);
  now = 5000;
  await assertRejects(check);
  assertEquals(asked.length, 2);
});

Deno.test("AddressPolicy.check() remembers the last thousand names", async () => {
  let lookups = 0;
  const resolve = () => (lookups++, Promise.resolve(["1.1.1.1"]));
  const policy = new AddressPolicy({ resolve, now: () => 0 });
  const check = (name: number) => policy.check(new URL(`http://n${name}.example/`));
  for (let name = 0; name <= 1000; name++) await check(name);
  assertEquals(lookups, 1001);
  for (let name = 1; name <= 1000; name++) await check(name);
  assertEquals(lookups, 1001);
  await check(0);
  assertEquals(lookups, 1002);
});

Deno.test("AddressPolicy.check() gives up when the signal aborts", async () => {
  const answer = Promise.withResolvers<string[]>();
  const policy = new AddressPolicy({ resolve: () => answer.promise });
  const url = new URL("http://one.example/");
  const before = new Error("before");
  assertEquals(await policy.check(url, AbortSignal.abort(before)).catch((error) => error), before);
  const controller = new AbortController();
  const during = policy.check(url, controller.signal);
  const other = policy.check(url, new AbortController().signal);
  controller.abort(new Error("during"));
  await assertRejects(() => during, Error, "during");
  answer.resolve(["1.1.1.1"]);
  await other;
});

Deno.test("AddressPolicy.check() looks names up where fetch does", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(),
  );
  const url = new URL(`http://localhost:${server.addr.port}/`);
  const policy = new AddressPolicy({ allowHosts: ["127.0.0.0/8", "::1"] });
  await policy.check(url);
  await (await fetch(url)).body?.cancel();
  const error = await assertRejects(
    () => new AddressPolicy().check(new URL("http://gone.invalid/")),
    Error,
    "gone.invalid cannot be resolved",
  );
  assert(!(error instanceof Problem));
});

import { assertEquals, assertThrows } from "@std/assert";
import { type ConnectOptions, ConnectRules } from "../../../lib/http/address/connect_rules.ts";

type Row = readonly [
  options: ConnectOptions,
  from: string,
  to: string,
  addresses?: readonly string[] | undefined,
];

const RESOLVE = { "one.example:443": "127.0.0.1", "*:80": ["::1", "127.0.0.2"] };

const TABLE: readonly Row[] = [
  [{}, "one.example:443", "one.example:443"],
  [{ resolve: RESOLVE }, "one.example:443", "one.example:443", ["127.0.0.1"]],
  [{ resolve: RESOLVE }, "one.example:444", "one.example:444"],
  [{ resolve: RESOLVE }, "two.example:443", "two.example:443"],
  // Another host of that port, but an own entry goes before.
  [{ resolve: RESOLVE }, "two.example:80", "two.example:80", ["::1", "127.0.0.2"]],
  [
    { resolve: { "*:443": "::1", ...RESOLVE } },
    "one.example:443",
    "one.example:443",
    ["127.0.0.1"],
  ],
  // Names as URLs have them, addresses in brackets or without.
  [{ resolve: { "ONE.example:1": "[::1]" } }, "one.example:1", "one.example:1", ["::1"]],
  [
    { resolve: { "bücher.example:1": "::1" } },
    "xn--bcher-kva.example:1",
    "xn--bcher-kva.example:1",
    [
      "::1",
    ],
  ],
  [{ resolve: { "[::1]:80": "127.0.0.1" } }, "[::1]:80", "::1:80", ["127.0.0.1"]],
  [{ connectTo: { "one.example:443": "two.example:8443" } }, "one.example:443", "two.example:8443"],
  [{ connectTo: { "one.example:443": "two.example:8443" } }, "one.example:80", "one.example:80"],
  [{ connectTo: { "one.example:": ":8443" } }, "one.example:80", "one.example:8443"],
  [{ connectTo: { ":443": "[::1]:" } }, "one.example:443", "::1:443"],
  [{ connectTo: { ":": "127.0.0.1:1" } }, "any.example:9", "127.0.0.1:1"],
  // The first that fits; and then `resolve`.
  [{ connectTo: { "one.example:": ":1", ":": ":2" } }, "one.example:80", "one.example:1"],
  [
    { connectTo: { ":80": "one.example:443" }, resolve: RESOLVE },
    "two.example:80",
    "one.example:443",
    ["127.0.0.1"],
  ],
];

Deno.test("ConnectRules.target() says where a connection leads", () => {
  for (const [options, from, to, addresses] of TABLE) {
    const [, host, port] = /^(.*):(\d+)$/.exec(from)!;
    const target = new ConnectRules(options).target(host!, Number(port));
    const about = JSON.stringify([options, from]);
    assertEquals([`${target.host}:${target.port}`, target.addresses], [to, addresses], about);
  }
});

Deno.test("ConnectRules.apply() is true where a rule says where connections lead", () => {
  const apply = (options: ConnectOptions) => new ConnectRules(options).apply("one.example", 443);
  assertEquals(apply({}), false);
  assertEquals(apply({ localAddress: "127.0.0.1" }), false);
  assertEquals(apply({ resolve: { "two.example:443": "::1" } }), false);
  assertEquals(apply({ resolve: RESOLVE }), true);
  assertEquals(apply({ connectTo: { ":": ":444" } }), true);
  assertEquals(apply({ connectTo: { ":": ":443" } }), false);
  assertEquals(apply({ family: 6 }), true);
});

Deno.test("ConnectRules refuses what is no place or address, and names the option", () => {
  const wrong: readonly (readonly [options: unknown, option: string])[] = [
    [{ family: 5 }, "connect.family"],
    [{ localAddress: "eth0" }, "connect.localAddress"],
    [{ localAddress: "::1", family: 4 }, "connect.localAddress"],
    [{ localAddress: "127.0.0.1", family: 6 }, "connect.localAddress"],
    [{ resolve: { "one.example": "::1" } }, "connect.resolve"],
    [{ resolve: { "one.example:0": "::1" } }, "connect.resolve"],
    [{ resolve: { "one.example:65536": "::1" } }, "connect.resolve"],
    [{ resolve: { ":443": "::1" } }, "connect.resolve"],
    [{ resolve: { "a/b:443": "::1" } }, "connect.resolve"],
    [{ resolve: { "::1:443": "::1" } }, "connect.resolve"],
    [{ resolve: { "one.example:443": [] } }, 'connect.resolve["one.example:443"]'],
    [{ resolve: { "one.example:443": "two.example" } }, 'connect.resolve["one.example:443"]'],
    [{ resolve: { "one.example:443": ["::1", 5] } }, 'connect.resolve["one.example:443"]'],
    [{ resolve: [] }, "connect.resolve"],
    [{ resolve: "one.example:443" }, "connect.resolve"],
    [{ connectTo: { "one.example": "two.example" } }, "connect.connectTo"],
    [{ connectTo: { "one.example:1": "two.example" } }, 'connect.connectTo["one.example:1"]'],
    [{ connectTo: { "one.example:1": "u@two.example:1" } }, 'connect.connectTo["one.example:1"]'],
    [{ connectTo: { "one.example:1": 5 } }, 'connect.connectTo["one.example:1"]'],
  ];
  for (const [options, option] of wrong) {
    const error = assertThrows(() => new ConnectRules(options as ConnectOptions), Error);
    assertEquals((error as { option?: string }).option, option, JSON.stringify(options));
  }
});

Deno.test("ConnectRules.pinned() leads connections to a name to some of its addresses", () => {
  const options: ConnectOptions = {
    connectTo: { "one.example:443": "two.example:8443" },
    resolve: { "two.example:81": ["192.0.2.1", "192.0.2.2"], "two.example:82": "192.0.2.9" },
  };
  const rules = new ConnectRules(options).pinned("two.example", ["192.0.2.2", "::1"]);
  const targets = ["one.example:443", "two.example:80", "two.example:81", "two.example:82"];
  const addresses = targets.map((target) => {
    const [host, port] = target.split(":");
    return rules.target(host!, Number(port)).addresses;
  });
  assertEquals(addresses, [
    ["192.0.2.2", "::1"],
    ["192.0.2.2", "::1"],
    // Only those that the rules allow.
    ["192.0.2.2"],
    ["192.0.2.9"],
  ]);
  // Other names, such as those that redirects lead to, are looked up as usual.
  assertEquals(rules.target("one.example", 80).addresses, undefined);
  assertEquals([rules.isPinned, rules.choosesTargets], [true, true]);
  assertEquals(new ConnectRules(options).isPinned, false);
});

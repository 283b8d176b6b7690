import { assert, assertEquals, assertThrows } from "@std/assert";
import { AddressPolicy } from "../../../lib/proxy/guard/address_policy.ts";
import { policyOf, refusal } from "../../support/proxy/named_hosts.ts";

Deno.test("AddressPolicy.check(): allowHosts alone decides which hosts are allowed", async () => {
  // patterns, matching URLs, other URLs
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
      assert(/is not on this proxy's list|cannot be resolved/.test(words), `${allowHosts}: ${url}`);
    }
  }
});

Deno.test("AddressPolicy.check() allows what is allowed by name, also if it cannot be resolved", async () => {
  const { policy, asked } = policyOf({ allowHosts: ["*.example", "10.0.0.0/8"] });
  for (const host of ["nas.example", "unknown.example", "none.example", "strange.example"]) {
    assertEquals(await refusal(policy, `http://${host}/`), undefined, host);
  }
  assertEquals(asked[0], "nas.example");
});

Deno.test("AddressPolicy.check(): no pattern allows a service that hands out credentials", async () => {
  const patterns = [
    ["*.example", "metadata.example"],
    ["0.0.0.0/0", "::/0"],
    ["169.254.169.254", "169.254.170.2", "fd00:ec2::23"],
  ];
  for (const allowHosts of patterns) {
    const { policy } = policyOf({ allowHosts, allowPrivate: true });
    const hosts = ["169.254.169.254", "169.254.170.2", "[fd00:ec2::23]", "metadata.example"];
    for (const host of [...hosts, "both.example", "[::ffff:a9fe:a9fe]", "2852039166"]) {
      const words = await refusal(policy, `http://${host}/`);
      assert(/never allowed|is not on this proxy's list/.test(words ?? ""), `${host} ${words}`);
    }
  }
});

Deno.test("AddressPolicy rejects invalid patterns", () => {
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

import { assertEquals, assertThrows } from "@std/assert";
import { HostCheck } from "../../../lib/proxy/guard/host_check.ts";
import { Problem } from "../../../lib/proxy/problem.ts";

Deno.test("HostCheck accepts loopback and the names of the proxy, and nothing else", () => {
  const table: [hosts: string[] | undefined, own: string[], foreign: string[]][] = [
    [
      [],
      [
        "localhost",
        "LOCALHOST:81",
        "a.localhost",
        "127.0.0.1:8080",
        "127.9.9.9",
        "[::1]",
        "2130706433",
      ],
      ["evil.example", "localhost.evil.example", "10.0.0.1", "[::2]", "localhostt", "1.1.1.1"],
    ],
    [["10.0.0.1"], ["10.0.0.1:80", "localhost"], ["10.0.0.2", "10.0.0.1.evil.example"]],
    [["0.0.0.0/0", "::/0"], ["10.0.0.1", "[fd00::1]", "localhost"], ["evil.example", "a"]],
    [["p.example"], ["p.example", "P.Example.:81"], ["a.p.example", "pp.example"]],
    [["*.example:8080"], ["a.example:8080"], ["a.example", "example:8080"]],
    [["*"], ["evil.example", "1.1.1.1"], []],
    [undefined, ["evil.example", "1.1.1.1"], []],
  ];
  for (const [hosts, own, foreign] of table) {
    const check = new HostCheck(hosts);
    for (const host of own) check.check(new URL(`http://${host}/proxy`));
    for (const host of foreign) {
      const problem = assertThrows(() => check.check(new URL(`http://${host}/proxy`)), Problem);
      assertEquals((problem as Problem).status, 421, `${hosts}: ${host}`);
    }
  }
  assertThrows(() => new HostCheck(["a/b"]), TypeError, 'ownHosts has "a/b"');
});

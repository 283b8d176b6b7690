import { assertEquals, assertMatch } from "@std/assert";
import { parseLinks } from "../../lib/http/link.ts";

const BASE = new URL("https://one.example/pub/f.iso");

function read(value: string) {
  const { links, problem } = parseLinks(value, BASE);
  return {
    links: links.map(({ target, relations, parameters }) => [
      target.href,
      relations.join(" "),
      Object.fromEntries([...parameters].filter(([name]) => name !== "rel")),
    ]),
    problem,
  };
}

Deno.test("parseLinks() reads links as servers write them", () => {
  const table: [value: string, links: unknown[]][] = [
    ["", []],
    [" , ,", []],
    ["</a>;rel=next", [["https://one.example/a", "next", {}]]],
    ['<a?b,c;d>; REL="Next  Last" ;x', [["https://one.example/pub/a?b,c;d", "next last", {
      x: "",
    }]]],
    ["<>;rel=self", [["https://one.example/pub/f.iso", "self", {}]]],
    [
      '<http://a.example/f>; rel=duplicate; pri=1; geo="de",<ftp://b.example/f>;rel="duplicate";pri="2"',
      [
        ["http://a.example/f", "duplicate", { pri: "1", geo: "de" }],
        ["ftp://b.example/f", "duplicate", { pri: "2" }],
      ],
    ],
    // The first of several counts.
    ["<a>; rel=a; rel=b; t=1; t=2", [["https://one.example/pub/a", "a", { t: "1" }]]],
    [
      '<a>; title="a, \\"b\\"; <c>"; rel=x, <b>',
      // Without a relation, it is none.
      [["https://one.example/pub/a", "x", { title: 'a, "b"; <c>' }]],
    ],
    // Of another resource, or to none.
    ['<a>; rel=x; anchor="#part", <b>; anchor="/other"; rel=x, <c>; anchor=""; rel=y', [[
      "https://one.example/pub/c",
      "y",
      { anchor: "" },
    ]]],
    ["<http://[>; rel=x, <b>;;;; rel=y;", [["https://one.example/pub/b", "y", {}]]],
    [" ,<a>;rel=y\t,\t<b> ; rel = x ,", [["https://one.example/pub/a", "y", {}], [
      "https://one.example/pub/b",
      "x",
      {},
    ]]],
  ];
  for (const [value, links] of table) {
    assertEquals(read(value), { links, problem: undefined }, value);
  }
  assertEquals(parseLinks(null, BASE), { links: [], problem: undefined });
});

Deno.test("parseLinks() reads up to what is wrong, and says so", () => {
  const table: [value: string, links: number, says: RegExp][] = [
    ["a", 0, /does not begin with < at 1$/],
    ["<a>; rel=x, b", 1, /does not begin with < at 1[23]$/],
    ["<a", 0, /does not begin with </],
    [
      '<a>; rel=x, <b>; rel="duplicate, <c>; rel=x',
      1,
      /quote that is not closed|text where a link should end/,
    ],
    ['<a>; rel="x" y, <b>', 0, /text where a link should end at 13$/],
    ["<a>; rel=x y", 0, /text where a link should end/],
    ["<a> <b>", 0, /text where a link should end/],
  ];
  for (const [value, links, says] of table) {
    const found = read(value);
    assertEquals(found.links.length, links, value);
    assertMatch(found.problem ?? "none", says, value);
  }
});

Deno.test("parseLinks() reads 10 000 links", () => {
  const value = Array.from({ length: 10_000 }, (_, i) => `<http://m${i}.example/f>; rel=duplicate`)
    .join(", ");
  assertEquals(parseLinks(value, BASE).links.length, 10_000);
});

import { assertEquals, assertThrows } from "@std/assert";
import { parseBenchArguments } from "./arguments.ts";
import type { LinksOptions } from "./links.ts";

const CHOICES = {
  benches: ["speed", "links"],
  sets: ["testbed", "silent"],
  contenders: ["diff", "curl", "aria2c-x1", "aria2c-x4"],
};
const ALL: LinksOptions = {
  sets: CHOICES.sets,
  only: CHOICES.contenders,
  runs: 3,
  json: undefined,
  svg: undefined,
};

Deno.test("parseBenchArguments()", () => {
  const table: [string, string[], Partial<LinksOptions>][] = [
    ["", ["speed", "links"], {}],
    ["speed", ["speed"], {}],
    ["links speed", ["speed", "links"], {}],
    ["links silent", ["links"], { sets: ["silent"] }],
    ["silent testbed", ["links"], { sets: ["testbed", "silent"] }],
    ["--runs 1", ["links"], { runs: 1 }],
    ["links --runs=12", ["links"], { runs: 12 }],
    ["links --only curl,diff", ["links"], { only: ["curl", "diff"] }],
    ["links --only aria2c", ["links"], { only: ["aria2c-x1", "aria2c-x4"] }],
    ["links --json", ["links"], { json: "bench-links.json" }],
    ["links --json --svg a.svg", ["links"], { json: "bench-links.json", svg: "a.svg" }],
    ["links --json a.json silent", ["links"], { json: "a.json", sets: ["silent"] }],
  ];
  for (const [line, benches, links] of table) {
    const args = line.split(" ").filter(Boolean);
    const expected = { benches, links: { ...ALL, ...links } };
    assertEquals<unknown>(parseBenchArguments(args, CHOICES), expected, line);
  }
});

Deno.test("parseBenchArguments() lists the valid names in the error for an unknown one", () => {
  const table: [string, string][] = [
    ["fast", 'There is no bench "fast"; there are speed, links, and for links testbed, silent'],
    ["links --only cur", 'There is no contender "cur"; there are diff, curl'],
    ["--out x", "There is no flag --out; there are --only, --runs"],
    ["--svg", "--svg needs a value"],
    ["--runs 0", "--runs takes a whole number from 1, got 0"],
    ["--runs 1.5", "--runs takes a whole number from 1, got 1.5"],
  ];
  for (const [line, message] of table) {
    assertThrows(() => parseBenchArguments(line.split(" "), CHOICES), RangeError, message);
  }
});

import { assertEquals, assertThrows } from "@std/assert";
import { type NetOptions, parseNetArguments } from "./net_arguments.ts";

const CHOICES = {
  scenarios: { testbed: [100, 10], far: [100] },
  commands: ["sphttp", "curl", "axel"],
};
const FAR = { scenario: "far", size: 100_000_000 };
const ALL: NetOptions = {
  courses: [
    { scenario: "testbed", size: 100_000_000 },
    { scenario: "testbed", size: 10_000_000 },
    FAR,
  ],
  protocols: ["plain"],
  controls: ["cubic"],
  only: undefined,
  flags: [],
  against: undefined,
  runs: 5,
  repeats: 2,
  json: undefined,
  goesOn: false,
  svg: undefined,
};

Deno.test("parseNetArguments()", () => {
  const table: [string[], Partial<NetOptions>][] = [
    [[], {}],
    [["far"], { courses: [FAR] }],
    [["far:0.5"], { courses: [{ scenario: "far", size: 500_000 }] }],
    [["far", "far:100"], { courses: [FAR] }],
    [["--runs", "1", "--repeats=0"], { runs: 1, repeats: 0 }],
    [["--protocol", "tls,h2", "--cc=bbr,cubic"], {
      protocols: ["tls", "h2"],
      controls: ["bbr", "cubic"],
    }],
    [["--only", "axel,sphttp"], { only: ["axel", "sphttp"] }],
    [["--flags", "--window 64M  -v"], { flags: ["--window", "64M", "-v"] }],
    [["--flags=--window=64M"], { flags: ["--window=64M"] }],
    [["--against", "../other"], { against: "../other" }],
    [["--json", "--svg"], { json: "bench-net.json", svg: "bench-net.svg" }],
    [["--continue", "far"], { json: "bench-net.json", goesOn: true, courses: [FAR] }],
    [["--continue", "--json=a.json"], { json: "a.json", goesOn: true }],
    [["--json", "a.json", "far"], { json: "a.json", courses: [FAR] }],
  ];
  for (const [args, expected] of table) {
    assertEquals(parseNetArguments(args, CHOICES), { ...ALL, ...expected }, args.join(" "));
  }
});

Deno.test("parseNetArguments() names what is wrong", () => {
  const table: [string, string][] = [
    ["near", 'There is no scenario "near"; there are testbed, far'],
    ["far:0", 'There is no scenario "far:0"'],
    ["far:x", 'There is no scenario "far:x"'],
    ["toString", 'There is no scenario "toString"'],
    ["--continue=a.json", "There is no flag --continue"],
    ["--out x", "There is no flag --out"],
    ["--only", "--only needs a value"],
    ["--only wget", '--only takes sphttp, curl, axel; got "wget"'],
    ["--protocol quic", '--protocol takes plain, tls, h2; got "quic"'],
    ["--runs 0", "--runs takes a whole number from 1, got 0"],
    ["--repeats -1", "--repeats takes a whole number from 0, got -1"],
  ];
  for (const [line, message] of table) {
    assertThrows(() => parseNetArguments(line.split(" "), CHOICES), RangeError, message);
  }
});

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { netFigure } from "./net_figure.ts";
import {
  caseName,
  caseReport,
  chosenRuns,
  type NetEntry,
  type NetResult,
  type NetRun,
  runText,
  summary,
} from "./net_report.ts";

const RUN: NetRun = {
  outcome: "complete",
  seconds: 5,
  cpuSeconds: 1.5,
  twice: 0.012,
  links: [
    { connections: 2, share: 0.75, busy: 0.9, drops: { queue: 3, loss: 0, down: 0 } },
    { connections: 1, share: 0.25, busy: 1, drops: { queue: 0, loss: 4, down: 5 } },
  ],
  figures: { firstByteSeconds: 0.1, lateSeconds: 1, stallSeconds: 0.25 },
  trust: { late: 0, deviceDrops: 0, others: 0, stolen: 0 },
  repeated: 0,
  messages: "",
};
const FILE_RUN: NetRun = { ...RUN, figures: undefined };
const DOUBTED: NetRun = { ...RUN, seconds: 9, trust: { ...RUN.trust, late: 0.5 } };

function entry(name: string, runs: readonly NetRun[], installed = true): NetEntry {
  return { name, title: `the ${name}`, installed, runs };
}

function resultOf(...entries: NetEntry[]): NetResult {
  const limit = [{ seconds: 0, value: 0 }, { seconds: 1, value: 0 }, { seconds: 4, value: 100 }];
  const names = { scenario: "testbed", title: "two links", protocol: "plain", control: "cubic" };
  return { ...names, size: 100_000_000, limit, entries };
}

Deno.test("caseName() has the size, and what is not usual", () => {
  assertEquals(caseName(resultOf()), "testbed 100 MB");
  assertEquals(
    caseName({ ...resultOf(), protocol: "h2", control: "bbr" }),
    "testbed 100 MB h2 bbr",
  );
});

Deno.test("caseReport() has a row for the limit and one for each command", () => {
  const fast = { ...RUN, seconds: 4.5, cpuSeconds: 2 };
  const slow = { ...RUN, seconds: 50, cpuSeconds: 1 };
  const text = caseReport(resultOf(
    entry("stdout", [slow, { ...RUN, repeated: 1 }, fast]),
    entry("file", [FILE_RUN]),
    entry("doubted", [DOUBTED]),
    entry("missing", [], false),
  ));
  const lines = text.split("\n");
  assertMatch(lines[0]!, /^testbed 100 MB: two links; plain, cubic$/);
  assertMatch(lines[1]!, /^lab: at most 50.0 % .*; 1 run repeated$/);
  assertEquals(lines.slice(4).map((line) => line.split(/ {2,}/)), [
    ["the links' limit", "1.00", "4.00", "1.000", "0.00", "1.00", "0.0"],
    ["the stdout", "0.800", "5.00", "4.50–50.00", "0.100", "0.25", "1.00", "1.2", "2/1", "1.50"],
    ["the file", "0.800", "5.00", "5.00–5.00", "–", "–", "–", "1.2", "2/1", "1.50"],
    ["the doubted", "0.444?", "9.00", "9.00–9.00", "0.100", "0.25", "1.00", "1.2", "2/1", "1.50"],
    ["the missing: not installed", "–", "–", "–", "–", "–", "–", "–", "–", "–"],
  ]);
});

Deno.test("chosenRuns(): trusted ones, or all complete ones without a trusted one", () => {
  const failed: NetRun = { ...RUN, outcome: "failed" };
  assertEquals(chosenRuns([failed, DOUBTED, RUN]), [RUN]);
  assertEquals(chosenRuns([failed, DOUBTED]), [DOUBTED]);
});

Deno.test("runText() has the use of each link, and the messages of a failure", () => {
  assertEquals(
    runText(RUN, 4),
    "5.00 s, 0.800, share 0.75/0.25, busy 0.90/1.00, lost 3+0+0/0+4+5, late packets 0.0 %",
  );
  const text = runText({ ...RUN, outcome: "failed", messages: "no route" }, 4);
  assertMatch(text, /^failed after 5.00 s, .*, no route$/);
});

Deno.test("summary() has a row for each case, with the figures of sphttp", () => {
  const endless: NetRun = { ...FILE_RUN, outcome: "endless" };
  const lines = summary([
    resultOf(entry("sphttp", [RUN]), entry("axel", [endless])),
    { ...resultOf(entry("curl", [DOUBTED])), scenario: "far" },
  ]).split("\n").map((line) => line.split(/ {2,}/));
  assertEquals(lines, [
    [
      ...["of limit", "limit s", "sphttp", "axel", "curl"],
      ...["first byte s", "stall s", "late s", "twice %"],
    ],
    ["testbed 100 MB", "4.00", "0.800", "does not end", "0.100", "0.25", "1.00", "1.2"],
    ["far 100 MB", "4.00", "0.444?", "–", "–", "–"],
  ]);
});

Deno.test("netFigure() draws medians and spans of runs that count", () => {
  const runs = [4, 5, 8].map((seconds) => ({ ...RUN, seconds }));
  const svg = netFigure([resultOf(entry("sphttp", [...runs, DOUBTED]), entry("axel", []))]);
  assertStringIncludes(
    svg,
    "<title>Share of the links' limit; testbed 100 MB: sphttp 0.80</title>",
  );
  assertStringIncludes(svg, ">the sphttp</text>");
  assertEquals(svg.match(/stroke-width="1.6"/g)?.length, 1);
});

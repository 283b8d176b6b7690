import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Entry, machineText, resultPicture, resultTable, type Run } from "./link_report.ts";

const RUN: Run = {
  outcome: "complete",
  seconds: 5,
  cpuSeconds: 1.5,
  twice: 0.012,
  figures: { firstByteSeconds: 0.1, lateSeconds: 1, stallSeconds: 0.25 },
  arrivals: [{ seconds: 0.1, value: 10 }, { seconds: 4.9, value: 100 }],
  messages: "",
  processors: { idle: 0.5, stolen: 0 },
};
const FILE_RUN: Run = { ...RUN, figures: undefined, arrivals: [] };

function entry(title: string, runs: readonly Run[], installed = true): Entry {
  return { name: title, title, installed, runs };
}

function resultOf(...entries: Entry[]) {
  const limit = [{ seconds: 0, value: 0 }, { seconds: 1, value: 0 }, { seconds: 4, value: 100 }];
  return { name: "testbed", title: "two links", size: 100, limit, entries };
}

Deno.test("resultTable() has a row for the limit and one for each command", () => {
  const fast = { ...RUN, seconds: 4.5, cpuSeconds: 2 };
  const slow = { ...RUN, seconds: 50, cpuSeconds: 1 };
  const lines = resultTable(resultOf(
    entry("in order", [slow, RUN, fast]),
    entry("to a file", [FILE_RUN]),
    entry("missing", [], false),
  )).split("\n").map((line) => line.split(/ {2,}/));
  assertEquals(lines, [
    ["testbed", "wall s", "of limit", "first byte s", "late s", "stall s", "twice %", "CPU s"],
    ["the links' limit", "4.00", "1.00", "1.000", "1.00", "0.00", "0.0", "–"],
    ["in order", "5.00", "0.80", "0.100", "1.00", "0.25", "1.2", "1.50"],
    ["to a file", "5.00", "0.80", "–", "–", "–", "1.2", "1.50"],
    ["missing: not installed", "–", "–", "–", "–", "–", "–", "–"],
  ]);
});

Deno.test("resultTable() counts complete runs only", () => {
  const endless: Run = { ...RUN, outcome: "endless", seconds: 16 };
  const text = resultTable(resultOf(entry("once", [RUN, endless]), entry("never", [endless])));
  assertMatch(text, /^once: does not end in 1 of 2 +5\.00 /m);
  assertMatch(text, /^never: does not end +– /m);
});

Deno.test("resultPicture() draws the median run of commands that write to stdout", () => {
  const runs = [5, 7, 6].map((seconds) => ({
    ...RUN,
    seconds,
    arrivals: [{ seconds, value: 100 }],
  }));
  const svg = resultPicture(resultOf(entry("in order", runs), entry("to a file", [FILE_RUN])));
  assertStringIncludes(svg, "6.00 s");
  assert(!svg.includes("to a file") && !svg.includes("7.00 s"));
});

Deno.test("machineText() describes the worst run", () => {
  const busy = { ...RUN, processors: { idle: 0.25, stolen: 0.01 } };
  const poor = { ...RUN, processors: { idle: 0.375, stolen: 0.125 } };
  const text = machineText(resultOf(entry("x", [RUN, busy]), entry("y", [poor])));
  assertEquals(
    text,
    "processors idle for 25 % of the time or more, at most 13 % taken by the host",
  );
});

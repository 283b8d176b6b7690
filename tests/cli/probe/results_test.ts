import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { assess } from "../../../lib/cli/probe/assessment.ts";
import { probeTable } from "../../../lib/cli/probe/results.ts";
import { textWidth } from "../../../lib/command_line/terminal_text.ts";
import { MirrorError } from "../../../mod.ts";
import { measured } from "./support.ts";

const failure = new MirrorError("no answer came: \x1b[2Jrefused", {
  ...{ mirror: "http://gone.example/f", phase: "connect", reason: "network", retryable: true },
});
const MIRRORS = assess([
  measured("b.example", { bytesPerSecond: 1_000, latencyMs: 1234.5 }),
  measured("a.example", { bytesPerSecond: 24_140_000, latencyMs: 1.23 }),
  measured("c.example", { ranges: false, latencyMs: undefined, bytesPerSecond: undefined }),
  measured("gone.example", {
    ...{ failure, head: undefined, size: undefined },
    ...{ latencyMs: undefined, bytesPerSecond: undefined },
  }),
]);

Deno.test("probeTable() has a line per mirror, with its reason if there is room", () => {
  assertEquals(probeTable(MIRRORS, Infinity), [
    "mirror        verdict  ranges      size  latency        rate",
    "a.example     use      yes       1.0 MB   1.2 ms   24.1 MB/s",
    "b.example     slow     yes       1.0 MB  1235 ms    1.0 kB/s  would deliver less than 1 % of the file",
    "c.example     skip     no        1.0 MB        –           –  does not support ranges",
    "gone.example  skip     –              –        –           –  no answer came: \ufffd[2Jrefused",
    "",
    "1 of 4 mirrors is worth using",
    'proof of a download: "tags" (the same strong ETag, and compared bytes)',
  ]);
});

Deno.test("probeTable() puts the reasons below in 80 columns", () => {
  assertEquals(probeTable(MIRRORS, 80).slice(5), [
    "",
    "1 of 4 mirrors is worth using",
    'proof of a download: "tags" (the same strong ETag, and compared bytes)',
    "b.example: would deliver less than 1 % of the file",
    "c.example: does not support ranges",
    "gone.example: no answer came: \ufffd[2Jrefused",
  ]);
  assertEquals(probeTable(assess([measured("a")]), 80).at(-2), "the mirror is worth using");
});

Deno.test("probeTable() keeps to the width with wide and long names", () => {
  const mirrors = assess([
    measured("有効無効有効無効有効無効有効無効有効無効有効無効.example"),
    measured(`${"long.".repeat(20)}example`, { size: 1 }),
    measured("a.example", { finalOrigin: "https://a-host-with-quite-a-long-name.example" }),
    measured("b.example"),
  ]);
  for (const width of [40, 60, 80, 100, 200]) {
    const lines = probeTable(mirrors, width);
    for (const line of lines) assert(textWidth(line) <= width, `${width}: ${line}`);
    const words = lines.join(" ").replace(/\s+/g, " ");
    assertStringIncludes(words, "a different size than the others");
    assertStringIncludes(words, "3 of 4 mirrors are worth using");
  }
});

Deno.test("probeTable() shows the paths of mirrors on one host", () => {
  const url = (path: string) => ({ url: `http://a.example/${path}` });
  const lines = probeTable(assess([measured("x", url("one")), measured("x", url("two"))]), 80);
  assertEquals(lines.slice(1, 3).map((line) => line.split(" ")[0]), [
    "a.example/one",
    "a.example/two",
  ]);
});

import { assertEquals } from "@std/assert";
import { joined, judge, parseLcov, spans } from "./coverage.ts";

const LCOV = `SF:/p/lib/a.ts
FNF:1
DA:1,4
DA:2,0
DA:3,0
DA:9,0
LH:1
LF:4
end_of_record
SF:/p/lib/b.ts
${Array.from({ length: 99 }, (_, line) => `DA:${line + 1},1`).join("\n")}
end_of_record
`;

Deno.test("parseLcov() finds the lines of each file that were not run", () => {
  const [a, b] = parseLcov(LCOV, "/p/");
  assertEquals(a, { path: "lib/a.ts", lines: 4, run: 1, missed: [2, 3, 9] });
  assertEquals([b!.path, b!.run], ["lib/b.ts", 99]);
  assertEquals(spans(a!.missed), "2-3, 9");
});

Deno.test("judge() wants a reason for each file with too few, and enough of all together", () => {
  const files = parseLcov(LCOV, "/p/");
  assertEquals(judge(files, {}).isEnough, false);
  assertEquals(judge(files, { "lib/a.ts": "why" }).isEnough, true);
  const stale = judge(files, { "lib/a.ts": "why", "lib/b.ts": "why" });
  assertEquals(stale.lines.slice(1), [
    "lib/b.ts needs no reason",
    "97.1 % of the lines of 2 files, at least 95.0 % wanted",
  ]);
  assertEquals(judge(files.slice(0, 1), { "lib/a.ts": "why" }).isEnough, false);
});

Deno.test("joined(): a line was run if one of the runs has run it", () => {
  const [a, b] = parseLcov(LCOV, "/p/");
  const other = { path: "lib/a.ts", lines: 4, run: 2, missed: [3, 1] };
  assertEquals(joined([[a!], [b!, other]]), [
    { path: "lib/a.ts", lines: 4, run: 3, missed: [3] },
    b!,
  ]);
});

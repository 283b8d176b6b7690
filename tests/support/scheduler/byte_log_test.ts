import { assertAlmostEquals, assertEquals } from "@std/assert";
import { ByteLog } from "./byte_log.ts";

Deno.test("ByteLog returns the bytes by a time, and the times of the first and last", () => {
  const log = new ByteLog();
  for (const [ms, total] of [[10, 5], [20, 5], [30, 9]] as const) log.add(ms, total);
  assertEquals([9, 10, 29, 30, 99].map((ms) => log.totalAt(ms)), [0, 5, 5, 9, 9]);
  assertEquals([log.firstMs, log.lastMs], [10, 30]);
});

Deno.test("ByteLog.rates() finds the slowest and the fastest window", () => {
  const log = new ByteLog();
  for (let ms = 1; ms <= 1000; ms++) log.add(ms, ms * (ms <= 500 ? 1 : 2));
  const { least, most } = log.rates(100, 1);
  assertAlmostEquals(least, 1000, 1);
  // The step in the middle counts, too.
  assertAlmostEquals(most, 7000, 200);
});

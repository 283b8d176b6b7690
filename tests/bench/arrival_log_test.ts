import { assertAlmostEquals, assertEquals } from "@std/assert";
import { ArrivalLog, figuresOf } from "./arrival_log.ts";

function record(...arrivals: readonly (readonly [seconds: number, bytes: number])[]): ArrivalLog {
  const log = new ArrivalLog();
  for (const [seconds, bytes] of arrivals) log.add(seconds, bytes);
  return log;
}

Deno.test("ArrivalLog records at most one point per millisecond", () => {
  const log = record([1, 10], [1.0004, 5], [1.0009, 5], [1.0011, 1], [3, 100]);
  assertEquals(log.bytes, 121);
  assertEquals(log.points, [
    { seconds: 1, value: 20 },
    { seconds: 1.0011, value: 21 },
    { seconds: 3, value: 121 },
  ]);
});

Deno.test("figuresOf(): bytes on the line of the limit are not late", () => {
  const { points } = record([0, 25], [1, 25], [2, 25], [3, 25]);
  const figures = figuresOf(points, { size: 100, limitSeconds: 4 });
  assertEquals(figures, { firstByteSeconds: 0, lateSeconds: 0, stallSeconds: 1 });
});

Deno.test("figuresOf(): the first byte after a wait is the latest", () => {
  const { points } = record([0.5, 10], [1, 40], [3.5, 10], [3.6, 40]);
  const figures = figuresOf(points, { size: 100, limitSeconds: 4 });
  assertEquals(figures.firstByteSeconds, 0.5);
  // Byte 50 was due after 2 s.
  assertAlmostEquals(figures.lateSeconds, 1.5);
  assertAlmostEquals(figures.stallSeconds, 2.5);
});

Deno.test("figuresOf() of no points", () => {
  const figures = figuresOf([], { size: 100, limitSeconds: 4 });
  assertEquals(figures, { firstByteSeconds: Infinity, lateSeconds: 0, stallSeconds: 0 });
});

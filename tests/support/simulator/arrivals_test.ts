import { assertEquals } from "@std/assert";
import { Arrivals } from "./arrivals.ts";

Deno.test("Arrivals counts what comes twice, and whose bytes were the first", () => {
  const arrivals = new Arrivals(2);
  arrivals.came(0, 0, 100);
  arrivals.came(1, 60, 160);
  assertEquals(arrivals.bytesByMirror, [100, 100]);
  assertEquals(arrivals.usedBytesByMirror, [100, 60]);
  assertEquals(arrivals.duplicateBytes, 40);
});

Deno.test("Arrivals: samples are no duplicates, and count when they are accepted", () => {
  const arrivals = new Arrivals(2);
  arrivals.sampled(0, 10);
  arrivals.sampled(1, 10);
  arrivals.accepted(1, 0, 10);
  assertEquals(arrivals.bytesByMirror, [10, 10]);
  assertEquals([arrivals.usedBytesByMirror, arrivals.duplicateBytes], [[0, 10], 0]);
});

Deno.test("Arrivals: what is discarded is wasted, and is new when it arrives again", () => {
  const arrivals = new Arrivals(2);
  arrivals.came(0, 0, 100);
  arrivals.discarded();
  assertEquals([arrivals.usedBytesByMirror, arrivals.duplicateBytes], [[0, 0], 100]);
  arrivals.came(1, 0, 100);
  assertEquals([arrivals.usedBytesByMirror, arrivals.duplicateBytes], [[0, 100], 100]);
  assertEquals(arrivals.bytesByMirror, [100, 100]);
});

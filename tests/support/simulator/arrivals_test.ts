import { assertEquals } from "@std/assert";
import { Arrivals } from "./arrivals.ts";

Deno.test("Arrivals counts duplicates, and whose bytes were first", () => {
  const arrivals = new Arrivals(2);
  arrivals.came(0, 0, 100);
  arrivals.came(1, 60, 160);
  assertEquals(arrivals.bytesByMirror, [100, 100]);
  assertEquals(arrivals.usedBytesByMirror, [100, 60]);
  assertEquals(arrivals.duplicateBytes, 40);
});

Deno.test("Arrivals: samples are not duplicates, and count when accepted", () => {
  const arrivals = new Arrivals(2);
  arrivals.sampled(0, 10);
  arrivals.sampled(1, 10);
  arrivals.accepted(1, 0, 10);
  assertEquals(arrivals.bytesByMirror, [10, 10]);
  assertEquals([arrivals.usedBytesByMirror, arrivals.duplicateBytes], [[0, 10], 0]);
});

Deno.test("Arrivals: discarded bytes are wasted, and new when they arrive again", () => {
  const arrivals = new Arrivals(2);
  arrivals.came(0, 0, 100);
  arrivals.discarded();
  assertEquals([arrivals.usedBytesByMirror, arrivals.duplicateBytes], [[0, 0], 100]);
  arrivals.came(1, 0, 100);
  assertEquals([arrivals.usedBytesByMirror, arrivals.duplicateBytes], [[0, 100], 100]);
  assertEquals(arrivals.bytesByMirror, [100, 100]);
});

import { assertEquals } from "@std/assert";
import { Lanes } from "../../../lib/scheduler/mirror/lanes.ts";

Deno.test("Lanes: one or two connections are used from the start, and one lane is kept busy", () => {
  for (const maxConnections of [1, 2]) {
    const lanes = new Lanes(maxConnections);
    assertEquals([lanes.maxConnections(), lanes.count(), lanes.tuner], [
      maxConnections,
      1,
      undefined,
    ]);
  }
});

Deno.test("Lanes: of several connections, one in five is kept ready to take over", () => {
  const table = [[3, 2], [5, 4], [6, 4], [8, 6], [10, 8], [16, 12], ["auto", 12]] as const;
  for (const [maxConnections, count] of table) {
    const lanes = new Lanes(maxConnections);
    const most = count + Math.ceil(count / 4);
    assertEquals([lanes.maxConnections(), lanes.count()], [most, count], `${maxConnections}`);
  }
});

Deno.test("Lanes: while little is known, their number follows the bytes under way", () => {
  // connections, bytes under way, lanes, requests at once
  const table = [
    [8, 0, 4, 5],
    [8, 70_000, 4, 5],
    [8, 80_000, 5, 7],
    [8, 1_000_000, 6, 8],
    [3, 0, 2, 3],
  ] as const;
  for (const [maxConnections, window, count, most] of table) {
    const lanes = new Lanes(maxConnections);
    assertEquals([lanes.count(window), lanes.maxConnections(window)], [count, most]);
  }
});

Deno.test("Lanes: a mirror that is alone begins with one request for everything", () => {
  const lanes = new Lanes(8, true);
  assertEquals([lanes.count(), lanes.maxConnections(), lanes.tuner?.lanes], [1, 2, 1]);
});

import { assertEquals } from "@std/assert";
import { Lanes } from "../../../lib/scheduler/mirror/lanes.ts";

Deno.test("Lanes: of several connections, one in five is kept ready to take over", () => {
  const table = [[1, 1], [2, 1], [3, 2], [5, 4], [6, 4], [10, 8], [16, 12]] as const;
  for (const [maxConnections, count] of table) {
    const lanes = new Lanes(maxConnections);
    assertEquals([lanes.maxConnections, lanes.count, lanes.tuner], [
      maxConnections,
      count,
      undefined,
    ]);
  }
});

Deno.test("Lanes: where the number is to be found, it begins with one, and one more takes over", () => {
  const lanes = new Lanes("auto");
  assertEquals([lanes.count, lanes.maxConnections, lanes.tuner?.lanes], [1, 2, 1]);
});

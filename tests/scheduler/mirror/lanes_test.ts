import { assertEquals } from "@std/assert";
import { Lanes, lanesFor } from "../../../lib/scheduler/mirror/lanes.ts";

Deno.test("Lanes: one or two connections are used from the start, and one lane is kept busy", () => {
  for (const maxConnections of [1, 2]) {
    const lanes = new Lanes(maxConnections);
    assertEquals([lanes.maxConnections, lanes.count, lanes.tuner], [maxConnections, 1, undefined]);
  }
});

Deno.test("Lanes: of several connections, one at least is kept ready to take over", () => {
  const table = [[3, 2], [5, 4], [6, 5], [8, 7], [10, 9], [16, 15], ["auto", 15]] as const;
  for (const [maxConnections, count] of table) {
    const lanes = new Lanes(maxConnections);
    lanes.tuner!.learn("bursty", 100, 0);
    assertEquals([lanes.maxConnections, lanes.count], [count + 1, count], `${maxConnections}`);
  }
});

Deno.test("Lanes: where fewer are busy, one for every four of them is kept ready", () => {
  for (const [count, most] of [[1, 2], [4, 5], [6, 8], [7, 8]] as const) {
    const lanes = new Lanes(8);
    lanes.tuner!.learn("bursty", count, 0);
    assertEquals([lanes.count, lanes.maxConnections], [count, most]);
  }
});

Deno.test("Lanes: up to four are used before anything is known", () => {
  for (const [maxConnections, count, most] of [[8, 4, 5], [3, 2, 3]] as const) {
    const lanes = new Lanes(maxConnections);
    assertEquals([lanes.count, lanes.maxConnections], [count, most]);
  }
});

Deno.test("lanesFor(): a lane for every 16 kB under way; four at least before it is known how bytes flow", () => {
  // bytes under way, whether it is known how they flow, lanes
  const table = [
    [0, false, 4],
    [30_000, false, 4],
    [80_000, false, 5],
    [0, true, 1],
    [16_000, true, 1],
    [40_000, true, 2],
    [187_500, true, 11],
  ] as const;
  for (const [bytes, isKnown, lanes] of table) {
    assertEquals(lanesFor(bytes, isKnown), lanes, `${bytes}, ${isKnown}`);
  }
});

Deno.test("Lanes: a mirror that is alone begins with one request for everything", () => {
  const lanes = new Lanes(8, true);
  assertEquals([lanes.count, lanes.maxConnections, lanes.tuner?.lanes], [1, 2, 1]);
});

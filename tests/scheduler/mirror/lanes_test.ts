import { assertEquals } from "@std/assert";
import { Lanes } from "../../../lib/scheduler/mirror/lanes.ts";

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

Deno.test("Lanes: before anything is known, 24 are shared out, four to eight to each mirror", () => {
  const table = [
    // maxConnections, mirrors → lanes, requests
    [8, 2, 7, 8],
    [8, 3, 7, 8],
    [8, 4, 6, 8],
    [8, 6, 4, 5],
    [8, 60, 4, 5],
    [3, 60, 2, 3],
    ["auto", 2, 8, 10],
  ] as const;
  for (const [maxConnections, mirrors, count, most] of table) {
    const lanes = new Lanes(maxConnections, mirrors);
    assertEquals(
      [lanes.count, lanes.maxConnections],
      [count, most],
      `${maxConnections} ${mirrors}`,
    );
  }
});

Deno.test("Lanes.worth(): a lane for every 16 kB under way; not fewer than at first before it is known how bytes flow", () => {
  const link = new Lanes(8, 6);
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
    assertEquals(link.worth(bytes, isKnown), lanes, `${bytes}, ${isKnown}`);
  }
  // A link that is worth less than two gets no more than four.
  const few = new Lanes(8, 2);
  assertEquals([0, 1, 31_999, 32_000].map((bytes) => few.worth(bytes, false)), [8, 4, 4, 8]);
});

Deno.test("Lanes: a mirror that is alone begins with one request for everything", () => {
  const lanes = new Lanes(8, 1);
  assertEquals([lanes.count, lanes.maxConnections, lanes.tuner?.lanes], [1, 2, 1]);
});

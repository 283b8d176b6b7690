import { assert, assertEquals } from "@std/assert";
import { megabits } from "../support/simulator/mirror.ts";
import { simulate } from "../support/simulator/simulator.ts";

/** Two links of 20 Mbit/s; the first one fails. */
const ROUND_TRIP_MS = 40;
const [FAILING, GOOD] = megabits([[20, ROUND_TRIP_MS], [20, ROUND_TRIP_MS]]);
const NETWORK = { size: 20_000_000, slowStart: true, delay: "adaptive" } as const;

Deno.test("failover: a mirror that falls silent, at whatever moment, holds up the front for less than a second", () => {
  for (const connections of [2, 8]) {
    for (let silentFromMs = 300; silentFromMs < 4000; silentFromMs += 370) {
      const links = [{ ...FAILING!, silentFromMs }, GOOD!];
      const options = { ...NETWORK, links, maxConnectionsPerMirror: connections };
      const { error, longestStallSeconds } = simulate(options);
      assertEquals(error, undefined);
      assert(longestStallSeconds < 1, `${silentFromMs} ms: ${longestStallSeconds} s`);
    }
  }
});

Deno.test("failover: all connections of a mirror that are reset at once, at whatever moment, cost a round trip and 100 ms", () => {
  for (const [connections, resetsNew] of [[2, false], [4, false], [8, false], [8, true]] as const) {
    for (let resetsAtMs = 300; resetsAtMs < 3000; resetsAtMs += 170) {
      const links = [{ ...FAILING!, resetsAtMs, resetsNew }, GOOD!];
      const options = { ...NETWORK, links, maxConnectionsPerMirror: connections };
      const { error, longestStallSeconds, scheduler: { mirrors: [mirror] } } = simulate(options);
      assertEquals(error, undefined);
      const most = (ROUND_TRIP_MS + 100) / 1000;
      assert(longestStallSeconds <= most, `${resetsAtMs} ms: ${longestStallSeconds} s`);
      if (resetsNew) continue;
      // It has neither refused a request nor a long range.
      assertEquals(mirror!.seat.limit(3e9), Infinity, `${connections} ${resetsAtMs} ms limit`);
      assertEquals(mirror!.mostBytes, Infinity, `${resetsAtMs} ms`);
    }
  }
});

Deno.test("failover: a mirror that resets its connections costs a round trip and 100 ms", () => {
  for (const connections of [2, 8]) {
    for (const resetAfterBytes of [5000, 20_000, 50_000, 150_000, 700_000]) {
      const links = [{ ...FAILING!, resetAfterBytes }, GOOD!];
      const options = { ...NETWORK, links, maxConnectionsPerMirror: connections };
      const { error, longestStallSeconds } = simulate(options);
      assertEquals(error, undefined);
      const most = (ROUND_TRIP_MS + 100) / 1000;
      assert(longestStallSeconds <= most, `${resetAfterBytes} bytes: ${longestStallSeconds} s`);
    }
  }
});

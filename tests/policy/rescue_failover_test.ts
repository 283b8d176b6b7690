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

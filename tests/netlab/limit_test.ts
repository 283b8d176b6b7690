import { assertAlmostEquals } from "@std/assert";
import { scenarioLimit } from "./limit.ts";
import { type Scenario, SCENARIOS } from "./scenarios.ts";

const PAYLOAD = 125_000 * 1448 / 1500;

function limitSeconds(scenario: Partial<Scenario>, size: number): number {
  return scenarioLimit({ title: "", links: [], ...scenario }, size).at(-1)!.seconds;
}

Deno.test("scenarioLimit() counts payload, from the second round trip on", () => {
  const links = [{ rate: 8, rtt: 500 }];
  assertAlmostEquals(limitSeconds({ links }, 16 * PAYLOAD), 3);
  assertAlmostEquals(limitSeconds({ links, mtu: 9000 }, 16 * 125_000 * 8948 / 9000), 3);
});

Deno.test("scenarioLimit() follows timelines", () => {
  const at = [[1, "rate=4"], [2, "down"], [3, "rate=2"], [4, "up"]] as const;
  // 8 in the first second, 4 in the next, none for two, then 2 in each.
  assertAlmostEquals(limitSeconds({ links: [{ rate: 8, rtt: 0, at }] }, 16 * PAYLOAD), 6);
});

Deno.test("scenarioLimit() has bounds for all links and for each connection", () => {
  const links = [{ rate: 80, rtt: 0 }, { rate: 40, rtt: 0 }];
  assertAlmostEquals(limitSeconds({ links, clientMbps: 60 }, 120 * PAYLOAD), 2);
  assertAlmostEquals(limitSeconds({ links, connectionMbps: 1 }, 16 * 125_000), 1);
});

Deno.test("scenarioLimit() of the scenarios", () => {
  const table: Record<string, number> = {
    testbed: 3.9,
    eight: 6.59,
    fiber: 1.45,
    far: 4.5,
    lossy: 3.9,
    shared: 8.33,
  };
  for (const [name, seconds] of Object.entries(table)) {
    assertAlmostEquals(limitSeconds(SCENARIOS[name]!, 100e6), seconds, 0.05, name);
  }
});

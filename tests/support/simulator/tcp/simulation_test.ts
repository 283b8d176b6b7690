import { assert, assertEquals } from "@std/assert";
import { scenarioLimit } from "../../../netlab/limit.ts";
import { SCENARIOS } from "../../../netlab/scenarios.ts";
import { inspector } from "../invariants.ts";
import { networkOf } from "./networks.ts";
import { simulateTcp } from "./simulation.ts";

Deno.test("simulateTcp() returns the same figures for the same seed", () => {
  const run = (seed: number) => {
    const { seconds, points, statistics } = simulateTcp({
      ...networkOf(SCENARIOS.lossy!),
      size: 5_000_000,
      delay: "adaptive",
      seed,
    });
    return { seconds, points, statistics };
  };
  assertEquals(run(3), run(3));
  assert(run(3).seconds !== run(4).seconds);
});

Deno.test("simulateTcp(): every scenario carries a file to its end, with every invariant held", () => {
  const size = 10_000_000;
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    const { error, seconds, points, bytesByMirror, statistics } = simulateTcp({
      ...networkOf(scenario),
      size,
      delay: "adaptive",
      limitSeconds: 300,
      inspect: inspector(32 * 1024 * 1024, 2),
    });
    assertEquals([error, points.at(-1)?.[1]], [undefined, size], name);
    assert(seconds >= scenarioLimit(scenario, size).at(-1)!.seconds, name);
    statistics.forEach(({ payloadBytes, connections }, index) => {
      assert(payloadBytes >= bytesByMirror[index]!, name);
      assert(connections >= 1, name);
    });
  }
});

import { assert, assertEquals } from "@std/assert";
import { inspector } from "../invariants.ts";
import { limitSeconds, TCP_NETWORKS } from "./networks.ts";
import { simulateTcp } from "./simulation.ts";

Deno.test("simulateTcp() returns the same figures for the same seed", () => {
  const run = (seed: number) => {
    const { seconds, points, statistics } = simulateTcp({
      ...TCP_NETWORKS.lossy!,
      size: 5_000_000,
      delay: "adaptive",
      seed,
    });
    return { seconds, points, statistics };
  };
  assertEquals(run(3), run(3));
  assert(run(3).seconds !== run(4).seconds);
});

Deno.test("simulateTcp(): every network carries a file to its end, with every invariant held", () => {
  for (const [name, network] of Object.entries(TCP_NETWORKS)) {
    const size = Math.min(10_000_000, network.size);
    const { error, seconds, points, bytesByMirror, statistics } = simulateTcp({
      ...network,
      size,
      delay: "adaptive",
      limitSeconds: 300,
      inspect: inspector(32 * 1024 * 1024, 2),
    });
    assertEquals([error, points.at(-1)?.[1]], [undefined, size], name);
    assert(seconds >= limitSeconds({ ...network, size }), name);
    statistics.forEach(({ payloadBytes, connections }, index) => {
      assert(payloadBytes >= bytesByMirror[index]!, name);
      assert(connections >= 1, name);
    });
  }
});

Deno.test("limitSeconds(): full packets at each rate from the second round trip on, down times excluded", () => {
  // 215 Mbit/s, of which 1448/1500 is payload; the links begin after 20, 60 and 200 ms.
  const late = (150 * 0.02 + 50 * 0.06 + 15 * 0.2) / 215;
  const expected = late + 100e6 / (215 * 125_000 * 1448 / 1500);
  assert(Math.abs(limitSeconds(TCP_NETWORKS.testbed!) - expected) < 0.002);
  const shared = limitSeconds(TCP_NETWORKS.shared!);
  assert(Math.abs(shared - 0.04 - 100e6 / (100 * 125_000 * 1448 / 1500)) < 0.002);
  assert(limitSeconds(TCP_NETWORKS.dead!) > limitSeconds(TCP_NETWORKS.testbed!) + 0.3);
});

import { assert, assertEquals } from "@std/assert";
import { figuresOf, missedBounds } from "./measures.ts";
import { NETWORKS } from "./networks.ts";
import { capacity, oracle } from "./oracle.ts";
import { mulberry32 } from "../random.ts";
import { randomNetwork } from "./random_network.ts";

Deno.test("NETWORKS have unique names, and bounds for the rows of the table", () => {
  assertEquals(new Set(NETWORKS.map(({ name }) => name)).size, NETWORKS.length);
  const bounded = NETWORKS.filter(({ bounds }) => Object.keys(bounds).length > 0);
  assertEquals(bounded.length, 12);
  assertEquals(NETWORKS[0]!.bounds, {
    ofCapacityPercent: 97.5,
    ofOraclePercent: 99,
    firstByteSeconds: 0.067,
    initialBufferingSeconds: 0.25,
    lagBytes: 800_000,
    peakBytes: 4_000_000,
    longestStallSeconds: 0.03,
    wastedPercent: 2,
  });
});

Deno.test("NETWORKS: no bound exceeds the oracle", () => {
  for (const network of NETWORKS) {
    const { seconds, points } = oracle(network);
    const figures = figuresOf({
      points,
      seconds,
      firstByteSeconds: points[0]![0],
      longestStallSeconds: 0,
      lagBytes: 0,
      peakHeldBytes: 0,
      bytesByMirror: [network.size],
    }, { capacity: capacity(network), oracleSeconds: seconds });
    assertEquals(missedBounds(figures, network.bounds), [], network.name);
  }
});

Deno.test("randomNetwork() is the same for the same seed, and within its limits", () => {
  assertEquals(randomNetwork(mulberry32(5)), randomNetwork(mulberry32(5)));
  const sizes = new Set<number>();
  const counts = new Set<number>();
  for (let seed = 1; seed <= 500; seed++) {
    const { links, size, start = 0, end = size, ...options } = randomNetwork(mulberry32(seed));
    counts.add(links.length);
    sizes.add(size);
    assert(
      links.some(({ silentFromMs, deadFromMs, resetAfterBytes, ratesAt = [] }) =>
        silentFromMs === undefined && deadFromMs === undefined && resetAfterBytes === undefined &&
        ratesAt.every(([, rate]) => rate > 0)
      ),
    );
    assert(size <= 30_000_000 && start < end + 1);
    assert(options.windowSize! >= 2000 && options.splitSize! <= options.windowSize! / 2);
  }
  assertEquals([...counts].sort(), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert(sizes.has(0) && Math.max(...sizes) > 20_000_000);
});

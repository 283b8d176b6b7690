/** Bounds of the adaptive algorithm over links with TCP, in virtual time, with seeds that are fixed. */

import { assert, assertEquals } from "@std/assert";
import { scenarioLimit } from "../netlab/limit.ts";
import { SCENARIOS } from "../netlab/scenarios.ts";
import { median } from "../bench/usage.ts";
import { latenessSeconds } from "../support/simulator/measures.ts";
import { networkOf } from "../support/simulator/tcp/networks.ts";
import { simulateTcp } from "../support/simulator/tcp/simulation.ts";

interface Bound {
  readonly scenario: string;
  readonly megabytes: number;
  /** Least share of what the links can do. */
  readonly share: number;
  readonly lateSeconds: number;
}

const BOUNDS: readonly Bound[] = [
  { scenario: "testbed", megabytes: 50, share: 0.925, lateSeconds: 0.5 },
  { scenario: "fiber", megabytes: 50, share: 0.58, lateSeconds: 0.95 },
  { scenario: "dead", megabytes: 50, share: 0.915, lateSeconds: 0.5 },
  { scenario: "eight", megabytes: 50, share: 0.86, lateSeconds: 0.85 },
  { scenario: "lossy", megabytes: 50, share: 0.76, lateSeconds: 0.9 },
  // The first response goes on while a second connection is tried.
  { scenario: "lone", megabytes: 50, share: 0.93, lateSeconds: 0.6 },
  { scenario: "limited", megabytes: 50, share: 1.02, lateSeconds: 1.3 },
  { scenario: "shared", megabytes: 50, share: 0.945, lateSeconds: 0.9 },
];

/** Seeds of the runs; the size is another one in each, as a single trajectory says little. */
const SEEDS = [1, 2, 3];

for (const { scenario: name, megabytes, share, lateSeconds } of BOUNDS) {
  Deno.test(`adaptive keeps its bounds over TCP: ${name}`, () => {
    const scenario = SCENARIOS[name]!;
    const runs = SEEDS.map((seed) => {
      const size = (megabytes + seed - 1) * 1e6;
      const { error, points, seconds } = simulateTcp({
        ...networkOf(scenario),
        size,
        delay: "adaptive",
        maxConnectionsPerMirror: 8,
        seed,
        limitSeconds: 60,
      });
      assertEquals(error, undefined);
      const limit = scenarioLimit(scenario, size).at(-1)!.seconds;
      return { share: limit / seconds, late: latenessSeconds(points, limit) };
    });
    const least = median(runs.map((run) => run.share));
    const late = median(runs.map((run) => run.late));
    assert(least >= share, `${least.toFixed(3)} of the limit`);
    assert(late <= lateSeconds, `${late.toFixed(2)} s late`);
  });
}

/** Bounds of the adaptive algorithm over links with TCP, in virtual time, with seeds that are fixed. */

import { assert, assertEquals } from "@std/assert";
import { scenarioLimit } from "../netlab/limit.ts";
import { SCENARIOS } from "../netlab/scenarios.ts";
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
  { scenario: "testbed", megabytes: 50, share: 0.84, lateSeconds: 1.1 },
  { scenario: "eight", megabytes: 50, share: 0.83, lateSeconds: 1.2 },
  { scenario: "lossy", megabytes: 50, share: 0.75, lateSeconds: 0.9 },
  // The first response goes on while a second connection is tried.
  { scenario: "lone", megabytes: 50, share: 0.93, lateSeconds: 0.6 },
  { scenario: "limited", megabytes: 50, share: 0.95, lateSeconds: 1.6 },
  { scenario: "shared", megabytes: 50, share: 0.93, lateSeconds: 0.9 },
];

for (const { scenario: name, megabytes, share, lateSeconds } of BOUNDS) {
  Deno.test(`adaptive keeps its bounds over TCP: ${name}`, () => {
    const scenario = SCENARIOS[name]!;
    const size = megabytes * 1e6;
    const { error, points, seconds } = simulateTcp({
      ...networkOf(scenario),
      size,
      delay: "adaptive",
      maxConnectionsPerMirror: 8,
      seed: 1,
      limitSeconds: 60,
    });
    assertEquals(error, undefined);
    const limit = scenarioLimit(scenario, size).at(-1)!.seconds;
    const late = latenessSeconds(points, limit);
    assert(limit / seconds >= share, `${(limit / seconds).toFixed(3)} of the limit`);
    assert(late <= lateSeconds, `${late.toFixed(2)} s late`);
  });
}

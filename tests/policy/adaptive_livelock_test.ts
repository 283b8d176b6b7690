/** Nobody waits for ever: whole downloads in virtual time, by the cases that once led to it. */

import { assert, assertEquals } from "@std/assert";
import type { Scheduler } from "../../lib/scheduler/scheduler.ts";
import { simulateStrictly } from "../support/simulator/invariants.ts";
import { oracle } from "../support/simulator/oracle.ts";
import { type SimulatedMirror, TESTBED } from "../support/simulator/mirror.ts";
import type { Network, Simulation } from "../support/simulator/simulation.ts";

/** Ten megabytes a second, nearby: better than any other mirror here, as long as it is well. */
const BEST: SimulatedMirror = { bytesPerSecond: 10e6, roundTripMs: 20 };
const OTHER: SimulatedMirror = { bytesPerSecond: 1e6, roundTripMs: 40 };

interface Run extends Simulation {
  readonly oracleSeconds: number;
}

/** Runs a download with every invariant held; `watch` sees the scheduler after each event. */
function runWith(
  connections: number,
  network: Network,
  watch: (scheduler: Scheduler, now: number) => void = () => {},
): Run {
  const options = { slowStart: true, ...network };
  const outcome = simulateStrictly(
    { ...options, delay: "adaptive", maxConnectionsPerMirror: connections, inspect: watch },
    connections,
  );
  return { ...outcome, oracleSeconds: oracle(options).seconds };
}

/** The best mirror, which delivers next to nothing for a while from half a second on. */
function slump(bytesPerSecond: number, seconds: number): Network {
  const ratesAt = [[0.5, bytesPerSecond], [0.5 + seconds, BEST.bytesPerSecond]] as const;
  return { links: [{ ...BEST, ratesAt }, OTHER], size: 20e6 };
}

// By as many connections as are the default, too.
for (const connections of [2, 8]) {
  const run = (network: Network, watch?: (scheduler: Scheduler, now: number) => void) =>
    runWith(connections, network, watch);

  Deno.test(`no livelock: the last bytes are requested, though another mirror may seem better, ${connections} connections`, () => {
    const networks: Record<string, readonly SimulatedMirror[]> = {
      alike: [BEST, BEST, BEST],
      different: TESTBED,
      "the better one gone": [{ ...BEST, deadFromMs: 45 }, OTHER, OTHER],
      "all of them resetting": [BEST, OTHER].map((link) => ({ ...link, resetAfterBytes: 15_000 })),
    };
    const sizes = [1, 100, 8192, 16_383, 16_384, 16_385, 32_768, 65_535, 65_537, 131_073, 400_001];
    for (const [name, links] of Object.entries(networks)) {
      for (const more of sizes) {
        const idle: number[] = [];
        run({ links, size: 12_288 + more }, ({ ledger, mirrors }, now) => {
          if (!Number.isFinite(ledger.end) || !ledger.hasFree || ledger.askedBytes > 0) return;
          if (mirrors.some(({ available, live }) => available && live.length === 0)) idle.push(now);
        });
        assertEquals(idle, [], `${name}, ${more} bytes: free bytes are not requested`);
      }
    }
  });

  Deno.test(`no livelock: a dead mirror is no reason for the others to wait, ${connections} connections`, () => {
    for (const deadFromMs of [41, 50, 100, 250, 500, 1000]) {
      const network = { links: [{ ...BEST, deadFromMs }, OTHER, OTHER], size: 12e6 };
      const { seconds, oracleSeconds, longestStallSeconds } = run(network);
      const figures = `dead from ${deadFromMs} ms: ${seconds} s, oracle ${oracleSeconds} s`;
      assert(seconds <= oracleSeconds + 0.6, figures);
      assert(longestStallSeconds <= 0.4, `${figures}, stall ${longestStallSeconds} s`);
    }
  });

  Deno.test(`no livelock: an estimate that has decayed to nearly nothing does not keep a mirror out, ${connections} connections`, () => {
    for (const rate of [0, 1000, 2000, 10_000, 50_000]) {
      const { seconds, oracleSeconds } = run(slump(rate, 2));
      const figures = `${rate} B/s: ${seconds} s, oracle ${oracleSeconds} s`;
      assert(seconds <= 1.2 * oracleSeconds, figures);
    }
  });

  Deno.test(
    `no livelock: nor does one that was measured anew while there was next to nothing, ${connections} connections`,
    () => {
      for (const [rate, lastsSeconds] of [[1000, 2.5], [2000, 4], [4000, 3]] as const) {
        const { seconds, oracleSeconds } = run(slump(rate, lastsSeconds));
        const figures =
          `${rate} B/s for ${lastsSeconds} s: ${seconds} s, oracle ${oracleSeconds} s`;
        // The oracle knows when the mirror is itself again; who has to find out needs a second or so.
        assert(seconds <= oracleSeconds + 1.5, figures);
      }
    },
  );

  // Fails: 16.0 s, the oracle needs 6.5 s. What it is tried again with, 16 KiB, comes in 2 ms: too soon
  // for a sample, so that it is taken to be as slow as before each time.
  Deno.test(`no livelock: a mirror that delivers too little at a time to be measured stays in use, ${connections} connections`, () => {
    const { seconds, oracleSeconds } = run(slump(2000, 5));
    assert(seconds <= oracleSeconds + 1.5, `${seconds} s, oracle ${oracleSeconds} s`);
  });

  Deno.test(`no livelock: a revoked range is not taken back by its silent owner, ${connections} connections`, () => {
    // Connections that were open fall silent, and new ones work: it seems to be as good as ever.
    for (const deadFromMs of [300, 500, 800]) {
      const links = [{ ...BEST, deadFromMs, returnsAtMs: deadFromMs }, OTHER, OTHER];
      const seen = new Set<number>();
      let revoked = 0;
      const { longestStallSeconds } = run({ links, size: 12e6 }, ({ requests }, now) => {
        const live = [...requests];
        for (const { id, mirror, start } of live) {
          if (seen.has(id)) continue;
          seen.add(id);
          const lost = mirror.live.find((other) =>
            other.id < id && other.claimEnd <= other.position && other.claimEnd <= start &&
            start < other.end && now - other.activeAt > 60
          );
          assertEquals(lost?.id, undefined, `at ${now} ms ${start} was requested again`);
        }
        if (live.some(({ claimEnd, position, end }) => claimEnd <= position && claimEnd < end)) {
          revoked++;
        }
      });
      assert(revoked > 0, "nothing was revoked");
      assert(longestStallSeconds <= 0.3, `${deadFromMs} ms: stall ${longestStallSeconds} s`);
    }
  });
}

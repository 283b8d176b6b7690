import { assert, assertEquals } from "@std/assert";
import type { SimulatedMirror } from "../../support/simulator/mirror.ts";
import type { SimulationOptions } from "../../support/simulator/simulation.ts";
import { simulate } from "../../support/simulator/simulator.ts";

/** A server of 8 MB/s and 20 ms that accepts all requests, and lets those beyond `behind` trickle. */
function trickling(behind: number, more: Partial<SimulatedMirror> = {}): SimulatedMirror {
  const trickle = { behind, bytesPerSecond: 4000 };
  return { bytesPerSecond: 8e6, roundTripMs: 20, trickle, ...more };
}

function run(links: readonly SimulatedMirror[], size: number, more: Partial<SimulationOptions>) {
  const outcome = simulate({
    links,
    size,
    delay: "adaptive",
    maxConnectionsPerMirror: "auto",
    slowStart: true,
    windowSize: 32e6,
    limitSeconds: 120,
    ...more,
  });
  assertEquals(outcome.error, undefined);
  return outcome;
}

Deno.test("CrawlWatch: a server that lets further connections trickle brings the file nearly as fast as it can", () => {
  const good = { bytesPerSecond: 8e6, roundTripMs: 30 };
  const slow = { bytesPerSecond: 2e6, roundTripMs: 40 };
  const limited = { connectionBytesPerSecond: 1e6 };
  const table: [string, SimulatedMirror[], number, number, Partial<SimulationOptions>?][] = [
    ["the second", [trickling(1)], 16e6, 4],
    ["the third", [trickling(2)], 16e6, 4],
    ["the third, small window", [trickling(2)], 16e6, 4, { windowSize: 4e6 }],
    ["the third of a slower one", [trickling(2, slow)], 8e6, 5],
    ["the third, and each is limited", [trickling(2, limited)], 10e6, 14],
    ["beside a good one", [trickling(2), good], 16e6, 3],
    ["both", [trickling(2), trickling(2)], 16e6, 6],
  ];
  for (const [name, links, size, most, more = {}] of table) {
    const { seconds } = run(links, size, more);
    assert(seconds < most, `${name}: ${seconds.toFixed(1)} s`);
  }
});

Deno.test("CrawlWatch: where all connections become slow with the link, they are not given up again and again", () => {
  const ratesAt = [[1, 40_000], [21, 4e6]] as const;
  for (const maxConnectionsPerMirror of [4, "auto"] as const) {
    const link = { bytesPerSecond: 4e6, connectionBytesPerSecond: 5e5, roundTripMs: 40, ratesAt };
    const { seconds, events } = run([link], 12e6, { maxConnectionsPerMirror });
    const failures = events.filter(({ type }) => type === "failure");
    assert(failures.length <= 6, `${failures.length} failures`);
    assert(seconds < 50, `${seconds.toFixed(1)} s`);
  }
});

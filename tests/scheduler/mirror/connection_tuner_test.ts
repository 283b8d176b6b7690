import { assertEquals } from "@std/assert";
import { ConnectionTuner } from "../../../lib/scheduler/mirror/connection_tuner.ts";
import type { Flow } from "../../../lib/scheduler/mirror/flow.ts";

/** What a mirror delivers with so many lanes, and the others beside it, in bytes per millisecond. */
interface Link {
  readonly own: (lanes: number) => number;
  readonly others?: (lanes: number) => number;
  readonly roundTripMs?: number;
}

/** Runs a tuner for `ms` milliseconds; returns the numbers of lanes, each with the time it is set at. */
function lanesOver(
  ms: number,
  flow: Flow,
  link: Link,
  isAlone = true,
): [lanes: number, at: number][] {
  const most = 6;
  const { own, others = () => 0, roundTripMs = 10 } = link;
  const tuner = new ConnectionTuner(most, isAlone);
  const steps: [number, number][] = [];
  const delivered = { own: 0, total: 0 };
  for (let now = 0; now < ms; now += 10) {
    tuner.learn(flow, now);
    tuner.observe({ ...delivered }, now, roundTripMs);
    const { lanes } = tuner;
    if (steps.at(-1)?.[0] !== lanes) steps.push([lanes, now]);
    delivered.own += 10 * own(lanes);
    delivered.total += 10 * (own(lanes) + others(lanes));
  }
  return steps;
}

Deno.test("ConnectionTuner: as many lanes as are of use, found within seconds", () => {
  const limited = (lanes: number) => 100 * Math.min(lanes, 5);
  const full = () => 500;
  // name, flow, link, lanes in order, the time of the last change
  const table: [string, Flow, Link, number[], number][] = [
    ["a link that one fills", "steady", { own: full }, [1, 4, 1], 1500],
    ["a server that limits each", "steady", { own: limited }, [1, 4, 6], 2500],
    [
      "an access link that all share",
      "steady",
      {
        own: limited,
        others: (lanes) => 1000 - limited(lanes),
      },
      [1, 4, 1],
      1500,
    ],
    ["a link with losses", "bursty", { own: (lanes) => 100 * lanes }, [6], 0],
    ["nothing is known", "unknown", { own: limited }, [1], 0],
  ];
  for (const [name, flow, link, lanes, lastAt] of table) {
    const steps = lanesOver(4000, flow, link);
    assertEquals(steps.map(([count]) => count), lanes, name);
    assertEquals(steps.at(-1)![1] <= lastAt, true, `${name}: ${JSON.stringify(steps)}`);
  }
});

Deno.test("ConnectionTuner: lanes of a bursty link that bring nothing are taken back later", () => {
  const steps = lanesOver(30_000, "bursty", { own: () => 500 });
  assertEquals(steps[0], [6, 0]);
  assertEquals(steps.at(-1)![0] < 6, true, JSON.stringify(steps));
  // And those that bring something are kept, whatever is tried.
  const kept = lanesOver(30_000, "bursty", { own: (lanes) => 100 * lanes });
  assertEquals(kept.at(-1)![0], 6, JSON.stringify(kept));
});

Deno.test("ConnectionTuner: one mirror of several begins with all lanes, and more are tried with care", () => {
  const steps = lanesOver(3000, "steady", { own: () => 500 }, false);
  assertEquals(steps.map(([lanes]) => lanes), [1, 2, 1]);
  assertEquals(steps[1]![1] >= 1400, true);
  assertEquals(new ConnectionTuner(6, false).lanes, 6);
});

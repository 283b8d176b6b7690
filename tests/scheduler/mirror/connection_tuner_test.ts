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
  worth = 12,
): [lanes: number, at: number][] {
  const most = 6;
  const { own, others = () => 0, roundTripMs = 10 } = link;
  const tuner = new ConnectionTuner(most, most, isAlone);
  const steps: [number, number][] = [];
  const delivered = { own: 0, total: 0 };
  for (let now = 0; now < ms; now += 10) {
    tuner.learn(flow, worth, now);
    tuner.observe({ ...delivered }, now, roundTripMs);
    const { lanes } = tuner;
    if (steps.at(-1)?.[0] !== lanes) steps.push([lanes, now]);
    delivered.own += 10 * own(lanes);
    delivered.total += 10 * (own(lanes) + others(lanes));
  }
  return steps;
}

Deno.test("ConnectionTuner.need(): of a mirror whose responses are short, as many lanes at once, but no more than are allowed", () => {
  const tuner = new ConnectionTuner(6, 6, true);
  tuner.need(4);
  assertEquals([tuner.lanes, tuner.reason], [4, "rate"]);
  tuner.need(2);
  assertEquals(tuner.lanes, 4);
  tuner.need(9);
  assertEquals(tuner.lanes, 6);
});

Deno.test("ConnectionTuner: as many lanes as are of use, found within seconds", () => {
  const limited = (lanes: number) => 100 * Math.min(lanes, 5);
  const full = () => 500;
  // name, flow, link, lanes in order, the time of the last change
  const table: [string, Flow, Link, number[], number][] = [
    ["a link that one fills", "steady", { own: full }, [1, 2, 1], 500],
    ["a server that limits each", "steady", { own: limited }, [1, 2, 4, 6], 1000],
    [
      "an access link that all share",
      "steady",
      {
        own: limited,
        others: (lanes) => 1000 - limited(lanes),
      },
      [1, 2, 1],
      500,
    ],
    ["a server that stops at times", "halting", { own: limited }, [6], 0],
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
  assertEquals(new ConnectionTuner(6, 4, false).lanes, 4);
});

Deno.test("ConnectionTuner: a slow link gets no more lanes than it is worth, unless they bring something", () => {
  const slow = lanesOver(3000, "bursty", { own: () => 25, roundTripMs: 40 }, false, 1);
  assertEquals(slow.map(([lanes]) => lanes), [1, 2, 1]);
  // Every packet that is lost stops a connection.
  const lossy = lanesOver(4000, "bursty", { own: (lanes) => lanes, roundTripMs: 20 }, false, 1);
  assertEquals(lossy.map(([lanes]) => lanes), [1, 2, 4, 6]);
  assertEquals(lossy.at(-1)![1] <= 3000, true, JSON.stringify(lossy));
});

Deno.test("ConnectionTuner: until something was tried, the number follows what the link is worth", () => {
  const tuner = new ConnectionTuner(6, 4, false);
  const steps =
    ([["unknown", 4], ["unknown", 1], ["unknown", 5], ["bursty", 5], ["bursty", 9]] as const)
      .map(([flow, worth], now) => {
        tuner.learn(flow, worth, now);
        return [tuner.lanes, tuner.reason];
      });
  assertEquals(steps, [[4, "start"], [1, "rate"], [5, "rate"], [5, "rate"], [6, "rate"]]);
});

Deno.test("ConnectionTuner: each change has a reason", () => {
  const reasons = (flow: Flow, link: Link, worth: number) => {
    const tuner = new ConnectionTuner(6, 4, false);
    const seen: string[] = [];
    let own = 0;
    for (let now = 0; now < 3000; now += 10) {
      tuner.learn(flow, worth, now);
      tuner.observe({ own, total: own }, now, 10);
      const change = `${tuner.lanes} ${tuner.reason}`;
      if (seen.at(-1) !== change) seen.push(change);
      own += 10 * link.own(tuner.lanes);
    }
    return seen;
  };
  const full = { own: () => 100 };
  assertEquals(reasons("bursty", full, 6), ["6 pauses"]);
  assertEquals(reasons("steady", full, 6), ["1 steady", "2 trial", "1 useless"]);
});

Deno.test("ConnectionTuner: no lane of the only mirror is tried for a short rest, and one again at a lower rate", () => {
  const lanesAfter = (leftMs: number, rateAt: (now: number) => number) => {
    const tuner = new ConnectionTuner(6, 4, true);
    const seen: number[] = [];
    let own = 0;
    for (let now = 0; now < 3000; now += 10) {
      tuner.learn("steady", 1, now);
      tuner.observe({ own, total: own }, now, 10, leftMs);
      if (seen.at(-1) !== tuner.lanes) seen.push(tuner.lanes);
      own += 10 * rateAt(now);
    }
    return seen;
  };
  assertEquals(lanesAfter(500, () => 100), [1]);
  assertEquals(lanesAfter(Infinity, () => 100), [1, 2, 1]);
  assertEquals(lanesAfter(Infinity, (now) => now < 1500 ? 100 : 50), [1, 2, 1, 2, 1]);
});

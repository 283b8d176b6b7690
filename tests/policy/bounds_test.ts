import { assert, assertEquals } from "@std/assert";
import {
  type Figures,
  figuresOf,
  latenessSeconds,
  missedBounds,
} from "../support/simulator/measures.ts";
import { type NamedNetwork, NETWORKS, voteMs } from "../support/simulator/networks.ts";
import { capacity, oracle } from "../support/simulator/oracle.ts";
import { schedulerOptionsOf } from "../support/simulator/algorithms.ts";
import { RateTimeline } from "../support/simulator/rate_timeline.ts";
import type { Simulation } from "../support/simulator/simulation.ts";
import { simulate } from "../support/simulator/simulator.ts";

/** Runs an algorithm on a network; each only once. */
function run(algorithm: string, network: NamedNetwork): Simulation {
  const key = `${algorithm} on ${network.name}`;
  const known = runs.get(key);
  if (known !== undefined) return known;
  const outcome = simulate({ ...network, ...schedulerOptionsOf(algorithm, network.links) });
  assertEquals(outcome.error, undefined, key);
  runs.set(key, outcome);
  return outcome;
}

const runs = new Map<string, Simulation>();

/** The figures that do not keep their bounds, with both. */
function missed(figures: Figures, bounds: Partial<Figures>): string[] {
  return missedBounds(figures, bounds).map((name) =>
    `${name} is ${figures[name]}, its bound is ${bounds[name]}`
  );
}

for (const network of NETWORKS) {
  const { name, bounds } = network;
  if (Object.keys(bounds).length === 0) continue;
  Deno.test(`adaptive keeps its bounds: ${name}`, () => {
    const { seconds: oracleSeconds } = oracle(network);
    const yardstick = { capacity: capacity(network), oracleSeconds };
    assertEquals(missed(figuresOf(run("adaptive", network), yardstick), bounds), []);
  });
}

for (const network of NETWORKS) {
  Deno.test(`adaptive is faster than diff: ${network.name}`, () => {
    const [{ seconds }, diff] = [run("adaptive", network), run("diff", network)];
    assert(seconds < diff.seconds, `${seconds} s, diff ${diff.seconds} s`);
  });
}

/** How long each mirror takes alone: `Infinity` where it fails, or needs longer than `limitSeconds`. */
function aloneSeconds(network: NamedNetwork, limitSeconds: number): number[] {
  return network.links.map((link) => {
    // Where even its full rate is not enough, it need not be tried.
    const rates = new RateTimeline(link.bytesPerSecond, link.ratesAt);
    if (rates.bytesBetween(0, 1000 * limitSeconds) < network.size) return Infinity;
    const options = { ...network, links: [link], delay: "adaptive", limitSeconds } as const;
    try {
      const { error, seconds } = simulate(options);
      return error === undefined ? seconds : Infinity;
    } catch (error) {
      if (String(error).includes("no end after")) return Infinity;
      throw error;
    }
  });
}

for (const network of NETWORKS) {
  Deno.test(`adaptive is as fast as the best mirror alone: ${network.name}`, () => {
    const { seconds } = run("adaptive", network);
    const alone = aloneSeconds(network, seconds);
    assert(seconds <= 1.01 * Math.min(...alone), `${seconds} s, each mirror alone: ${alone} s`);
  });
}

Deno.test("adaptive requests more with the first answer, and delivers bytes with the majority", () => {
  for (const network of NETWORKS) {
    const { name, links } = network;
    const { events, firstByteSeconds } = run("adaptive", network);
    const [opened, asked] = (["open", "send"] as const).map((wanted) =>
      events.find(({ type }) => type === wanted)!.atMs
    );
    const answeredMs = Math.min(...links.map((link) => voteMs([link])));
    assert(asked! <= answeredMs + 5, `${name}: asked at ${asked} ms, answered at ${answeredMs} ms`);
    assert(opened! <= voteMs(links) + 5, `${name}: opened at ${opened} ms`);
    // What was requested before the vote has arrived when it is over.
    assertEquals(firstByteSeconds, opened! / 1000, name);
  }
});

Deno.test("adaptive by default, with as many connections as are of use, stays fast and in time", () => {
  // network, of capacity, seconds late
  const table = [["testbed", 96.5, 0.35], ["eight mirrors, 754 MB", 96, 0.75]] as const;
  for (const [name, share, lateSeconds] of table) {
    const network = NETWORKS.find((one) => one.name === name)!;
    const { error, points, seconds } = simulate({
      ...network,
      delay: "adaptive",
      maxConnectionsPerMirror: 8,
    });
    assertEquals(error, undefined, name);
    const limitSeconds = network.size / capacity(network);
    const late = latenessSeconds(points, limitSeconds);
    assert(100 * limitSeconds / seconds >= share, `${name}: ${seconds} s, limit ${limitSeconds} s`);
    assert(late <= lateSeconds, `${name}: ${late} s late`);
  }
});

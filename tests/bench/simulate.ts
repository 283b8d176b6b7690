/**
 * Compares algorithms in virtual time, on every named network, with the oracle and with the bounds of
 * the network; "!" marks a figure that misses its bound. The output is the same on every machine.
 *
 *     deno task simulate                            every algorithm on every network
 *     deno task simulate diff static                some algorithms
 *     deno task simulate --network "B silent"       networks with this in their names
 *     deno task simulate --links FILE.json          links of your own, see examples/links.json
 *     deno task simulate diff --fuzz 1000           random networks, checking every invariant
 *     deno task simulate diff --fuzz 1 --seed 42    one of them again
 *     deno task simulate --tcp testbed              links with TCP, see simulate_tcp.ts
 *
 * @module
 */

import { parseArgs } from "node:util";
import { simulateStrictly } from "../support/simulator/invariants.ts";
import {
  type Figures,
  figuresOf,
  initialBufferingSeconds,
  missedBounds,
} from "../support/simulator/measures.ts";
import { readLinks } from "../support/simulator/links_file.ts";
import { type NamedNetwork, NETWORKS } from "../support/simulator/networks.ts";
import { capacity, oracle } from "../support/simulator/oracle.ts";
import { randomNetwork } from "../support/simulator/random_network.ts";
import { algorithmOf, ALGORITHMS } from "../support/simulator/algorithms.ts";
import { mulberry32 } from "../support/random.ts";
import type { Simulation, SimulationOptions } from "../support/simulator/simulation.ts";
import { simulate } from "../support/simulator/simulator.ts";
import { reportTcp } from "./simulate_tcp.ts";
import { table } from "./usage.ts";

interface Column {
  readonly title: string;
  readonly figure: keyof Figures;
  readonly unit: number;
  readonly digits: number;
}

const COLUMNS: readonly Column[] = [
  { title: "of capacity %", figure: "ofCapacityPercent", unit: 1, digits: 1 },
  { title: "of oracle %", figure: "ofOraclePercent", unit: 1, digits: 1 },
  { title: "first byte s", figure: "firstByteSeconds", unit: 1, digits: 3 },
  { title: "initial buffering s", figure: "initialBufferingSeconds", unit: 1, digits: 2 },
  { title: "lag MB", figure: "lagBytes", unit: 1e6, digits: 2 },
  { title: "peak MB", figure: "peakBytes", unit: 1e6, digits: 1 },
  { title: "longest stall s", figure: "longestStallSeconds", unit: 1, digits: 3 },
  { title: "wasted %", figure: "wastedPercent", unit: 1, digits: 2 },
];

/** Returns one row of the table; missing figures are empty. */
function line(
  name: string,
  seconds: number | undefined,
  figures: Partial<Figures>,
  missed: readonly (keyof Figures)[] = [],
): string[] {
  const cells = COLUMNS.map(({ figure, unit, digits }) => {
    const value = figures[figure];
    if (value === undefined) return "";
    return (value / unit).toFixed(digits) + (missed.includes(figure) ? "!" : " ");
  });
  return [name, seconds?.toFixed(2) ?? "", ...cells];
}

/** Prints the figures of the algorithms on a network; returns those within its bounds. */
function compare(network: NamedNetwork, algorithms: readonly string[]): string[] {
  const { name, bounds, links, size } = network;
  const yardstick = { capacity: capacity(network), oracleSeconds: 0 };
  const { seconds, points } = oracle(network);
  yardstick.oracleSeconds = seconds;
  const rows = [
    [name, "s", ...COLUMNS.map(({ title }) => `${title} `)],
    line("oracle", seconds, {
      ofCapacityPercent: 100 * size / seconds / yardstick.capacity,
      firstByteSeconds: points[0]![0],
      initialBufferingSeconds: initialBufferingSeconds(points),
    }),
    ...(Object.keys(bounds).length > 0 ? [line("bounds", undefined, bounds)] : []),
  ];
  const within: string[] = [];
  for (const algorithm of algorithms) {
    const outcome = simulate({ ...network, ...algorithmOf(algorithm).optionsOf(links) });
    if (outcome.error !== undefined) {
      rows.push([`${algorithm}: ${outcome.error.name}`, ...COLUMNS.map(() => ""), ""]);
      continue;
    }
    const figures = figuresOf(outcome, yardstick);
    const missed = missedBounds(figures, bounds);
    if (missed.length === 0) within.push(algorithm);
    rows.push(line(algorithm, outcome.seconds, figures, missed));
  }
  console.log(`${table(rows)}\n`);
  return within;
}

function report(networks: readonly NamedNetwork[], algorithms: readonly string[]): void {
  const kept = new Map(algorithms.map((name) => [name, 0]));
  let bounded = 0;
  for (const network of networks) {
    const within = compare(network, algorithms);
    if (Object.keys(network.bounds).length === 0) continue;
    bounded++;
    for (const name of within) kept.set(name, kept.get(name)! + 1);
  }
  for (const [name, count] of kept) {
    console.log(`${name}: all bounds kept on ${count} of ${bounded} networks that have them`);
  }
}

/**
 * Runs an algorithm on random networks; prints failures, and the comparison with the oracle if only the
 * links limit the download. Returns the number of failed networks.
 */
function fuzz(algorithm: string, count: number, firstSeed: number): number {
  const { requestsPerMirror, optionsOf } = algorithmOf(algorithm);
  const shares: number[] = [];
  let failures = 0;
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const options = randomNetwork(mulberry32(seed));
    try {
      const outcome = simulateStrictly(
        { ...options, ...optionsOf(options.links) },
        requestsPerMirror,
      );
      const share = shareOfOracle(options, outcome);
      if (share !== undefined) shares.push(share);
    } catch (error) {
      failures++;
      console.log(`${algorithm}, seed ${seed}: ${error}\n`);
    }
  }
  shares.sort((one, other) => one - other);
  const at = (part: number) => shares[Math.floor(part * (shares.length - 1))]?.toFixed(1) ?? "-";
  const whole = `${count - failures} of ${count} random networks without a fault`;
  const median = `of oracle % where the links set the limit (${shares.length}): median ${at(0.5)}`;
  console.log(`${algorithm}: ${whole}; ${median}, lowest tenth below ${at(0.1)}`);
  return failures;
}

/** Returns the share in percent, `undefined` if the consumer, the window, the start or resets limit the time. */
function shareOfOracle(
  options: SimulationOptions,
  { seconds, usedBytesByMirror }: Simulation,
): number | undefined {
  const { links, consumerBytesPerSecond, windowSize = 0 } = options;
  if (consumerBytesPerSecond !== undefined || windowSize < 4e6) return undefined;
  if (links.some(({ resetAfterBytes }) => resetAfterBytes !== undefined)) return undefined;
  const size = usedBytesByMirror.reduce((sum, bytes) => sum + bytes, 0);
  const best = oracle({ ...options, size }).seconds;
  return best < 1 ? undefined : 100 * best / seconds;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      fuzz: { type: "string" },
      seed: { type: "string", default: "1" },
      network: { type: "string", default: "" },
      links: { type: "string" },
      tcp: { type: "boolean", default: false },
      connections: { type: "string", default: "8" },
      runs: { type: "string", default: "3" },
    },
  });
  if (values.tcp) {
    const connections = values.connections === "auto" ? "auto" : Number(values.connections);
    const [runs, seed] = [Number(values.runs), Number(values.seed)];
    reportTcp({ scenarios: positionals, connections, runs, seed });
    Deno.exit(0);
  }
  const algorithms = positionals.length > 0 ? positionals : Object.keys(ALGORITHMS);
  algorithms.forEach(algorithmOf);
  if (values.links !== undefined) {
    compare(readLinks(values.links, Deno.readTextFileSync(values.links)), algorithms);
  } else if (values.fuzz === undefined) {
    report(NETWORKS.filter(({ name }) => name.includes(values.network)), algorithms);
  } else {
    const failures = algorithms.map((name) => fuzz(name, Number(values.fuzz), Number(values.seed)));
    if (failures.some((count) => count > 0)) Deno.exit(1);
  }
}

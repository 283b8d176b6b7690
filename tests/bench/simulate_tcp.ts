/**
 * Runs the adaptive algorithm in virtual time over links with TCP; "!" marks a figure that misses its
 * goal.
 *
 *     deno task simulate --tcp                      all scenarios of the lab, medians of three seeds
 *     deno task simulate --tcp testbed:10 lossy     some of them, and another size in MB
 *     deno task simulate --tcp fiber --connections 8 --runs 5 --seed 7
 *
 * `alone` is the time that a single request to the best mirror takes.
 *
 * @module
 */

import { scenarioLimit } from "../netlab/limit.ts";
import { type Scenario, SCENARIOS } from "../netlab/scenarios.ts";
import { latenessSeconds } from "../support/simulator/measures.ts";
import { networkOf, type TcpNetwork } from "../support/simulator/tcp/networks.ts";
import { runRangeLoad } from "../support/simulator/tcp/range_load.ts";
import { simulateTcp, type TcpSimulation } from "../support/simulator/tcp/simulation.ts";
import { median, table } from "./usage.ts";

/** Options of {@linkcode reportTcp}. */
export interface TcpReportOptions {
  /** Names of scenarios of the lab, perhaps with a size in MB: `fiber:400`. All if there are none. */
  readonly scenarios: readonly string[];
  /** Maximum number of connections per mirror. */
  readonly connections: number | "auto";
  readonly runs: number;
  /** Seed of the first run. */
  readonly seed: number;
}

/** What a download is to reach. */
interface Goal {
  /** Least share of the limit. */
  readonly ofLimit: number;
  readonly lateSeconds?: number;
  readonly longestStallSeconds?: number;
}

const GOALS: Readonly<Record<string, Goal>> = {
  "testbed:100": { ofLimit: 0.95, lateSeconds: 0.5, longestStallSeconds: 0.1 },
  "eight:100": { ofLimit: 0.93, lateSeconds: 1.5 },
  "fiber:400": { ofLimit: 0.88, lateSeconds: 1.5 },
  "lossy:100": { ofLimit: 0.8, lateSeconds: 1.5 },
  "drop:100": { ofLimit: 0.94, longestStallSeconds: 0.3 },
  "dead:100": { ofLimit: 0.94, longestStallSeconds: 0.3 },
  "flap:100": { ofLimit: 0.9, longestStallSeconds: 0.3 },
  "shared:100": { ofLimit: 0.96, lateSeconds: 0.8, longestStallSeconds: 0.15 },
  "bloat:100": { ofLimit: 0.93, lateSeconds: 0.8, longestStallSeconds: 0.15 },
  "limited:50": { ofLimit: 0.9 },
};

const TITLES = [
  "s",
  "of limit",
  "late s",
  "longest stall s",
  "first byte s",
  "twice %",
  "requests",
  "connections",
  "drops",
  "alone s",
];

const USUAL_MEGABYTES = [100];

/** Only for files up to this size one mirror alone is of interest. */
const SMALL_FILE_MEGABYTES = 10;

/** Bytes to which the window of a downloader may grow. */
const MOST_WINDOW = 128 * 1024 * 1024;

/** Virtual time after which a download is given up. */
const MOST_SECONDS = 600;

/** A scenario and the size of its file. */
interface Course {
  readonly name: string;
  readonly scenario: Scenario;
  readonly megabytes: number;
}

/**
 * Prints the figures of the algorithm in scenarios.
 *
 * @throws {RangeError} if there is no scenario of a name
 */
export function reportTcp({ scenarios, ...options }: TcpReportOptions): void {
  const names = scenarios.length > 0 ? scenarios : Object.keys(SCENARIOS);
  const rows = names.flatMap(coursesOf).map((course) => rowOf(course, options));
  console.log(table([["", ...TITLES], ...rows]));
}

/** Returns the courses of a name: all usual sizes of a scenario, or the one that it names. */
function coursesOf(text: string): Course[] {
  const [, name = "", size] = /^([^:]*)(?::([\d.]+))?$/.exec(text) ?? [];
  const scenario = SCENARIOS[name];
  if (scenario === undefined) {
    const names = Object.keys(SCENARIOS).join(", ");
    throw new RangeError(`There is no scenario "${text}"; there are ${names}`);
  }
  const sizes = size === undefined ? scenario.megabytes ?? USUAL_MEGABYTES : [Number(size)];
  return sizes.map((megabytes) => ({ name: `${name}:${megabytes}`, scenario, megabytes }));
}

function rowOf(
  { name, scenario, megabytes }: Course,
  { connections, runs, seed }: Omit<TcpReportOptions, "scenarios">,
): string[] {
  const network = networkOf(scenario);
  const size = megabytes * 1e6;
  const goal = GOALS[name];
  const outcomes = Array.from({ length: runs }, (_, run) =>
    simulateTcp({
      ...network,
      size,
      delay: "adaptive",
      maxConnectionsPerMirror: connections,
      mostWindowSize: MOST_WINDOW,
      seed: seed + run,
      limitSeconds: MOST_SECONDS,
    }));
  const failed = outcomes.find(({ error }) => error !== undefined);
  if (failed !== undefined) return [`${name}: ${failed.error}`, ...TITLES.map(() => "")];
  const limit = scenarioLimit(scenario, size).at(-1)!.seconds;
  const of = (figure: (outcome: TcpSimulation) => number) => median(outcomes.map(figure));
  const share = of(({ seconds }) => limit / seconds);
  const late = of(({ points }) => latenessSeconds(points, limit));
  const stall = of(({ longestStallSeconds }) => longestStallSeconds);
  const perLink = (figure: (outcome: TcpSimulation, link: number) => number) =>
    network.links.map((_, link) => Math.round(of((outcome) => figure(outcome, link)))).join("/");
  return [
    name,
    of(({ seconds }) => seconds).toFixed(2),
    share.toFixed(3) + mark(share < (goal?.ofLimit ?? 0)),
    late.toFixed(2) + mark(late > (goal?.lateSeconds ?? Infinity)),
    stall.toFixed(3) + mark(stall > (goal?.longestStallSeconds ?? Infinity)),
    of(({ firstByteSeconds }) => firstByteSeconds).toFixed(3),
    of((outcome) => 100 * (payloadOf(outcome) - size) / size).toFixed(2),
    of(({ requestsSent }) => requestsSent).toFixed(0),
    perLink(({ statistics }, link) => statistics[link]!.connections),
    perLink(({ statistics }, link) => {
      const { queue, loss, down } = statistics[link]!.drops;
      return queue + loss + down;
    }),
    megabytes > SMALL_FILE_MEGABYTES ? "" : aloneSeconds(network, size).toFixed(2),
  ];
}

function mark(isMissed: boolean): string {
  return isMissed ? "!" : " ";
}

/** Returns the number of bytes that reached the client, the heads of responses included. */
function payloadOf({ statistics }: TcpSimulation): number {
  return statistics.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0);
}

/** Returns the time that one request to the best mirror takes. */
function aloneSeconds({ links }: TcpNetwork, size: number): number {
  const load = { connections: 1, rangeBytes: size, ranges: 1, seconds: MOST_SECONDS };
  return Math.min(...links.map((mirror) => runRangeLoad(mirror, load).seconds));
}

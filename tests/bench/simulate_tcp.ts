/**
 * Runs the adaptive algorithm in virtual time over links with TCP; "!" marks a figure that misses its
 * goal.
 *
 *     deno task simulate --tcp                      all networks, medians of three seeds
 *     deno task simulate --tcp testbed lossy        some networks
 *     deno task simulate --tcp fiber --connections 8 --runs 5 --seed 7
 *
 * @module
 */

import { latenessSeconds } from "../support/simulator/measures.ts";
import { limitSeconds, TCP_NETWORKS, type TcpNetwork } from "../support/simulator/tcp/networks.ts";
import { runRangeLoad } from "../support/simulator/tcp/range_load.ts";
import { simulateTcp, type TcpSimulation } from "../support/simulator/tcp/simulation.ts";
import { median, table } from "./usage.ts";

/** Options of {@linkcode reportTcp}. */
export interface TcpReportOptions {
  /** Names of networks. */
  readonly networks: readonly string[];
  /** Maximum number of connections per mirror. */
  readonly connections: number | "auto";
  readonly runs: number;
  /** Seed of the first run. */
  readonly seed: number;
}

const TITLES = [
  "s",
  "of limit",
  "late s",
  "longest stall s",
  "first byte s",
  "beyond file %",
  "requests",
  "connections",
  "drops",
  "alone s",
];

/** Only for files up to this size one mirror alone is of interest. */
const SMALL_FILE = 10_000_000;

/** Virtual time after which a download is given up. */
const MOST_SECONDS = 600;

/**
 * Prints the figures of the algorithm on networks.
 *
 * @throws {RangeError} if there is no network of a name
 */
export function reportTcp({ networks, ...options }: TcpReportOptions): void {
  const names = networks.length > 0 ? networks : Object.keys(TCP_NETWORKS);
  const rows = names.map((name) => rowOf(name, networkOf(name), options));
  console.log(table([["network", ...TITLES], ...rows]));
}

function networkOf(name: string): TcpNetwork {
  const network = TCP_NETWORKS[name];
  if (network !== undefined) return network;
  const names = Object.keys(TCP_NETWORKS).join(", ");
  throw new RangeError(`There is no network "${name}"; there are ${names}`);
}

function rowOf(
  name: string,
  network: TcpNetwork,
  { connections, runs, seed }: Omit<TcpReportOptions, "networks">,
): string[] {
  const { links, size, goals } = network;
  const outcomes = Array.from({ length: runs }, (_, run) =>
    simulateTcp({
      ...network,
      delay: "adaptive",
      maxConnectionsPerMirror: connections,
      seed: seed + run,
      limitSeconds: MOST_SECONDS,
    }));
  const failed = outcomes.find(({ error }) => error !== undefined);
  if (failed !== undefined) return [`${name}: ${failed.error}`, ...TITLES.map(() => "")];
  const limit = limitSeconds(network);
  const of = (figure: (outcome: TcpSimulation) => number) => median(outcomes.map(figure));
  const share = of(({ seconds }) => limit / seconds);
  const late = of(({ points }) => latenessSeconds(points, limit));
  const stall = of(({ longestStallSeconds }) => longestStallSeconds);
  const perLink = (figure: (outcome: TcpSimulation, link: number) => number) =>
    links.map((_, link) => Math.round(of((outcome) => figure(outcome, link)))).join("/");
  return [
    name,
    of(({ seconds }) => seconds).toFixed(2),
    share.toFixed(3) + mark(share < (goals?.ofLimit ?? 0)),
    late.toFixed(2) + mark(late > (goals?.lateSeconds ?? Infinity)),
    stall.toFixed(3) + mark(stall > (goals?.longestStallSeconds ?? Infinity)),
    of(({ firstByteSeconds }) => firstByteSeconds).toFixed(3),
    of((outcome) => 100 * (payloadOf(outcome) - size) / size).toFixed(2),
    of(({ requestsSent }) => requestsSent).toFixed(0),
    perLink(({ statistics }, link) => statistics[link]!.connections),
    perLink(({ statistics }, link) => {
      const { queue, loss, down } = statistics[link]!.drops;
      return queue + loss + down;
    }),
    size > SMALL_FILE ? "" : aloneSeconds(network).toFixed(2),
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
function aloneSeconds({ links, size }: TcpNetwork): number {
  const load = { connections: 1, rangeBytes: size, ranges: 1, seconds: MOST_SECONDS };
  return Math.min(...links.map((mirror) => runRangeLoad(mirror, load).seconds));
}

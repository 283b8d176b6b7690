/**
 * Runs the scheduler in virtual time over links with TCP.
 *
 * @module
 */

import { mulberry32 } from "../../random.ts";
import type { EventQueue } from "../event_queue.ts";
import type { Simulation, SimulationOptions } from "../simulation.ts";
import { simulate } from "../simulator.ts";
import { AccessLink } from "./access_link.ts";
import { type LinkStatistics, TcpLink } from "./link.ts";
import type { TcpNetwork } from "./networks.ts";

/** Options of a simulation with TCP. */
export interface TcpSimulationOptions extends
  TcpNetwork,
  Omit<
    SimulationOptions,
    "links" | "clientBytesPerSecond" | "slowStart" | "connect"
  > {}

/** The outcome of a simulation with TCP. */
export interface TcpSimulation extends Simulation {
  /** What became of the packets of each link. */
  readonly statistics: readonly LinkStatistics[];
}

/** Makes the links of a network. */
export function connectTcp(network: TcpNetwork, queue: EventQueue, seed: number): TcpLink[] {
  const { links, clientBytesPerSecond } = network;
  const longestTripMs = Math.max(...links.map(({ roundTripMs }) => roundTripMs));
  const access = clientBytesPerSecond === undefined
    ? undefined
    : new AccessLink(queue, clientBytesPerSecond, longestTripMs);
  return links.map((mirror, index) =>
    new TcpLink(mirror, {
      queue,
      access,
      random: mulberry32(seed + 7919 * (index + 1)),
    })
  );
}

/** Runs one download to its end; throws as `simulate()` does. */
export function simulateTcp(options: TcpSimulationOptions): TcpSimulation {
  let links: readonly TcpLink[] = [];
  const outcome = simulate({
    ...options,
    connect: (queue, seed) => links = connectTcp(options, queue, seed),
  });
  return { ...outcome, statistics: links.map(({ statistics }) => statistics) };
}

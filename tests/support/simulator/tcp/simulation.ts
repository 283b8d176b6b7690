/**
 * Runs the scheduler in virtual time over links with TCP.
 *
 * @module
 */

import { mulberry32 } from "../../random.ts";
import type { EventQueue } from "../event_queue.ts";
import { simulate, type Simulation, type SimulationOptions } from "../simulator.ts";
import { AccessLink } from "./access_link.ts";
import { type LinkStatistics, TcpLink } from "./link.ts";
import type { TcpNetwork } from "./networks.ts";

/** How often the client opens a spare connection; measured. */
const SPARES = 0.2;

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

/** Makes the links of a network; see {@linkcode TcpLinkOptions} for spare connections. */
export function connectTcp(
  network: TcpNetwork,
  queue: EventQueue,
  { seed, spares }: { readonly seed: number; readonly spares: number },
): TcpLink[] {
  const { links, clientBytesPerSecond } = network;
  const longestTripMs = Math.max(...links.map(({ roundTripMs }) => roundTripMs));
  const access = clientBytesPerSecond === undefined
    ? undefined
    : new AccessLink(queue, clientBytesPerSecond, longestTripMs);
  return links.map((mirror, index) =>
    new TcpLink(mirror, {
      queue,
      access,
      spares,
      random: mulberry32(seed + 7919 * (index + 1)),
    })
  );
}

/** Runs one download to its end; throws as `simulate()` does. */
export function simulateTcp(options: TcpSimulationOptions): TcpSimulation {
  let links: readonly TcpLink[] = [];
  const outcome = simulate({
    ...options,
    connect: (queue, seed) => links = connectTcp(options, queue, { seed, spares: SPARES }),
  });
  return { ...outcome, statistics: links.map(({ statistics }) => statistics) };
}

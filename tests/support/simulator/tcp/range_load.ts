/**
 * The load by which the model is calibrated: some connections to one mirror, each requesting ranges one
 * after the other.
 *
 * @module
 */

import { EventQueue } from "../event_queue.ts";
import type { LinkStatistics } from "./link.ts";
import type { TcpMirror } from "./mirror.ts";
import { HEADER_BYTES, USUAL_MTU } from "./packet.ts";
import { connectTcp } from "./simulation.ts";

export interface RangeLoad {
  readonly connections: number;
  /** Length of each range, in bytes; `Infinity` for one response without an end. */
  readonly rangeBytes: number;
  readonly seconds: number;
  /** Maximum number of ranges in all. @default none */
  readonly ranges?: number;
  /** Seed of losses. @default 1 */
  readonly seed?: number;
}

export interface RangeLoadOutcome extends LinkStatistics {
  /** Bytes that arrived, over those that the link could carry in the time. */
  readonly share: number;
  /** Share of the time in which the link was sending. */
  readonly busy: number;
  readonly bytes: number;
  /** Bytes that each connection received. */
  readonly bytesByConnection: readonly number[];
  readonly seconds: number;
}

/** What stands for a response without an end, in bytes. */
const ENDLESS = 1e12;

/** Runs a load against a mirror. */
export function runRangeLoad(mirror: TcpMirror, load: RangeLoad): RangeLoadOutcome {
  const { connections, rangeBytes, ranges = Infinity, seed = 1 } = load;
  const queue = new EventQueue();
  const [link] = connectTcp({ links: [mirror] }, queue, seed);
  const endMs = 1000 * load.seconds;
  const bytesByConnection = new Array<number>(connections).fill(0);
  let left = ranges;
  let live = 0;
  const request = (connection: number) => {
    if (left-- <= 0) return;
    live++;
    link!.request({
      bytes: Math.min(rangeBytes, ENDLESS),
      resetAfterBytes: Infinity,
      unread: () => 0,
      answered: () => {},
      arrived: (bytes) => bytesByConnection[connection]! += bytes,
      ended: () => {
        live--;
        request(connection);
      },
      reset: () => {},
    });
  };
  for (let connection = 0; connection < connections; connection++) request(connection);
  // Events beyond the end are not run, though their time is not known before.
  queue.at(endMs, () => live = 0);
  while (live > 0 && queue.step());
  const seconds = queue.now / 1000;
  const bytes = bytesByConnection.reduce((sum, one) => sum + one, 0);
  const { statistics } = link!;
  const { bytesPerSecond, mtu = USUAL_MTU } = mirror;
  return {
    ...statistics,
    share: bytes / seconds / (bytesPerSecond * (mtu - HEADER_BYTES) / mtu),
    busy: statistics.busyMs / queue.now,
    bytes,
    bytesByConnection,
    seconds,
  };
}

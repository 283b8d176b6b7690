/**
 * Mirrors behind links of the TCP model.
 *
 * @module
 */

import type { SimulatedMirror } from "../mirror.ts";

/** What happens to connections beyond a server's limit: refused, reset with their first request, or never answered. */
export type Excess = "refuse" | "reset" | "silent";

/** A time span, in seconds. */
export type Span = readonly [from: number, until: number];

/** A mirror and its link. Rates count whole packets. */
export interface TcpMirror extends
  Pick<
    SimulatedMirror,
    | "bytesPerSecond"
    | "roundTripMs"
    | "ratesAt"
    | "connectionBytesPerSecond"
    | "thinkMs"
    | "size"
    | "version"
    | "changesAtMs"
    | "validators"
    | "resetAfterBytes"
    | "gate"
  > {
  /** Size of the drop-tail queue. @default one round trip at the link's rate, at least 64 KiB */
  readonly queueBytes?: number;
  /** Probability with which a packet to the client is lost. @default 0 */
  readonly loss?: number;
  /** Mean number of packets that are lost one after the other. @default 1 */
  readonly lossLength?: number;
  /** Maximum of a delay of the packets to the client that wanders, in milliseconds. @default 0 */
  readonly packetJitterMs?: number;
  /** Length of the largest packets in bytes. @default 1500 */
  readonly mtu?: number;
  /** When nothing passes, in either direction. */
  readonly downAt?: readonly Span[];
  /** Number of requests after which the server closes a connection. @default never */
  readonly requestsPerConnection?: number;
  /** Maximum number of connections at once, and what happens to others. @default no maximum */
  readonly connectionLimit?: { readonly most: number; readonly excess: Excess };
}

/** Returns a mirror by its rate in Mbit/s and its round trip in milliseconds. */
export function tcpMirror(
  megabits: number,
  roundTripMs: number,
  settings: Partial<TcpMirror> = {},
): TcpMirror {
  return { bytesPerSecond: megabits * 125_000, roundTripMs, ...settings };
}

/**
 * Networks for the TCP model: the thesis's two sets of mirrors, and what real networks do to them.
 *
 * @module
 */

import { HEADER_BYTES, SEGMENT_BYTES } from "./packet.ts";
import { type Span, type TcpMirror, tcpMirror } from "./mirror.ts";
import { RateTimeline } from "../rate_timeline.ts";

/** Links with TCP. */
export interface TcpLinks {
  readonly links: readonly TcpMirror[];
  /** Rate of an access link that all share. @default none */
  readonly clientBytesPerSecond?: number;
}

/** What a download is to reach. */
export interface Goals {
  /** Least share of the limit. */
  readonly ofLimit: number;
  /** Most lateness behind the straight line to the whole file at the limit. */
  readonly lateSeconds?: number;
  readonly longestStallSeconds?: number;
}

/** The links of a download, and its file. */
export interface TcpNetwork extends TcpLinks {
  /** Size of the file in bytes. */
  readonly size: number;
  readonly goals?: Goals;
}

const MEGABIT = 125_000;
const MB = 1_000_000;
const SIZE = 100 * MB;

/** A queue of a second. */
const bloated = (megabits: number) => ({ queueBytes: megabits * MEGABIT });

/** The last second of every three. */
const FLAPPING: readonly Span[] = Array.from({ length: 40 }, (_, n) => [3 * n + 2, 3 * n + 3]);

const CLOSES = { requestsPerConnection: 100 };
const LIMITED = { connectionBytesPerSecond: 10 * MEGABIT };
const WIRELESS = { packetJitterMs: 20, loss: 0.005, lossLength: 5 };

const TESTBED = [tcpMirror(150, 10), tcpMirror(50, 30), tcpMirror(15, 100)];
const FIBER = [tcpMirror(300, 30), tcpMirror(200, 50), tcpMirror(100, 80)];

/** All networks by name. The file has 100 MB unless the name says otherwise. */
export const TCP_NETWORKS: Readonly<Record<string, TcpNetwork>> = {
  testbed: {
    links: TESTBED,
    size: SIZE,
    goals: { ofLimit: 0.95, lateSeconds: 0.5, longestStallSeconds: 0.1 },
  },
  eight: {
    links: [
      tcpMirror(58.8, 10),
      tcpMirror(45.6, 12),
      tcpMirror(6.46, 180),
      tcpMirror(3.75, 250),
      tcpMirror(3.75, 240),
      tcpMirror(3.64, 260),
      tcpMirror(3.54, 220),
      tcpMirror(2.07, 300),
    ],
    size: SIZE,
    goals: { ofLimit: 0.93, lateSeconds: 1.5 },
  },
  fiber: { links: FIBER, size: SIZE },
  fiber400: { links: FIBER, size: 400 * MB, goals: { ofLimit: 0.88, lateSeconds: 1.5 } },
  far: { links: [tcpMirror(100, 150), tcpMirror(60, 200), tcpMirror(40, 120)], size: SIZE },
  lossy: {
    links: [
      tcpMirror(150, 10, { loss: 0.005 }),
      tcpMirror(50, 30, { loss: 0.01 }),
      tcpMirror(15, 100),
    ],
    size: SIZE,
    goals: { ofLimit: 0.8, lateSeconds: 1.5 },
  },
  // The fastest falls to a tenth and comes back.
  drop: {
    links: changed({ ratesAt: [[2, 15 * MEGABIT], [5, 150 * MEGABIT]] }),
    size: SIZE,
    goals: { ofLimit: 0.94, longestStallSeconds: 0.3 },
  },
  // The second falls silent and never comes back.
  dead: {
    links: changed({}, { downAt: [[2, Infinity]] }),
    size: SIZE,
    goals: { ofLimit: 0.94, longestStallSeconds: 0.3 },
  },
  flap: {
    links: changed({ downAt: FLAPPING }),
    size: SIZE,
    goals: { ofLimit: 0.9, longestStallSeconds: 0.3 },
  },
  shared: {
    links: [tcpMirror(100, 20), tcpMirror(100, 20), tcpMirror(100, 20)],
    clientBytesPerSecond: 100 * MEGABIT,
    size: SIZE,
    goals: { ofLimit: 0.96, lateSeconds: 0.8, longestStallSeconds: 0.15 },
  },
  bloat: {
    links: changed(bloated(150), bloated(50), bloated(15)),
    size: SIZE,
    goals: { ofLimit: 0.93, lateSeconds: 0.8, longestStallSeconds: 0.15 },
  },
  // Each server closes a connection after 100 requests.
  closes: { links: changed(CLOSES, CLOSES, CLOSES), size: SIZE },
  // The limit is that of eight connections.
  limited: {
    links: [tcpMirror(150, 10, LIMITED)],
    clientBytesPerSecond: 80 * MEGABIT,
    size: SIZE,
    goals: { ofLimit: 0.9 },
  },
  wireless: { links: changed(WIRELESS, WIRELESS, WIRELESS), size: SIZE },
  gigabit: { links: [tcpMirror(1000, 5)], size: SIZE },
  testbed1: { links: TESTBED, size: MB },
  testbed10: { links: TESTBED, size: 10 * MB },
  fiber1: { links: FIBER, size: MB },
  fiber10: { links: FIBER, size: 10 * MB },
};

/** Returns the testbed with changes to its links, the fastest first. */
function changed(...changes: readonly Partial<TcpMirror>[]): TcpMirror[] {
  return TESTBED.map((link, index) => ({ ...link, ...changes[index] }));
}

/** Returns the maximum rate of payload on a link, where every packet is full. */
export function goodputLimit(bytesPerSecond: number): number {
  return bytesPerSecond * SEGMENT_BYTES / (SEGMENT_BYTES + HEADER_BYTES);
}

/**
 * Returns the earliest time, in seconds, at which a file can have arrived: every link carries full
 * packets from its second round trip on, and the access link their sum. Losses cost nothing.
 */
export function limitSeconds(
  { links, size, clientBytesPerSecond = Infinity }: TcpLinks & { readonly size: number },
): number {
  const stepMs = 1;
  const rates = links.map((link) => new RateTimeline(link.bytesPerSecond, link.ratesAt));
  let bytes = 0;
  let ms = 0;
  for (; bytes < size && ms < 3600_000; ms += stepMs) {
    const sum = links.reduce((total, { roundTripMs, downAt = [] }, index) => {
      const isDown = downAt.some(([from, until]) => ms >= 1000 * from && ms < 1000 * until);
      return total + (ms < 2 * roundTripMs || isDown ? 0 : rates[index]!.at(ms));
    }, 0);
    bytes += goodputLimit(Math.min(sum, clientBytesPerSecond)) * stepMs / 1000;
  }
  return ms / 1000;
}

/**
 * The networks on which algorithms are compared: those with bounds, and some special cases.
 *
 * @module
 */

import type { Figures } from "./measures.ts";
import { mulberry32 } from "../random.ts";
import { wanderingRates } from "./rate_timeline.ts";
import { EIGHT_MIRRORS, megabits, type SimulatedMirror, TESTBED } from "./mirror.ts";
import type { Network } from "./simulation.ts";

/** A network with a name. */
export interface NamedNetwork extends Network {
  readonly name: string;
  /** Bounds for an algorithm with two requests per mirror; empty if there are none. */
  readonly bounds: Partial<Figures>;
}

const MB = 1_000_000;

/** Bounds in order; without the first one if rates change. */
type Row = readonly [
  ofCapacityPercent: number | undefined,
  ofOraclePercent: number,
  initialBufferingSeconds: number,
  lagMB: number,
  peakMB: number,
  longestStallSeconds: number,
];

/** Size of the sample of each mirror, and tolerance of the time of the vote. */
const SAMPLE_BYTES = 12 * 1024;
const VOTE_SLACK_MS = 5;

/** Wait for slower mirrors after the first sample: this time, or that many answer times of the first mirror. */
const GRACE_MS = 200;
const GRACE_ANSWERS = 3;

const TESTBED_BOUNDS: Row = [97.5, 99, 0.25, 0.8, 4, 0.03];

const THREE_ALIKE = megabits([[100, 20], [100, 20], [100, 20]]);

/** All networks. The file has 200 MB unless the name says otherwise. */
export const NETWORKS: readonly NamedNetwork[] = [
  named("testbed", TESTBED, { bounds: TESTBED_BOUNDS }),
  named("testbed, 754 MB", TESTBED, { size: 754 * MB, bounds: TESTBED_BOUNDS }),
  named("eight mirrors, 754 MB", EIGHT_MIRRORS, {
    size: 754 * MB,
    bounds: [98, 98.5, 0.6, 1.2, 6, 0.05],
  }),
  named("three of 100 Mbit/s", THREE_ALIKE, { bounds: [96.5, 98.5, 0.3, 1.5, 6, 0.03] }),
  // 200 MB would be complete before the rate drops.
  named(
    "testbed, 754 MB, A at 10 % from 10 to 20 s",
    testbed({ ratesAt: [[10, 1_875_000], [20, 18_750_000]] }),
    { size: 754 * MB, bounds: [undefined, 98, 3.7, 1, 12, 0.05] },
  ),
  named("testbed, B silent from 5 s", testbed({}, { silentFromMs: 5000 }), {
    bounds: [undefined, 98, 0.2, 0.5, 5, 0.15],
  }),
  ...[1, 2, 3].map((seed) =>
    named(`testbed, every rate wanders (${seed})`, wandering(TESTBED, seed), {
      bounds: [undefined, 96, 1, 2, 20, 0.1],
    })
  ),
  named("testbed, 20 MB", TESTBED, {
    size: 20 * MB,
    bounds: [undefined, 95, 0.2, 0.8, 4, 0.03],
  }),
  named("200 and 4 Mbit/s", megabits([[200, 10], [4, 40]]), {
    bounds: [98, 98.5, 0.17, 0.3, 3, 0.03],
  }),
  named("testbed, A dead from 2 s", testbed({ deadFromMs: 2000 }), {
    bounds: [undefined, 98, 0.2, 0.5, 5, 0.3],
  }),
  named("testbed, A dead from 2 to 4 s", testbed({ deadFromMs: 2000, returnsAtMs: 4000 })),
  named("testbed, A dark from 2 to 3 s", testbed({ ratesAt: [[2, 0], [3, 18_750_000]] })),
  named("testbed, A resets after 3 MB", testbed({ resetAfterBytes: 3 * MB })),
  named("testbed, thinks for 50 ms", TESTBED.map((link) => ({ ...link, thinkMs: 50 }))),
  named("testbed, jitter of 30 ms", TESTBED.map((link) => ({ ...link, jitterMs: 30 }))),
  named("three of 100 Mbit/s behind 100", THREE_ALIKE, { clientBytesPerSecond: 12_500_000 }),
  named(
    "three of 100 Mbit/s, 20 a connection",
    THREE_ALIKE.map((link) => ({ ...link, connectionBytesPerSecond: 2_500_000 })),
  ),
  named("testbed and one of 0.1 Mbit/s", [...TESTBED, ...megabits([[0.1, 300]])]),
  named("one of 100 Mbit/s", megabits([[100, 20]])),
];

/** Returns the testbed with changes to its links, the fastest first. */
function testbed(...changes: readonly Partial<SimulatedMirror>[]): SimulatedMirror[] {
  return TESTBED.map((link, index) => ({ ...link, ...changes[index] }));
}

/** Returns links with wandering rates, each with its own seed. */
function wandering(links: readonly SimulatedMirror[], seed: number): SimulatedMirror[] {
  return links.map((link, index) => {
    const random = mulberry32(100 * seed + index);
    return { ...link, ratesAt: wanderingRates(link.bytesPerSecond, { random }) };
  });
}

interface NetworkFacts extends Partial<Omit<Network, "links">> {
  readonly bounds?: Row;
}

function named(
  name: string,
  links: readonly SimulatedMirror[],
  { bounds, size = 200 * MB, ...network }: NetworkFacts = {},
): NamedNetwork {
  return {
    name,
    links,
    size,
    slowStart: true,
    ...network,
    bounds: bounds === undefined ? {} : boundsOf(bounds, links, size),
  };
}

/**
 * Returns when the vote of the mirrors on the file can be decided, in milliseconds. A first byte after
 * two round trips of the nearest mirror would be possible, but one mirror may have another file than
 * the rest, and a wrong byte is worse than a late one. So requests start with the first response, and
 * bytes are delivered once enough mirrors agree that they cannot be outvoted, or once the first of them
 * has waited long enough for the others.
 */
export function voteMs(links: readonly SimulatedMirror[]): number {
  const answers = links.map(({ roundTripMs, bytesPerSecond, thinkMs = 0, jitterMs = 0 }) => {
    const answerMs = 2 * roundTripMs + thinkMs + jitterMs;
    return { answerMs, sampledMs: answerMs + SAMPLE_BYTES * 1000 / bytesPerSecond };
  }).sort((one, other) => one.sampledMs - other.sampledMs);
  const first = answers[0]!;
  const majority = answers[Math.floor(links.length / 2)]!;
  const graceMs = Math.max(GRACE_MS, GRACE_ANSWERS * first.answerMs);
  return Math.min(majority.sampledMs, first.sampledMs + graceMs);
}

function boundsOf(
  [ofCapacity, ofOracle, initialBuffering, lagMB, peakMB, longestStall]: Row,
  links: readonly SimulatedMirror[],
  size: number,
): Partial<Figures> {
  return {
    ...(ofCapacity !== undefined && { ofCapacityPercent: ofCapacity }),
    ofOraclePercent: ofOracle,
    firstByteSeconds: Math.ceil(voteMs(links) + VOTE_SLACK_MS) / 1000,
    initialBufferingSeconds: initialBuffering,
    lagBytes: lagMB * MB,
    peakBytes: peakMB * MB,
    longestStallSeconds: longestStall,
    ...(size > 5 * MB && { wastedPercent: 2 }),
  };
}

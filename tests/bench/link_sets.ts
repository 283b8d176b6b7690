/**
 * The links over which commands are compared. Rates are in bytes per second; the time of a mirror
 * starts with its first request.
 *
 * @module
 */

import type { Fault } from "../support/lab/faults.ts";
import { EIGHT_MIRRORS, TESTBED } from "../support/simulator/mirror.ts";

/** A mirror of the lab and its link; see `MirrorOptions` of the mirror lab. */
export interface ShapedLink {
  readonly bytesPerSecond: number;
  readonly roundTripMs: number;
  /** Later rates; 0 is silence. */
  readonly ratesAt?: readonly (readonly [seconds: number, bytesPerSecond: number])[];
  readonly faults?: readonly Fault[];
}

/** The mirrors of one file. */
export interface LinkSet {
  /** Its name on the command line. */
  readonly name: string;
  readonly title: string;
  /** The fastest comes first. */
  readonly links: readonly ShapedLink[];
}

const MEGABIT = 125_000;

/** Returns the testbed with changes to its links: the fast, the middle and the slow one. */
function testbedWith(changes: readonly Partial<ShapedLink>[]): ShapedLink[] {
  return TESTBED.map((link, index) => ({ ...link, ...changes[index] }));
}

/** All sets, in the order in which they run. */
export const LINK_SETS: readonly LinkSet[] = [
  {
    name: "testbed",
    title: "150/50/15 Mbit/s, round trips of 10/30/100 ms",
    links: TESTBED,
  },
  {
    name: "eight",
    title: "eight public mirrors, 58.8 to 2.07 Mbit/s, round trips of 10 to 300 ms",
    links: EIGHT_MIRRORS,
  },
  {
    name: "equal",
    title: "three times 100 Mbit/s, round trips of 20 ms",
    links: Array.from({ length: 3 }, () => ({ bytesPerSecond: 100 * MEGABIT, roundTripMs: 20 })),
  },
  {
    name: "dip",
    title: "testbed, the fastest at 10 % from 2 to 5 s",
    links: testbedWith([{ ratesAt: [[2, 15 * MEGABIT], [5, 150 * MEGABIT]] }]),
  },
  {
    name: "silent",
    title: "testbed, the second silent from 2 s on",
    links: testbedWith([{}, { ratesAt: [[2, 0]] }]),
  },
  {
    name: "reset",
    title: "testbed, the second resets each response after 400 kB",
    links: testbedWith([{}, { faults: [{ kind: "reset", afterBytes: 400_000 }] }]),
  },
  {
    name: "early",
    title: "testbed, the fastest silent from 0.4 s on",
    links: testbedWith([{ ratesAt: [[0.4, 0]] }]),
  },
];

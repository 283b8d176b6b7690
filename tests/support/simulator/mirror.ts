/**
 * What is told of a simulated mirror and its link, and the two sets of mirrors that the thesis
 * measured.
 *
 * @module
 */

import type { RateChange } from "./rate_timeline.ts";

/** A mirror and its link. */
export interface SimulatedMirror {
  /** The link's nominal rate. */
  readonly bytesPerSecond: number;
  /** A connection takes one, a request another. */
  readonly roundTripMs: number;
  /** Changes of the link's rate in the order of their times; 0 is a blackout. */
  readonly ratesAt?: readonly RateChange[];
  /** The most that one connection carries. */
  readonly connectionBytesPerSecond?: number;
  /** The server takes this long over each answer, in milliseconds. */
  readonly thinkMs?: number;
  /** Each answer comes later by up to this much, in milliseconds, at random. */
  readonly jitterMs?: number;
  /** Size that it gives; by default that of the simulation. */
  readonly size?: number;
  /** From when on it sends nothing any more, in milliseconds. */
  readonly silentFromMs?: number;
  /** When its connections go silent for good and new ones bring nothing, in milliseconds. */
  readonly deadFromMs?: number;
  /** When connections that are new then work again, in milliseconds. */
  readonly returnsAtMs?: number;
  /** Resets the connection of each request after this many bytes. */
  readonly resetAfterBytes?: number;
}

/** The URL of the mirror at `index`. */
export function simulatedUrl(index: number): string {
  return `http://mirror${index}.test/file`;
}

/** Mirrors by their rates in Mbit/s and round trips in milliseconds. */
export function megabits(
  links: readonly (readonly [rate: number, roundTripMs: number])[],
): SimulatedMirror[] {
  return links.map(([rate, roundTripMs]) => ({ bytesPerSecond: rate * 125_000, roundTripMs }));
}

/** The thesis's testbed: 150, 50 and 15 Mbit/s with round trips of 10, 30 and 100 ms. */
export const TESTBED: readonly SimulatedMirror[] = megabits([[150, 10], [50, 30], [15, 100]]);

/** The eight public mirrors that the thesis measured. */
export const EIGHT_MIRRORS: readonly SimulatedMirror[] = megabits([
  [58.8, 10],
  [45.6, 12],
  [6.46, 180],
  [3.75, 250],
  [3.75, 240],
  [3.64, 260],
  [3.54, 220],
  [2.07, 300],
]);

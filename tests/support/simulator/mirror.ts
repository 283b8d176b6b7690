/**
 * Simulated mirrors and their links, and the two sets of mirrors that the thesis measured.
 *
 * @module
 */

import type { GateOptions } from "./gate.ts";
import type { RateChange } from "./rate_timeline.ts";

/** A mirror and its link. */
export interface SimulatedMirror {
  /** The link's nominal rate. */
  readonly bytesPerSecond: number;
  /** A connection takes one round trip, a request another one. */
  readonly roundTripMs: number;
  /** Changes of the rate in order of time; 0 is a blackout. */
  readonly ratesAt?: readonly RateChange[];
  /** Maximum rate of one connection. */
  readonly connectionBytesPerSecond?: number;
  /** How many requests are served at once; others are accepted, and trickle at this rate. @default all */
  readonly trickle?: { readonly behind: number; readonly bytesPerSecond: number };
  /** Server time for each response, in milliseconds. */
  readonly thinkMs?: number;
  /** Maximum random delay of each response, in milliseconds. */
  readonly jitterMs?: number;
  /** Size that it reports; by default that of the simulation. */
  readonly size?: number;
  /** Name of the version of the file that it has. @default "first" */
  readonly version?: string;
  /** The byte from which that differs from the first version. @default 0 */
  readonly versionFrom?: number;
  /** Time from which it has another version, in milliseconds. @default never */
  readonly changesAtMs?: number;
  /** Whether each response has the version's ETag, another one, or none. @default "strong" */
  readonly validators?: "strong" | "random" | "none";
  /** Time from which it sends nothing, in milliseconds. */
  readonly silentFromMs?: number;
  /** Time from which connections, old and new, deliver nothing, in milliseconds. */
  readonly deadFromMs?: number;
  /** Time from which new connections work again, in milliseconds. */
  readonly returnsAtMs?: number;
  /** Resets the connection of each request after this many bytes. */
  readonly resetAfterBytes?: number;
  /** Time at which it resets all connections, in milliseconds. */
  readonly resetsAtMs?: number;
  /** Whether it resets new connections, too, from then on. */
  readonly resetsNew?: boolean;
  /** When it is added, in milliseconds; such mirrors come last. @default at the start */
  readonly joinsAtMs?: number;
  /** When it is dropped, in milliseconds. @default never */
  readonly dropsAtMs?: number;
  /** The query of its URL, without "?". @default none */
  readonly query?: string | undefined;
  /** What it allows, and the status of what it refuses (503). */
  readonly gate?: GateOptions & { readonly status?: number; readonly hangs?: boolean };
}

/** Returns the URL of the mirror at `index`. */
export function simulatedUrl(index: number): string {
  return `http://mirror${index}.test/file`;
}

/** Returns mirrors with these rates in Mbit/s and round trips in milliseconds. */
export function megabits(
  links: readonly (readonly [rate: number, roundTripMs: number])[],
): SimulatedMirror[] {
  return links.map(([rate, roundTripMs]) => ({ bytesPerSecond: rate * 125_000, roundTripMs }));
}

/** The thesis's testbed: 150, 50 and 15 Mbit/s with round trips of 10, 30 and 100 ms. */
export const TESTBED: readonly SimulatedMirror[] = megabits([[150, 10], [50, 30], [15, 100]]);

/** Rates in Mbit/s and round trips in milliseconds of the eight public mirrors that the thesis measured. */
export const EIGHT_LINKS: readonly (readonly [rate: number, roundTripMs: number])[] = [
  [58.8, 10],
  [45.6, 12],
  [6.46, 180],
  [3.75, 250],
  [3.75, 240],
  [3.64, 260],
  [3.54, 220],
  [2.07, 300],
];

/** Those mirrors. */
export const EIGHT_MIRRORS: readonly SimulatedMirror[] = megabits(EIGHT_LINKS);

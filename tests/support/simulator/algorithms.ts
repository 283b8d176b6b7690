/**
 * The table of simulated algorithms, by the names that reports, tests and the fuzzer use.
 *
 * @module
 */

import { type DelayRequest, delayRequests } from "../../../lib/policy/delay.ts";
import type { TestOptions } from "../scheduler/scheduler_options.ts";
import { type SimulatedMirror, simulatedUrl } from "./mirror.ts";

/** Returns, for the algorithm `static`, how many blocks ahead each mirror is asked, by its link's rate. */
export function staticDelaysFor(
  links: readonly { readonly bytesPerSecond: number }[],
): number[] {
  const total = links.reduce((sum, { bytesPerSecond }) => sum + bytesPerSecond, 0);
  return links.map(({ bytesPerSecond }) => {
    // What the others deliver while this one delivers a block, less what they have asked for.
    const others = (total - bytesPerSecond) / bytesPerSecond;
    return Math.max(0, Math.round(others - (links.length - 1)));
  });
}

/** Returns a delay request algorithm by name, with static delays that fit the links. */
export function delayRequestOf(name: string, links: readonly SimulatedMirror[]): DelayRequest {
  const staticDelays = new Map(
    staticDelaysFor(links).map((blocks, index) => [simulatedUrl(index), blocks]),
  );
  const initialDelay = name !== "diff without initial delay";
  const settings = { initialDelay, initialDelayCoefficient: 10, staticDelays };
  const key = initialDelay ? name as keyof typeof delayRequests : "diff";
  return delayRequests[key](settings);
}

/** A simulated algorithm. */
export interface SimulatedAlgorithm {
  /** Maximum number of live requests per mirror. */
  readonly requestsPerMirror: number;
  /** Returns the options of its scheduler. */
  readonly optionsOf: (links: readonly SimulatedMirror[]) => TestOptions;
}

function classic(name: string): SimulatedAlgorithm {
  return { requestsPerMirror: 1, optionsOf: (links) => ({ delay: delayRequestOf(name, links) }) };
}

/** All algorithms by name. */
export const ALGORITHMS: Readonly<Record<string, SimulatedAlgorithm>> = {
  normal: classic("normal"),
  "diff without initial delay": classic("diff without initial delay"),
  diff: classic("diff"),
  inv: classic("inv"),
  static: classic("static"),
  adaptive: { requestsPerMirror: 2, optionsOf: () => ({ delay: "adaptive" }) },
};

/**
 * Returns the options of a scheduler that follows an algorithm.
 *
 * @throws {RangeError} if the name is not in {@linkcode ALGORITHMS}
 */
export function schedulerOptionsOf(
  name: string,
  links: readonly SimulatedMirror[],
): TestOptions {
  return algorithmOf(name).optionsOf(links);
}

/**
 * Returns the algorithm with this name.
 *
 * @throws {RangeError} if the name is not in {@linkcode ALGORITHMS}
 */
export function algorithmOf(name: string): SimulatedAlgorithm {
  const algorithm = ALGORITHMS[name];
  if (algorithm !== undefined) return algorithm;
  const names = Object.keys(ALGORITHMS).join(", ");
  throw new RangeError(`There is no algorithm "${name}"; there are ${names}`);
}

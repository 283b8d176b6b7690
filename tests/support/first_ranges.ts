/**
 * What a download dares to request from a long and fast link at first: little, unless it knows the link.
 *
 * @module
 */

import type { LabMirror, MirrorOptions } from "./lab/mirror_lab.ts";

const ROUND_TRIP_MS = 100;

/** So long that without a rate little is dared at first; so fast that this is far too little. */
export const LONG_AND_FAST: Omit<MirrorOptions, "content"> = {
  bytesPerSecond: 20e6,
  roundTripMs: ROUND_TRIP_MS,
};

/** More bytes than eight connections request at first where the link is not known: 64 KiB each. */
export const MUCH = 600_000;

/**
 * Returns the bytes that were requested at once behind the probe, before the first answer to these requests could come;
 * none if others were faster. `from` is the index of the probe.
 */
export function firstRanges({ requests }: LabMirror, from = 0): number {
  const [, ...others] = requests.slice(from);
  // They are sent at once; to a busy machine, an answer may seem to come early.
  const until = (others[0]?.atMs ?? 0) + ROUND_TRIP_MS / 2;
  const first = others.filter(({ atMs }) => atMs < until);
  return first.reduce((sum, { range }) => sum + range!.end - range!.start, 0);
}

/** Returns the most of three runs: to a busy machine, a link's first bytes may seem slow. */
export async function mostFirstRanges(
  mirror: LabMirror,
  run: () => Promise<unknown>,
): Promise<number> {
  let most = 0;
  for (let attempt = 0; attempt < 3 && most < MUCH; attempt++) {
    const before = mirror.requests.length;
    await run();
    most = Math.max(most, firstRanges(mirror, before));
  }
  return most;
}

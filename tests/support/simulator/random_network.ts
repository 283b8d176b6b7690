/**
 * Random networks for fuzzing: mirrors that are slow, far, unsteady, silent, dead for a while, or reset
 * connections. At least one is healthy, so a download must succeed.
 *
 * @module
 */

import { type RateChange, wanderingRates } from "./rate_timeline.ts";
import type { SimulatedMirror } from "./mirror.ts";
import type { SimulationOptions } from "./simulation.ts";

type Random = () => number;

/** Returns the options of a simulation on a random network, without the algorithm. */
export function randomNetwork(random: Random): SimulationOptions {
  const healthy = steadyLink(random);
  const others = Array.from({ length: Math.floor(8 * random()) }, () => anyLink(random));
  const links = others.toSpliced(Math.floor((others.length + 1) * random()), 0, healthy);
  const total = links.reduce((sum, { bytesPerSecond }) => sum + bytesPerSecond, 0);
  const windowSize = Math.round(10 ** between(4.3, 7.5, random));
  // The healthy mirror alone needs a minute at most; a window holds at least a fiftieth of the file.
  const most = Math.min(30_000_000, 50 * windowSize, 60 * healthy.bytesPerSecond);
  const size = maybe(0.05, random) ? 0 : Math.floor(most * random());
  const splitSize = Math.floor(Math.max(size / 100, windowSize * between(0.02, 0.5, random)));
  return {
    links,
    size,
    windowSize,
    splitSize: Math.max(1000, Math.min(splitSize, Math.floor(windowSize / 2))),
    slowStart: maybe(0.7, random),
    seed: Math.floor(random() * 2 ** 31),
    limitSeconds: 3600,
    ...(maybe(0.1, random) && partOf(size, random)),
    ...(maybe(0.2, random) && { clientBytesPerSecond: total * between(0.2, 1, random) }),
    ...(maybe(0.25, random) && {
      consumerBytesPerSecond: Math.max(size / 60, 10 ** between(5, 7, random)),
    }),
  };
}

function between(low: number, high: number, random: Random): number {
  return low + random() * (high - low);
}

function maybe(probability: number, random: Random): boolean {
  return random() < probability;
}

/** Returns a range of a file, which may extend beyond its end. */
function partOf(size: number, random: Random): { start: number; end: number } {
  const start = Math.floor(random() * Math.max(0, size - 1));
  return { start, end: start + 1 + Math.floor(random() * size) };
}

/** Returns a link that always delivers, though perhaps unsteadily. */
function steadyLink(random: Random): SimulatedMirror {
  const bytesPerSecond = Math.round(10 ** between(4.7, 7.5, random));
  return {
    bytesPerSecond,
    roundTripMs: between(1, 300, random),
    ...(maybe(0.3, random) && { jitterMs: between(0, 100, random) }),
    ...(maybe(0.2, random) && { thinkMs: between(0, 200, random) }),
    ...(maybe(0.2, random) && {
      connectionBytesPerSecond: bytesPerSecond * between(0.2, 1, random),
    }),
    ...(maybe(0.3, random) && { ratesAt: unsteadyRates(bytesPerSecond, random) }),
  };
}

function unsteadyRates(bytesPerSecond: number, random: Random): RateChange[] {
  if (maybe(0.5, random)) return wanderingRates(bytesPerSecond, { seconds: 60, random });
  const fromSeconds = between(0, 5, random);
  const slump = Math.round(bytesPerSecond * between(0.05, 0.5, random));
  return [[fromSeconds, slump], [fromSeconds + between(0.1, 10, random), bytesPerSecond]];
}

function anyLink(random: Random): SimulatedMirror {
  const link = steadyLink(random);
  const fromMs = between(0, 4000, random);
  const lastsMs = 10 ** between(1.5, 4, random);
  switch (Math.floor(8 * random())) {
    case 0:
      return { ...link, silentFromMs: fromMs };
    case 1:
      return { ...link, deadFromMs: fromMs, returnsAtMs: fromMs + lastsMs };
    case 2:
      return { ...link, resetAfterBytes: Math.floor(10 ** between(0, 6.5, random)) };
    case 3: {
      const back: RateChange = [(fromMs + lastsMs) / 1000, link.bytesPerSecond];
      return { ...link, ratesAt: [[fromMs / 1000, 0], back] };
    }
    default:
      return link;
  }
}

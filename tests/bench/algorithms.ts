/**
 * Measures every algorithm as the thesis does, on its testbed over real sockets, by the library.
 *
 * @module
 */

import { DelayRequestAlgorithm } from "../../mod.ts";
import { TESTBED } from "../support/simulator/mirror.ts";
import { spawnLab } from "../support/lab/spawn_lab.ts";
import type { Drained } from "./drain.ts";
import { limitCurve } from "./link_limit.ts";
import { staticDelaysFor } from "../support/simulator/algorithms.ts";
import { median, runDrain, table } from "./usage.ts";

const SIZE = 200_000_000;
const RUNS = 3;
const HEAD = [
  "testbed",
  "wall s",
  "of limit",
  "first byte s",
  "stall s",
  "initial buffering s",
  "invalid blocks",
  "peak MB",
];

/** Runs all algorithms on the testbed. */
export async function algorithms(): Promise<void> {
  const limitSeconds = limitCurve(TESTBED, SIZE).at(-1)!.seconds;
  const blocks = staticDelaysFor(TESTBED);
  const rows = [HEAD];
  for (const delayRequest of Object.values(DelayRequestAlgorithm)) {
    for (const initialDelay of delayRequest === "diff" ? [true, false] : [true]) {
      const runs: Drained[] = [];
      for (let run = 0; run < RUNS; run++) {
        await using lab = await spawnLab({ size: SIZE, mirrors: [...TESTBED] });
        const urls = lab.urls;
        const delays = delayRequest === "static"
          ? Object.fromEntries(urls.map((url, index) => [url, blocks[index]!]))
          : undefined;
        const options = { delayRequest, initialDelay, staticDelays: delays, trace: true };
        runs.push(await runDrain<Drained>({ urls, options }));
      }
      const middle = (of: (run: Drained) => number) => median(runs.map(of));
      const wall = middle(({ seconds }) => seconds);
      rows.push([
        initialDelay ? delayRequest : `${delayRequest} without initial delay`,
        wall.toFixed(2),
        (limitSeconds / wall).toFixed(3),
        middle((run) => run.firstByteSeconds).toFixed(3),
        middle((run) => run.longestStallSeconds).toFixed(2),
        middle((run) => run.initialBufferingSeconds).toFixed(2),
        middle((run) => run.meanInvalidBlocks).toFixed(2),
        (middle((run) => run.peakBufferedBytes) / 1e6).toFixed(1),
      ]);
    }
  }
  console.log(`\n${SIZE / 1e6} MB by the library on the testbed, medians of ${RUNS}; the clock`);
  console.log(
    `starts when the process is ready; the links' limit is ${limitSeconds.toFixed(2)} s\n`,
  );
  console.log(table(rows));
}

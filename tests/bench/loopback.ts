/**
 * Benchmarks of speed and memory over loopback, from one nginx that plays three mirrors.
 *
 * @module
 */

import type { Drained } from "./drain.ts";
import { sphttp } from "./own_command.ts";
import { withHoles } from "./served.ts";
import { median, runDrain, runMeasured, table } from "./usage.ts";

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const RUNS = 7;

/** Downloads 1 GiB by plain fetch, the library, and the command line, in turns. */
export async function speed(): Promise<void> {
  await withHoles([GIB], async (urls) => {
    const [one] = urls(GIB);
    const rows: Record<string, () => Promise<{ seconds: number; cpuSeconds: number }>> = {
      "one plain fetch, drained": () => runDrain<Drained>({ urls: [one] }),
      "three plain fetches side by side, a third each": () =>
        runDrain<Drained>({ urls: urls(GIB) }),
      "library, three mirrors": () => runDrain<Drained>({ urls: urls(GIB), options: {} }),
      "library, three mirrors, parts released": () =>
        runDrain<Drained>({ urls: urls(GIB), options: {}, release: true }),
      "command line -o /dev/null, its start included": () =>
        runMeasured([...sphttp(), "-s", "-o", "/dev/null", ...urls(GIB)]),
    };
    const results = Object.keys(rows).map(() => [] as { seconds: number; cpuSeconds: number }[]);
    for (let run = 0; run <= RUNS; run++) {
      for (const [index, measure] of Object.values(rows).entries()) {
        const result = await measure();
        // The first round warms up caches.
        if (run > 0) results[index]!.push(result);
      }
    }
    const plain = results[0]!;
    const ratio = (
      runs: typeof plain,
      of: (run: typeof plain[0], base: typeof plain[0]) => number,
    ) => median(runs.map((run, index) => of(run, plain[index]!))).toFixed(2);
    console.log(`\n1 GiB from three mirrors on one nginx, medians of ${RUNS} runs in turns\n`);
    console.log(table([
      ["", "MB/s", "of plain", "CPU s/GiB", "of plain"],
      ...Object.keys(rows).map((name, index) => {
        const runs = results[index]!;
        return [
          name,
          (GIB / 1e6 / median(runs.map(({ seconds }) => seconds))).toFixed(0),
          ratio(runs, (run, base) => base.seconds / run.seconds),
          median(runs.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2),
          ratio(runs, (run, base) => run.cpuSeconds / base.cpuSeconds),
        ];
      }),
    ]));
  });
}

/** Measures peak memory for a small and a large file. */
export async function memory(): Promise<void> {
  const sizes = [256 * MIB, 4 * GIB];
  await withHoles(sizes, async (urls) => {
    const rows = [["file", "peak RSS MB", "peak buffer MB", "MB/s"]];
    for (const size of sizes) {
      const runs: Drained[] = [];
      for (let run = 0; run < 3; run++) {
        runs.push(await runDrain<Drained>({ urls: urls(size), options: {} }));
      }
      rows.push([
        `${size / MIB} MiB`,
        (median(runs.map(({ peakRssBytes }) => peakRssBytes)) / 1e6).toFixed(0),
        (median(runs.map(({ peakBufferedBytes }) => peakBufferedBytes)) / 1e6).toFixed(1),
        (size / 1e6 / median(runs.map(({ seconds }) => seconds))).toFixed(0),
      ]);
    }
    console.log("\nMemory, library with three mirrors, medians of 3 runs\n");
    console.log(table(rows));
  });
}

/** Measures memory while the consumer does not read for a minute. */
export async function pause(): Promise<void> {
  await withHoles([GIB], async (urls) => {
    const spec = { urls: urls(GIB), options: {}, pause: { afterBytes: 100e6, seconds: 60 } };
    const { bytes, pausedRssBytes, peakBufferedBytes } = await runDrain<Drained>(spec);
    const [before, after] = pausedRssBytes!.map((rss) => (rss / 1e6).toFixed(0));
    console.log("\nA consumer that stops reading for 60 s after 100 MB of 1 GiB\n");
    console.log(`resident memory ${before} MB after 2 s of it, ${after} MB after 60 s`);
    console.log(`at most ${(peakBufferedBytes / 1e6).toFixed(1)} MB held of a window of 33.6 MB`);
    console.log(`${bytes === GIB ? "all" : `only ${bytes}`} bytes were received in the end`);
  });
}

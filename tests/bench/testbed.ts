/**
 * Shaped links over real sockets: the thesis's testbed, every algorithm and the usual tools.
 *
 * @module
 */

import { DelayRequestAlgorithm } from "../../mod.ts";
import { findExecutable } from "../support/executable.ts";
import { delayRequestOf, simulatedUrl, TESTBED } from "../support/simulator.ts";
import { spawnLab } from "../support/spawn_lab.ts";
import type { Drained } from "./drain.ts";
import { median, runDrain, runMeasured, table } from "./usage.ts";

const SIZE = 200_000_000;
const RUNS = 3;

/** Seconds that the links need for the file, each flowing from its second round trip on. */
function limitSeconds(): number {
  const total = TESTBED.reduce((sum, { bytesPerSecond }) => sum + bytesPerSecond, 0);
  const lost = TESTBED.reduce(
    (sum, { bytesPerSecond, roundTripMs }) => sum + bytesPerSecond * 2 * roundTripMs / 1000,
    0,
  );
  return (SIZE + lost) / total;
}

/** All algorithms on the testbed. */
export async function testbed(): Promise<void> {
  const rows = [[
    "200 MB, 150/50/15 Mbit/s",
    "wall s",
    "of limit",
    "first byte s",
    "stall s",
    "initial buffering s",
    "invalid blocks",
    "peak MB",
  ]];
  for (const delayRequest of Object.values(DelayRequestAlgorithm)) {
    for (const initialDelay of delayRequest === "diff" ? [true, false] : [true]) {
      const runs: Drained[] = [];
      for (let run = 0; run < RUNS; run++) {
        await using lab = await spawnLab({ size: SIZE, mirrors: [...TESTBED] });
        const staticDelays = staticDelaysOf(lab.urls);
        const options = { delayRequest, initialDelay, staticDelays, trace: true };
        runs.push(await runDrain<Drained>({ urls: lab.urls, options }));
      }
      const middle = (of: (run: Drained) => number) => median(runs.map(of));
      const wall = middle(({ seconds }) => seconds);
      rows.push([
        delayRequest === "diff"
          ? `diff ${initialDelay ? "with" : "without"} initial delay`
          : delayRequest,
        wall.toFixed(2),
        (limitSeconds() / wall).toFixed(3),
        middle((run) => run.firstByteSeconds).toFixed(3),
        middle((run) => run.longestStallSeconds).toFixed(2),
        middle((run) => run.initialBufferingSeconds).toFixed(2),
        middle((run) => run.meanInvalidBlocks).toFixed(2),
        (middle((run) => run.peakBufferedBytes) / 1e6).toFixed(1),
      ]);
    }
  }
  console.log(
    `\nThe testbed over real sockets, medians of ${RUNS} runs; the clock starts when the`,
  );
  console.log(`process is ready; the links' limit is ${limitSeconds().toFixed(2)} s\n`);
  console.log(table(rows));
}

/** What is installed of the usual tools, their own start included, on the same links. */
export async function tools(): Promise<void> {
  const folder = await Deno.makeTempDir();
  const cli = new URL("../../cli.ts", import.meta.url).pathname;
  const map = new URL("../../import_map.npm.json", import.meta.url).pathname;
  const out = `${folder}/out`;
  const commands: Record<string, (urls: string[]) => string[]> = {
    "sphttp": (urls) => [
      ...[Deno.execPath(), "run", "--quiet", `--import-map=${map}`, "-A", cli],
      ...["-s", "-o", out, ...urls],
    ],
    "curl, fastest mirror": ([fastest]) => ["curl", "-s", "-o", out, fastest!],
    "wget2, fastest mirror": ([fastest]) => ["wget2", "-q", "-O", out, fastest!],
    "aria2c -x1 -k1M": (urls) => [
      ...["aria2c", "-q", "-x1", "-k1M", "--file-allocation=none"],
      ...["-d", folder, "-o", "out", ...urls],
    ],
    "axel -n 3": (urls) => ["axel", "-q", "-n", "3", "-o", out, ...urls],
  };
  const rows = [["200 MB, 150/50/15 Mbit/s", "wall s", "of limit", "CPU s", "in order"]];
  try {
    for (const [name, command] of Object.entries(commands)) {
      const program = name.split(/[ ,]/)[0]!;
      if (program !== "sphttp" && findExecutable(program) === undefined) {
        rows.push([`${name}: not installed`, "", "", "", ""]);
        continue;
      }
      const runs: { success: boolean; seconds: number; cpuSeconds: number }[] = [];
      for (let run = 0; run < RUNS; run++) {
        await using lab = await spawnLab({ size: SIZE, mirrors: [...TESTBED] });
        await Deno.remove(out).catch(() => {});
        runs.push(await runMeasured(command(lab.urls)));
      }
      const wall = median(runs.map(({ seconds }) => seconds));
      rows.push([
        runs.every(({ success }) => success) ? name : `${name} (failed)`,
        wall.toFixed(2),
        (limitSeconds() / wall).toFixed(2),
        median(runs.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2),
        /aria2|axel/.test(name) ? "no" : "yes",
      ]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  console.log("\nWhole commands on the testbed, writing to a file, their own start included\n");
  console.log(table(rows));
}

/** The static delays that fit these links. */
function staticDelaysOf(urls: readonly string[]): Record<string, number> {
  const position = delayRequestOf("static", TESTBED);
  return Object.fromEntries(urls.map((url, index) => {
    const mirror = { url: simulatedUrl(index), usage: 0, previous: 0, requests: 0, answerMs: 0 };
    return [url, position({ mirror, mirrors: [mirror], closed: 0, received: 0, left: 1000 })];
  }));
}

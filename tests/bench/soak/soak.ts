/**
 * Hours of use in minutes: `deno task bench soak --minutes 10`. First, what is remembered of files and hosts is
 * filled up to its bounds. Between two samples, a crowd does what it does; then everybody leaves, garbage is
 * collected, and what the process holds is measured. Prints a table; ends with an error if something grows.
 * Linux only.
 *
 * @module
 */

import { delay } from "@std/async/delay";
import { ownUsage, table } from "../usage.ts";
import { importMap } from "../own_command.ts";
import { MEASURES, type Sample, type Slope, slopes } from "./flatness.ts";
import { parseNumberFlags } from "../number_flags.ts";
import { SoakScene } from "./scene.ts";

/** How long the crowd stays between two samples, in milliseconds. */
const ROUND_MS = 15_000;
/** Time for connections to close, in milliseconds. */
const QUIET_MS = 1000;

/**
 * Parses `--minutes N`, which may be a fraction, and `--seed N`.
 *
 * @throws {RangeError} if a flag is unknown, or not a number above 0
 */
export function parseSoakArguments(args: readonly string[]): { minutes: number; seed: number } {
  return parseNumberFlags("soak", { minutes: 10, seed: 1 }, args, "positive");
}

/** Runs the bench in a process of its own, in which garbage can be collected. */
export async function soak({ minutes, seed }: { minutes: number; seed: number }): Promise<void> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-check", "--v8-flags=--expose-gc", importMap(), "-A"],
      ...[import.meta.filename!, `${minutes}`, `${seed}`],
    ],
    ...{ stdin: "null", stdout: "inherit", stderr: "inherit" },
  }).output();
  if (!success) throw new Error("the soak has failed");
}

async function run(minutes: number, seed: number): Promise<boolean> {
  const samples: Sample[] = [];
  await using scene = new SoakScene(seed);
  await scene.fill();
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 60_000;
  console.log(["minutes", ...MEASURES.map(({ name }) => name)].join("  "));
  while (elapsed() < minutes) {
    await scene.run(Math.min(ROUND_MS, Math.max(1000, (minutes - elapsed()) * 60_000)));
    const sample = await measure(elapsed());
    samples.push(sample);
    console.log(row(sample).join("  "));
  }
  const found = slopes(samples);
  console.log(`\n${table(slopeRows(found))}`);
  const { complete, left, failed, bytes, mirrors, lists } = scene.counts;
  console.log(
    `${complete} downloads complete, ${left} left, ${failed} failed, ${
      Math.round(bytes / 1e6)
    } MB, ` +
      `from ${mirrors} mirrors, after ${lists} lists; no wrong byte`,
  );
  return found.every(({ isFlat }) => isFlat);
}

async function measure(minutes: number): Promise<Sample> {
  const { gc } = globalThis as unknown as { gc: () => void };
  // What is finalized by one collection is freed by the next.
  for (let turn = 0; turn < 3; turn++) {
    await delay(QUIET_MS / 3);
    gc();
  }
  const { heapUsed, external } = Deno.memoryUsage();
  return {
    minutes,
    rssBytes: ownUsage().rssBytes,
    heapBytes: heapUsed,
    externalBytes: external,
    descriptors: [...Deno.readDirSync("/proc/self/fd")].length,
  };
}

function row(sample: Sample): string[] {
  return [
    sample.minutes.toFixed(2).padStart(7),
    ...MEASURES.map(({ name, key, unit }) =>
      (sample[key] / unit).toFixed(unit === 1 ? 0 : 2).padStart(name.length)
    ),
  ];
}

/** Returns the rows of the table of slopes. */
export function slopeRows(found: readonly Slope[]): string[][] {
  return [
    ["after the warm-up", "first", "last", "a minute", "allowed", ""],
    ...found.map(({ measure: { name, mostPerMinute }, first, last, perMinute, isFlat }) => [
      ...[name, first.toFixed(1), last.toFixed(1), perMinute.toFixed(3), String(mostPerMinute)],
      isFlat ? "flat" : "GROWS",
    ]),
  ];
}

if (import.meta.main) {
  const [minutes, seed] = Deno.args.map(Number);
  Deno.exit(await run(minutes!, seed!) ? 0 : 1);
}

/**
 * Random schedules over real sockets: `deno task bench chaos --runs 300`. Prints the seeds that failed;
 * `--seed N --runs 1` replays one and shows what happened. Ends with an error if a byte was wrong, a read did not
 * end, or something stayed open. Linux only.
 *
 * @module
 */

import { parseNumberFlags } from "../number_flags.ts";
import { delay } from "@std/async/delay";
import { type ChaosResult, problemOf, type ReadEnd, runSchedules } from "./run.ts";
import { scheduleOf } from "./schedule.ts";

/** The parsed arguments of the bench. */
export interface ChaosArguments {
  readonly seed: number;
  readonly runs: number;
}

const AT_ONCE = 20;
/** Time for descriptors to close, in milliseconds. */
const CLOSING_MS = 5000;

/**
 * Parses `--seed N`, the first seed, and `--runs N`.
 *
 * @throws {RangeError} if a flag is unknown, or not a whole number
 */
export function parseChaosArguments(args: readonly string[]): ChaosArguments {
  return parseNumberFlags("chaos", { seed: 1, runs: 300 }, args);
}

/** Runs the bench. */
export async function chaos({ seed, runs }: ChaosArguments): Promise<void> {
  const startedAt = performance.now();
  // What the first run opens once, such as a resolver, is no leak.
  await runSchedules([scheduleOf(seed)], 1);
  const before = descriptors();
  const schedules = Array.from({ length: runs }, (_, index) => scheduleOf(seed + index));
  const results = await runSchedules(schedules, AT_ONCE);
  for (const until = performance.now() + CLOSING_MS; descriptors() > before;) {
    if (performance.now() > until) break;
    await delay(50);
  }
  if (runs === 1) console.log(JSON.stringify(results[0], null, 2));
  const problems = results.flatMap((result) => problemOf(result) ?? []);
  const grown = descriptors() - before;
  if (grown > 0) problems.push(`${grown} descriptors are left`);
  for (const problem of problems) console.log(problem);
  console.log(chaosLine(results));
  console.log(`took ${((performance.now() - startedAt) / 1000).toFixed()} s`);
  if (problems.length > 0) throw new Error(`${problems.length} problems`);
  console.log("all is right");
}

/** Returns the line that sums up results. */
export function chaosLine(results: readonly ChaosResult[]): string {
  const reads = results.flatMap(({ reads }) => reads);
  const count = (end: ReadEnd) => reads.filter((read) => read.end === end).length;
  const longest = Math.max(...reads.map(({ ms }) => ms)) / 1000;
  return `${results.length} schedules, ${reads.length} reads: ${count("complete")} complete, ` +
    `${count("left")} left, ${count("failed")} failed with a declared error, ` +
    `${count("misled")} misled, ${count("wrong")} wrong, ${
      count("undeclared")
    } with another error, ${count("hang")} hang; ` +
    `the longest took ${longest.toFixed(1)} s`;
}

function descriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

/**
 * Downloads that are killed by SIGKILL at random moments, or whose disk loses its power, and are resumed.
 * Prints how far they had come, and how many bytes were lost; ends with an error if anything that was left
 * behind, or the file, was wrong.
 *
 * @module
 */

import { parseNumberFlags } from "./number_flags.ts";
import { failDisks } from "../support/crash/failed_disks.ts";
import {
  killDownloads,
  type KillReport,
  type Moment,
  MOST_LOST,
} from "../support/crash/killed_downloads.ts";

/** The parsed arguments of the bench. */
export interface CrashArguments {
  readonly seed: number;
  readonly kills: number;
}

const SIZE = 6_000_000;
/** Of each mirror: a whole file takes about a second and a half. */
const RATE = 2_000_000;
/** Most bytes by which a part file grows before a kill. */
const MOST_GROWTH = 3_000_000;
/** Most time between the start of a process and its death, in milliseconds. */
const LONGEST_MS = 2500;
/** Most changes in the directory of a download that are waited for. */
const MOST_EVENTS = 60;

/**
 * Parses `--seed N` and `--kills N`.
 *
 * @throws {RangeError} if a flag is unknown, or not a whole number
 */
export function parseCrashArguments(args: readonly string[]): CrashArguments {
  return parseNumberFlags("crash", { seed: 1, kills: 200 }, args);
}

/** Returns a random moment; every step of a download is hit, also those that take no time. */
export function randomMoment(random: () => number): Moment {
  const kind = random();
  if (kind < 0.25) return { after: "start", ms: Math.floor(random() * LONGEST_MS) };
  if (kind < 0.5) return { after: "events", count: 1 + Math.floor(random() ** 2 * MOST_EVENTS) };
  if (kind < 0.75) return { after: "bytes", count: Math.floor(random() * MOST_GROWTH) };
  return { after: "all bytes", ms: Math.floor(random() * 20) };
}

/** Random states of a disk for each kill: resuming from them takes no process. */
const STATES_PER_KILL = 5;

/** Runs the bench. */
export async function crash({ seed, kills }: CrashArguments): Promise<void> {
  const failed = await failDisks({ seed, states: kills * STATES_PER_KILL });
  console.log(
    `${failed.states} states of a disk without power: ${failed.complete} with the file, ` +
      `${failed.continued} continued; all is right`,
  );
  console.log(`${kills} kills, seed ${seed}: each resumes a file of ${SIZE / 1e6} MB`);
  const started = performance.now();
  const options = { seed, kills, size: SIZE, bytesPerSecond: RATE, moment: randomMoment };
  const report = await killDownloads(options);
  for (const line of crashLines(report)) console.log(line);
  console.log(`took ${Math.round((performance.now() - started) / 1000)} s; all is right`);
}

/** Returns the lines that show a report. */
export function crashLines({ stages, replacing, complete, lost }: KillReport): string[] {
  const kilobytes = (bytes: number) => `${Math.round(bytes / 1000)} kB`;
  return [
    ...[...stages].sort().map(([stage, count]) => `${String(count).padStart(6)}  left ${stage}`),
    `${String(replacing).padStart(6)}  while a file was being replaced`,
    `${String(complete).padStart(6)}  files became complete`,
    `fetched again or compared: ${kilobytes(lost.mean)} a kill, at most ${kilobytes(lost.most)} ` +
    `(allowed: ${kilobytes(MOST_LOST)}, and the part file with each new mirror)`,
  ];
}

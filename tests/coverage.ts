/**
 * The command behind `deno task coverage`: runs the tests, those of the processes that they start included,
 * and lists the files of `lib/` of which they run less than 95 % of the lines. Fails if that is true of all
 * lines together, or of a file without a reason.
 *
 * Arguments are those of `deno task test`; with some of the tests, nothing fails. Without any, the tests run in
 * parts, one after the other; tests whose programs are not installed are skipped: `deno task test` installs them.
 *
 * @module
 */

import { table } from "./bench/usage.ts";
import { testFiles } from "./run.ts";
import { writeBatches } from "./support/batches.ts";
import { workplace } from "./support/workplace.ts";

/** The share of the lines that is to be run. */
const FLOOR = 0.95;

/** The tests of the package for npm run it, in Node.js and Bun. */
const OTHER_RUNTIMES = "the rest is for other runtimes, of which no coverage is recorded";
/** The process has ended, or has run out of descriptors: it cannot write what it has run. */
const NO_RECORD = "processes that run the rest end without a record of what they have run";

/** Why tests run less of a file. */
export const REASONS: Readonly<Record<string, string>> = {
  "lib/cli/process/interruption.ts": NO_RECORD,
  "lib/engine/insecure.ts": OTHER_RUNTIMES,
  "lib/engine/requests/request_runner.ts":
    "the rest is what comes, or is cancelled, in moments that no test can choose",
  "lib/engine/options/expected_pieces.ts": OTHER_RUNTIMES,
  "lib/environment.ts": OTHER_RUNTIMES,
  "lib/hashing/hash_thread.ts": "the rest runs in threads, of which no coverage is recorded",
  "lib/proxy/command/serve.ts": NO_RECORD,
  "lib/proxy/listen/http_listener.ts": NO_RECORD,
  "lib/runtime.ts": OTHER_RUNTIMES,
  "lib/transport/connections/dead_address.ts": "tests look up no names of the network",
  "lib/transport/connections/descriptors.ts": NO_RECORD,
};

/** The lines of a file. */
export interface FileCoverage {
  /** Path from the project's root. */
  readonly path: string;
  readonly lines: number;
  readonly run: number;
  /** Numbers of the lines that were not run. */
  readonly missed: readonly number[];
}

/** Parses a report in the format of lcov; `root` precedes the paths. */
export function parseLcov(text: string, root: string): FileCoverage[] {
  return text.split("end_of_record").flatMap((record) => {
    const path = /^SF:(.*)$/m.exec(record)?.[1];
    if (path === undefined) return [];
    const lines = [...record.matchAll(/^DA:(\d+),(\d+)/gm)];
    const missed = lines.filter(([, , count]) => count === "0").map(([, line]) => Number(line));
    const name = path.startsWith(root) ? path.slice(root.length) : path;
    return [{ path: name, lines: lines.length, run: lines.length - missed.length, missed }];
  });
}

/** What is to be said of a report, and whether it is enough. */
export interface Verdict {
  readonly lines: readonly string[];
  readonly isEnough: boolean;
}

/** Judges a report of all tests. */
export function judge(
  files: readonly FileCoverage[],
  reasons: Readonly<Record<string, string>> = REASONS,
): Verdict {
  const sum = (of: (file: FileCoverage) => number) =>
    files.reduce((total, file) => total + of(file), 0);
  const share = sum(({ run }) => run) / Math.max(1, sum(({ lines }) => lines));
  const low = files.filter(({ run, lines }) => run < FLOOR * lines)
    .sort((one, other) => one.run / one.lines - other.run / other.lines);
  const unexplained = low.filter(({ path }) => !Object.hasOwn(reasons, path));
  const rows = low.map(({ path, run, lines, missed }) => [
    ...[path, percent(run / lines), spans(missed)],
    reasons[path] ?? "NO REASON",
  ]);
  // A reason that is no longer needed would hide what is lost later.
  const idle = Object.keys(reasons).filter((path) => !low.some((file) => file.path === path));
  return {
    lines: [
      ...(rows.length === 0 ? [] : [table([["file", "run", "not run", "because"], ...rows])]),
      ...idle.map((path) => `${path} needs no reason`),
      `${percent(share)} of the lines of ${files.length} files, at least ${percent(FLOOR)} wanted`,
    ],
    isEnough: share >= FLOOR && unexplained.length === 0,
  };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** Formats numbers of lines: `3-5, 9`. */
export function spans(numbers: readonly number[]): string {
  const found: [first: number, last: number][] = [];
  for (const number of numbers) {
    const last = found.at(-1);
    if (last !== undefined && last[1] + 1 === number) last[1] = number;
    else found.push([number, number]);
  }
  return found.map(([first, last]) => first === last ? `${first}` : `${first}-${last}`).join(", ");
}

/** Returns what reports of several runs say together, of whatever files are in them. */
export function joined(reports: readonly (readonly FileCoverage[])[]): FileCoverage[] {
  const files = new Map<string, FileCoverage>();
  for (const file of reports.flat()) {
    const before = files.get(file.path);
    const missed = before === undefined
      ? file.missed
      : file.missed.filter((line) => before.missed.includes(line));
    files.set(file.path, { ...file, missed, run: file.lines - missed.length });
  }
  return [...files.values()].sort((one, other) => one.path < other.path ? -1 : 1);
}

/** Number of batches of tests whose reports are made together: those of all fill a disk, and take hours to read. */
const TOGETHER = 4;
/** So many jobs would share all tests in batches as short as can be. */
const JOBS = 40;

/** Returns the arguments of the runs: of one, or of several if all tests are to be run. */
async function runs(args: readonly string[], folder: string): Promise<(readonly string[])[]> {
  if (args.length > 0) return [args];
  const files = (await testFiles(["tests"])).map((file) => Deno.realPathSync(file));
  const batches = writeBatches(folder, files, JOBS);
  return Array.from({ length: Math.ceil(batches.length / TOGETHER) }, (_, index) => [
    "--no-check",
    ...batches.slice(index * TOGETHER, (index + 1) * TOGETHER),
  ]);
}

/** Runs some tests; returns the exit code, and the report. */
async function run(args: readonly string[]): Promise<{ code: number; files: FileCoverage[] }> {
  using place = workplace();
  const directory = place.at("coverage");
  const root = new URL("..", import.meta.url).pathname;
  const map = "--import-map=import_map.npm.json";
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", map, "--allow-all", "tests/run.ts", ...args],
    // Processes that the tests start write there, too.
    env: { DENO_COVERAGE_DIR: directory },
    ...{ cwd: root, stdin: "null" },
  }).spawn().status;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["coverage", directory, "--lcov", `--include=^file://${root}lib/`],
    ...{ cwd: root, stderr: "inherit" },
  }).output();
  return { code, files: parseLcov(new TextDecoder().decode(stdout), root) };
}

/** Runs the tests; returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  using place = workplace();
  const outcomes = [];
  for (const some of await runs(args, place.path)) outcomes.push(await run(some));
  const { lines, isEnough } = judge(joined(outcomes.map(({ files }) => files)));
  for (const line of lines) console.log(line);
  const failed = outcomes.find(({ code }) => code !== 0);
  if (failed !== undefined) return failed.code;
  return isEnough || args.length > 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));

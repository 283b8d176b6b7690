/**
 * Compares whole commands, including their start, over the lab's links, on which the kernel's own TCP
 * runs. Each run has a lab of its own; the commands take turns, so that other load affects all alike. A
 * run that cannot be trusted is repeated, and one that hangs is not.
 *
 * @module
 */

import { figuresOf } from "../../bench/arrival_log.ts";
import { processorShares } from "../../bench/observe.ts";
import { buildBundle } from "../../bench/own_command.ts";
import { ownUsage } from "../../bench/usage.ts";
import { buildNetlab, whyNoNetlab } from "../build.ts";
import { COMMAND_NAMES, type LabCommand, labCommands, outputFile, warmUp } from "./commands.ts";
import { openLabLock } from "../lab_lock.ts";
import { scenarioLimit } from "../limit.ts";
import type { NetChoices, NetOptions, Protocol } from "./net_arguments.ts";
import { netFigure } from "./net_figure.ts";
import {
  caseName,
  caseReport,
  type NetResult,
  type NetRun,
  runText,
  summary,
} from "./net_report.ts";
import { raisePriority } from "./priority.ts";
import { type LabRun, runInLab } from "../run_in_lab.ts";
import {
  type Certificates,
  mirrorUrls,
  writeCertificates,
  writeRandomFile,
} from "../served_files.ts";
import { labArguments, type Scenario, SCENARIOS } from "../scenarios.ts";
import { isTrusted, type Trust, trustOf } from "./trust.ts";

/** A command is terminated after this multiple of the limit of the links, plus {@linkcode GRACE}. */
const PATIENCE = 12;
const GRACE = 10;
const DEFAULT_MEGABYTES = [100];
const MOST_MIRRORS = Math.max(...Object.values(SCENARIOS).map(({ links }) => links.length));
const MAX_MESSAGE = 300;

/** What the benchmark can be asked for. */
export const NET_CHOICES: NetChoices = {
  scenarios: Object.fromEntries(
    Object.entries(SCENARIOS).map((
      [name, { megabytes = DEFAULT_MEGABYTES }],
    ) => [name, megabytes]),
  ),
  commands: COMMAND_NAMES,
};

/** Runs the benchmark, if the lab can run here. */
export async function net(options: NetOptions): Promise<void> {
  const reason = whyNoNetlab();
  if (reason !== undefined) return console.log(`net: cannot run here: ${reason}`);
  const results = options.goesOn ? await earlierResults(options.json!) : [];
  await using bench = await openBench(options);
  for (const control of availableControls(options.controls)) {
    for (const protocol of options.protocols) {
      for (const course of options.courses) {
        const one = { ...course, protocol, control };
        if (results.some((earlier) => isSameCase(earlier, one))) continue;
        const result = await bench.compare(one);
        results.push(result);
        console.log(`\n${caseReport(result)}`);
        // Written after each case: an error later must not lose measurements.
        await write(options, results);
      }
    }
  }
  const times = options.runs === 1 ? "1 run" : `medians of ${options.runs} runs in turns`;
  console.log(`\nof the links' limit, and the other figures of sphttp; ${times}\n`);
  console.log(summary(results));
}

/** Returns what an earlier run has measured; nothing if there is no such file. */
async function earlierResults(path: string): Promise<NetResult[]> {
  try {
    return JSON.parse(await Deno.readTextFile(path)).results;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function isSameCase(one: Pick<NetResult, keyof Case>, other: Case): boolean {
  return one.scenario === other.scenario && one.size === other.size &&
    one.protocol === other.protocol && one.control === other.control;
}

async function write({ json, svg, runs }: NetOptions, results: NetResult[]): Promise<void> {
  const machine = { cpus: navigator.hardwareConcurrency, os: Deno.build.os, deno: Deno.version };
  if (json !== undefined) {
    const content = { date: new Date().toISOString(), machine, runs, results };
    const text = JSON.stringify(
      content,
      (_key, value) => typeof value === "number" ? Number(value.toFixed(4)) : value,
    );
    // In one step: `--continue` reads it after a run that was interrupted.
    await Deno.writeTextFile(`${json}.new`, text);
    await Deno.rename(`${json}.new`, json);
  }
  if (svg !== undefined) await Deno.writeTextFile(svg, netFigure(results));
}

/** Returns those congestion controls that the kernel has; prints which it has not. */
function availableControls(wanted: readonly string[]): string[] {
  const path = "/proc/sys/net/ipv4/tcp_available_congestion_control";
  const available = Deno.readTextFileSync(path).trim().split(" ");
  return wanted.filter((name) => {
    if (available.includes(name)) return true;
    console.log(`net: ${name} skipped, the kernel does not have it`);
    return false;
  });
}

/** What one table is about. */
interface Case {
  readonly scenario: string;
  readonly size: number;
  readonly protocol: Protocol;
  readonly control: string;
}

interface Bench extends AsyncDisposable {
  compare(one: Case): Promise<NetResult>;
}

/** Builds the lab and makes what it serves. */
async function openBench(options: NetOptions): Promise<Bench> {
  await using stack = new AsyncDisposableStack();
  const { program } = stack.use(await buildNetlab());
  const folder = await Deno.makeTempDir({ prefix: "sphttp-net-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const lock = stack.use(await openLabLock());
  const tls = await writeCertificates(folder, MOST_MIRRORS);
  const digests = new Map<number, string>();
  const commands = labCommands(options);
  if (options.against !== undefined) await buildBundle({ root: `${options.against}/` });
  for (const { isOwn, command } of commands) if (isOwn) await warmUp(command);
  stack.use(await raisePriority());
  const held = stack.move();
  return {
    async compare(one) {
      if (!digests.has(one.size)) digests.set(one.size, await writeRandomFile(folder, one.size));
      const scenario = SCENARIOS[one.scenario]!;
      const limit = scenarioLimit(scenario, one.size);
      const chosen = commands.filter(({ name, suits }) =>
        options.only?.includes(name) ?? (suits === undefined || suits(scenario))
      );
      const entries = chosen.map(({ name, title, installed }) => ({
        name,
        title: title(scenario.name === undefined ? scenario.links.length : 1),
        installed,
        runs: [] as NetRun[],
      }));
      const course: CourseOfRun = {
        ...{ program, folder, scenario, lock, tls: one.protocol === "plain" ? undefined : tls },
        ...{ http2: one.protocol === "h2", control: one.control, size: one.size },
        ...{ limitSeconds: limit.at(-1)!.seconds, sha256: digests.get(one.size)! },
      };
      const result = { ...one, title: scenario.title, limit, entries };
      for (let round = 0; round < options.runs; round++) {
        for (let turn = 0; turn < chosen.length; turn++) {
          const index = (turn + round) % chosen.length;
          const { installed, runs, name } = entries[index]!;
          if (!installed || runs.some(({ outcome }) => outcome === "endless")) continue;
          const run = await runTrusted(chosen[index]!, course, options.repeats);
          runs.push(run);
          const turns = `${round + 1}/${options.runs}`;
          console.error(
            `${caseName(result)} ${turns} ${name}: ${runText(run, course.limitSeconds)}`,
          );
        }
      }
      return result;
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** What all runs of a case share. */
interface CourseOfRun {
  readonly program: string;
  /** Has the files to serve and the certificates. */
  readonly folder: string;
  readonly scenario: Scenario;
  readonly lock: Deno.FsFile;
  /** Of servers with TLS. */
  readonly tls: Certificates | undefined;
  readonly http2: boolean;
  readonly control: string;
  readonly size: number;
  readonly limitSeconds: number;
  readonly sha256: string;
}

/** Runs a command, and again while its run cannot be trusted; returns the last run. */
async function runTrusted(
  command: LabCommand,
  course: CourseOfRun,
  repeats: number,
): Promise<NetRun> {
  for (let repeated = 0;; repeated++) {
    const run = await runOnce(command, course);
    if (isTrusted(run.trust) || repeated === repeats) return { ...run, repeated };
    console.error(`  ${command.name} took ${run.seconds.toFixed(2)} s: repeated, not trusted`);
  }
}

async function runOnce({ output, command }: LabCommand, course: CourseOfRun): Promise<NetRun> {
  const { program, scenario, tls, http2, control, size, limitSeconds, sha256, lock } = course;
  const folder = await Deno.makeTempDir({ prefix: "sphttp-bench-" });
  await lock.lock(true);
  try {
    const { links, name } = scenario;
    const urls = mirrorUrls(links.length, { size, name, tls: tls !== undefined });
    const rates = urls.map((_, index) => links[index]!.rate);
    const { result, ...load } = await withLoad(() =>
      runInLab({
        program,
        lab: [
          ...labArguments(scenario),
          ...["--www", course.folder, "--cc", control],
          ...(tls === undefined ? [] : ["--cert", tls.cert, "--key", tls.key]),
          ...(http2 ? ["--http2"] : []),
        ],
        command: command({ urls, rates, folder, cacert: tls?.ca }),
        file: output === "file" ? outputFile(folder) : undefined,
        timeoutSeconds: PATIENCE * limitSeconds + GRACE,
      })
    );
    return evaluate(result, load.trust(result), { size, limitSeconds, sha256 });
  } finally {
    await lock.unlock();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs a function and observes the processors. */
async function withLoad(
  run: () => Promise<LabRun>,
): Promise<{ result: LabRun; trust(run: LabRun): Trust }> {
  const before = Deno.readTextFileSync("/proc/stat");
  const ownBefore = ownUsage().cpuSeconds;
  const startedAt = performance.now();
  const result = await run();
  const seconds = (performance.now() - startedAt) / 1000;
  const processors = processorShares(before, Deno.readTextFileSync("/proc/stat"));
  const ownCpuSeconds = ownUsage().cpuSeconds - ownBefore;
  const cpus = navigator.hardwareConcurrency;
  return {
    result,
    trust: ({ statistics }) => trustOf({ statistics, processors, ownCpuSeconds, seconds, cpus }),
  };
}

function evaluate(
  run: LabRun,
  trust: Trust,
  { size, limitSeconds, sha256 }: Pick<CourseOfRun, "size" | "limitSeconds" | "sha256">,
): NetRun {
  const { outcome, seconds, arrivals, statistics, messages } = run;
  const isRight = run.bytes === size && run.sha256 === sha256;
  const payload = statistics.links.reduce((sum, { payload }) => sum + payload, 0);
  return {
    outcome: outcome === "complete" && !isRight ? "wrong" : outcome,
    seconds,
    cpuSeconds: statistics.cpu_s.command,
    twice: (payload - size) / size,
    links: statistics.links.map(({ connections, busy, drops, payload: own }) => ({
      connections,
      share: own / Math.max(1, payload),
      busy,
      drops,
    })),
    figures: arrivals.length === 0 ? undefined : figuresOf(arrivals, { size, limitSeconds }),
    trust,
    repeated: 0,
    messages: messages.trim().slice(-MAX_MESSAGE),
  };
}

/**
 * Compares whole commands, including their start, over shaped links and real sockets. Each run has its
 * own mirrors in another process; the commands take turns, so that other load affects all alike.
 *
 * @module
 */

import { randomContent } from "../support/lab/content.ts";
import { spawnLab } from "../support/lab/spawn_lab.ts";
import { figuresOf } from "./arrival_log.ts";
import { type Contender, CONTENDERS, outputFile } from "./contenders.ts";
import { limitCurve } from "./link_limit.ts";
import {
  machineText,
  resultPicture,
  resultTable,
  type Run,
  type SetResult,
} from "./link_report.ts";
import { LINK_SETS, type LinkSet } from "./link_sets.ts";
import { observe } from "./observe.ts";

const SIZE = 200_000_000;
/** A command is killed after this multiple of the limit of the links. */
const PATIENCE = 4;

/** Options of the benchmark. */
export interface LinksOptions {
  /** Names of sets. */
  readonly sets: readonly string[];
  /** Names of contenders. */
  readonly only: readonly string[];
  /** Number of runs of each contender over each set. */
  readonly runs: number;
  /** Path for all measurements, including the curves; `undefined` for none. */
  readonly json: string | undefined;
  /** Path for the picture of the first set; `undefined` for none. */
  readonly svg: string | undefined;
}

/** Compares commands over every chosen set; prints a table for each. */
export async function links({ sets, only, runs, json, svg }: LinksOptions): Promise<void> {
  const contenders = CONTENDERS.filter(({ name }) => only.includes(name));
  const results: SetResult[] = [];
  for (const set of LINK_SETS.filter(({ name }) => sets.includes(name))) {
    const result = await compare(set, contenders, runs);
    results.push(result);
    const times = runs === 1 ? "1 run" : `medians of ${runs} runs`;
    console.log(`\n${SIZE / 1e6} MB, ${set.title}\n${times}; ${machineText(result)}\n`);
    console.log(resultTable(result));
    // Written after each set: an error later must not lose measurements.
    if (json !== undefined) await Deno.writeTextFile(json, toJson({ runs, results }));
    if (svg !== undefined) await Deno.writeTextFile(svg, resultPicture(results[0]!));
  }
}

async function compare(
  set: LinkSet,
  contenders: readonly Contender[],
  rounds: number,
): Promise<SetResult> {
  const limit = limitCurve(set.links, SIZE);
  const limitSeconds = limit.at(-1)!.seconds;
  const sha256 = randomContent(SIZE).sha256();
  const entries = contenders.map((contender) => ({
    name: contender.name,
    title: contender.title(set.links.length),
    installed: contender.installed,
    runs: [] as Run[],
  }));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const index = (turn + round) % contenders.length;
      const { installed, runs, name } = entries[index]!;
      if (!installed || runs.some(hangs)) continue;
      const run = await runOnce(contenders[index]!, set, { limitSeconds, sha256 });
      runs.push(run);
      console.error(`${set.name} ${round + 1}/${rounds} ${name}: ${progress(run)}`);
    }
  }
  return { name: set.name, title: set.title, size: SIZE, limit, entries };
}

async function runOnce(
  { output, command }: Contender,
  { links }: LinkSet,
  { limitSeconds, sha256 }: { limitSeconds: number; sha256: string },
): Promise<Run> {
  const folder = await Deno.makeTempDir({ prefix: "sphttp-bench-" });
  try {
    await using lab = await spawnLab({ size: SIZE, mirrors: [...links] });
    const seen = await observe(command({ urls: lab.urls, links, folder }), {
      timeoutSeconds: PATIENCE * limitSeconds,
      file: output === "file" ? outputFile(folder) : undefined,
    });
    const sent = (await lab.report()).reduce((sum, { bytesSent }) => sum + bytesSent, 0);
    const { outcome, seconds, cpuSeconds, arrivals, messages, processors } = seen;
    const right = seen.bytes === SIZE && seen.sha256 === sha256;
    return {
      outcome: outcome === "complete" && !right ? "wrong" : outcome,
      seconds,
      cpuSeconds,
      twice: (sent - SIZE) / SIZE,
      figures: output === "stdout" ? figuresOf(arrivals, { size: SIZE, limitSeconds }) : undefined,
      arrivals,
      messages,
      processors,
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Reports whether a command hangs, and not for want of a processor: it is not run again. */
function hangs({ outcome, processors }: Run): boolean {
  return outcome === "endless" && processors.idle > 0.1;
}

function progress({ outcome, seconds, messages }: Run): string {
  const time = `${seconds.toFixed(2)} s`;
  return outcome === "complete" ? time : `${outcome} after ${time} ${messages}`.trimEnd();
}

/** Encodes the results: curves as pairs `[seconds, bytes]`, numbers with four decimals. */
function toJson({ runs, results }: { runs: number; results: readonly SetResult[] }): string {
  const machine = { cpus: navigator.hardwareConcurrency, os: Deno.build.os, deno: Deno.version };
  const content = { date: new Date().toISOString(), machine, runs, results };
  return JSON.stringify(content, (_key, value) => {
    if (typeof value === "number") return Math.round(value * 1e4) / 1e4;
    if (typeof value?.seconds === "number" && typeof value.value === "number") {
      return [value.seconds, value.value];
    }
    return value;
  });
}

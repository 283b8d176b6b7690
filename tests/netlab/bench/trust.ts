/**
 * How far a run in the lab can be trusted: the lab must carry packets in time, and the commands must get
 * the processors. Pure.
 *
 * @module
 */

import type { ProcessorShares } from "../../bench/observe.ts";
import type { LabStatistics } from "../run_in_lab.ts";

/** What speaks for and against a run. */
export interface Trust {
  /** Share of the packets delivered more than 1 ms late. */
  readonly late: number;
  /** Packets lost by devices because the lab did not read them in time. */
  readonly deviceDrops: number;
  /** Share of the processors that programs other than the lab and the command took. */
  readonly others: number;
  /** Share of the processors that the host of a virtual machine took. */
  readonly stolen: number;
}

/** Largest values of a run that can be trusted. */
const BOUNDS: Trust = { late: 0.01, deviceDrops: 0, others: 0.3, stolen: 0.05 };

/** What {@linkcode trustOf} needs. */
export interface TrustInput {
  readonly statistics: LabStatistics;
  readonly processors: ProcessorShares;
  /** Processor time of the benchmark itself during the run, in seconds. */
  readonly ownCpuSeconds: number;
  /** Duration of the observation of the processors, in seconds. */
  readonly seconds: number;
  /** Number of processors. */
  readonly cpus: number;
}

/** Returns what speaks for and against a run. */
export function trustOf(input: TrustInput): Trust {
  const { statistics, processors, ownCpuSeconds, seconds, cpus } = input;
  const { lab, servers, command } = statistics.cpu_s;
  const known = (lab + servers + command + ownCpuSeconds) / (seconds * cpus);
  return {
    late: statistics.lag_ms.over_1,
    deviceDrops: statistics.device_drops,
    others: Math.max(0, 1 - processors.idle - processors.stolen - known),
    stolen: processors.stolen,
  };
}

/** Reports whether a run can be trusted. */
export function isTrusted(trust: Trust): boolean {
  return Object.entries(BOUNDS).every(([key, most]) => trust[key as keyof Trust] <= most);
}

/** Describes the worst of several runs. */
export function trustText(runs: readonly Trust[]): string {
  const worst = (key: keyof Trust) => Math.max(0, ...runs.map((trust) => trust[key]));
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  return `lab: at most ${percent(worst("late"))} of the packets over 1 ms late, ` +
    `${worst("deviceDrops")} dropped by devices; at most ${percent(worst("others"))} of the ` +
    `processors taken by other programs, ${percent(worst("stolen"))} by the host`;
}

/**
 * The report on runs in the lab: a table for each case, and a summary of all. Pure.
 *
 * @module
 */

import type { Figures, Point } from "../../bench/arrival_log.ts";
import { figureCells, PROBLEMS, type RunOutcome, verdict } from "../../bench/entry_cells.ts";
import { limitFigures } from "../../bench/link_limit.ts";
import { median, table } from "../../bench/usage.ts";
import { isTrusted, type Trust, trustText } from "./trust.ts";

/** How one link was used. */
export interface LinkUse {
  readonly connections: number;
  /** Its share of the payload. */
  readonly share: number;
  /** Part of the time, from the first to the last data of any link, in which it was sending. */
  readonly busy: number;
  /** Packets lost in the full queue, at random, and while the link was down. */
  readonly drops: { readonly queue: number; readonly loss: number; readonly down: number };
}

/** One run of one command. */
export interface NetRun {
  readonly outcome: RunOutcome;
  readonly seconds: number;
  /** User and system time of the command, in seconds. */
  readonly cpuSeconds: number;
  /**
   * TCP payload that reached the client beyond the size of the file, as a share of it: heads of
   * responses, TLS, and bytes that were requested or sent twice.
   */
  readonly twice: number;
  readonly links: readonly LinkUse[];
  /** Figures of its consumer, `undefined` if it writes a file. */
  readonly figures: Figures | undefined;
  readonly trust: Trust;
  /** Number of runs before it that could not be trusted. */
  readonly repeated: number;
  /** The end of its stderr. */
  readonly messages: string;
}

/** All runs of one command. */
export interface NetEntry {
  readonly name: string;
  readonly title: string;
  readonly installed: boolean;
  readonly runs: readonly NetRun[];
}

/** Everything that was measured of one scenario, size, protocol and congestion control. */
export interface NetResult {
  readonly scenario: string;
  readonly title: string;
  /** Size of the file in bytes. */
  readonly size: number;
  readonly protocol: string;
  readonly control: string;
  /** The limit of the links. */
  readonly limit: readonly Point[];
  readonly entries: readonly NetEntry[];
}

const HEAD = [
  ...["of limit", "wall s", "from–to", "first byte s", "stall s", "late s"],
  ...["twice %", "connections", "CPU s"],
];
/** Follows figures that are based on a run that cannot be trusted. */
const DOUBT = "?";

/** Returns the name of a case: scenario, size, and what is not usual. */
export function caseName(
  { scenario, size, protocol, control }: Omit<NetResult, "entries">,
): string {
  const unusual = [protocol, control].filter((name) => name !== "plain" && name !== "cubic");
  return [`${scenario} ${size / 1e6} MB`, ...unusual].join(" ");
}

/** Returns the heading and the table of a case: medians of the complete runs. */
export function caseReport(result: NetResult): string {
  const { title, protocol, control, limit, entries } = result;
  const runs = entries.flatMap(({ runs }) => runs);
  const repeated = runs.reduce((sum, run) => sum + run.repeated, 0);
  const figures = limitFigures(limit);
  const limitSeconds = limit.at(-1)!.seconds;
  const limitRow = [
    "the links' limit",
    ...["1.00", limitSeconds.toFixed(2), ""],
    ...orderCells([figures]),
    ...["0.0", "", ""],
  ];
  const rows = entries.map((entry) => row(entry, limitSeconds));
  return [
    `${caseName(result)}: ${title}; ${protocol}, ${control}`,
    `${trustText(runs.map(({ trust }) => trust))}; ${repeated} ${
      repeated === 1 ? "run" : "runs"
    } repeated`,
    "",
    table([["", ...HEAD], limitRow, ...rows]),
  ].join("\n");
}

/** Describes a run in one line: its time, its share of the limit, and how it used the links. */
export function runText(run: NetRun, limitSeconds: number): string {
  const { outcome, seconds, links, trust, messages } = run;
  const each = (value: (link: LinkUse) => string | number) => links.map(value).join("/");
  return [
    `${outcome === "complete" ? "" : `${outcome} after `}${seconds.toFixed(2)} s`,
    (limitSeconds / seconds).toFixed(3),
    `share ${each(({ share }) => share.toFixed(2))}`,
    `busy ${each(({ busy }) => busy.toFixed(2))}`,
    `lost ${each(({ drops: { queue, loss, down } }) => `${queue}+${loss}+${down}`)}`,
    `late packets ${(100 * trust.late).toFixed(1)} %`,
    ...(outcome === "complete" ? [] : [messages]),
  ].join(", ");
}

/** Returns the summary of all cases: of the limit by command, then the figures of sphttp. */
export function summary(results: readonly NetResult[]): string {
  const names = [...new Set(results.flatMap(({ entries }) => entries.map(({ name }) => name)))];
  const rows = results.map((result) => {
    const limitSeconds = result.limit.at(-1)!.seconds;
    const shares = names.map((name) => {
      const entry = result.entries.find((entry) => entry.name === name);
      return entry === undefined ? "" : share(entry, limitSeconds);
    });
    const runs = chosenRuns(result.entries.find(({ name }) => name === "sphttp")?.runs ?? []);
    const [first, stall, late] = orderCells(runs.flatMap(({ figures }) => figures ?? []));
    const twice = runs.length === 0
      ? ""
      : (100 * median(runs.map(({ twice }) => twice))).toFixed(1);
    return [caseName(result), limitSeconds.toFixed(2), ...shares, first!, stall!, late!, twice];
  });
  const head = ["of limit", "limit s", ...names, "first byte s", "stall s", "late s", "twice %"];
  return table([head, ...rows]);
}

/** Returns the runs that count: complete and trusted ones, or complete ones if none can be trusted. */
export function chosenRuns(runs: readonly NetRun[]): NetRun[] {
  const complete = runs.filter(({ outcome }) => outcome === "complete");
  const trusted = complete.filter(({ trust }) => isTrusted(trust));
  return trusted.length > 0 ? trusted : complete;
}

function row(entry: NetEntry, limitSeconds: number): string[] {
  const runs = chosenRuns(entry.runs);
  const title = verdict(entry);
  if (runs.length === 0) return [title, ...HEAD.map(() => "–")];
  const walls = runs.map(({ seconds }) => seconds);
  return [
    title,
    share(entry, limitSeconds),
    median(walls).toFixed(2),
    `${Math.min(...walls).toFixed(2)}–${Math.max(...walls).toFixed(2)}`,
    ...orderCells(runs.flatMap(({ figures }) => figures ?? [])),
    (100 * median(runs.map(({ twice }) => twice))).toFixed(1),
    middle(runs).links.map(({ connections }) => connections).join("/"),
    median(runs.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2),
  ];
}

/** Returns the share of the limit that a command reached, marked if in doubt. */
function share({ runs, installed }: NetEntry, limitSeconds: number): string {
  const chosen = chosenRuns(runs);
  if (chosen.length === 0) {
    return installed && runs.length > 0 ? PROBLEMS[runs[0]!.outcome as "wrong"] : "–";
  }
  const value = (limitSeconds / median(chosen.map(({ seconds }) => seconds))).toFixed(3);
  return chosen.every(({ trust }) => isTrusted(trust)) ? value : `${value}${DOUBT}`;
}

/** Returns the run with the median time. */
function middle(runs: readonly NetRun[]): NetRun {
  return [...runs].sort((one, other) => one.seconds - other.seconds)[(runs.length - 1) >> 1]!;
}

function orderCells(figures: readonly Figures[]): string[] {
  const { firstByte, stall, late } = figureCells(figures);
  return [firstByte, stall, late];
}

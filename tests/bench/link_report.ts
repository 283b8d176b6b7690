/**
 * The report on the runs over one set of links: a table and a picture. Pure.
 *
 * @module
 */

import type { Figures, Point } from "./arrival_log.ts";
import { plotDelivery } from "./delivery_plot.ts";
import { figureCells, type RunOutcome, verdict } from "./entry_cells.ts";
import { limitFigures } from "./link_limit.ts";
import type { ProcessorShares } from "./observe.ts";
import { median, table } from "./usage.ts";

/** One run of one command. */
export interface Run {
  readonly outcome: RunOutcome;
  readonly seconds: number;
  /** User and system time, in seconds. */
  readonly cpuSeconds: number;
  /** Bytes that the mirrors sent beyond the size of the file, as a share of it. */
  readonly twice: number;
  /** Figures of its consumer, `undefined` if it writes a file. */
  readonly figures: Figures | undefined;
  /** Arrivals on its stdout. */
  readonly arrivals: readonly Point[];
  /** Its stderr. */
  readonly messages: string;
  /** The use of the processors during the run. */
  readonly processors: ProcessorShares;
}

/** All runs of one command. */
export interface Entry {
  readonly name: string;
  readonly title: string;
  readonly installed: boolean;
  readonly runs: readonly Run[];
}

/** Everything that was measured over one set of links. */
export interface SetResult {
  readonly name: string;
  readonly title: string;
  /** Size of the file in bytes. */
  readonly size: number;
  /** The limit of the links. */
  readonly limit: readonly Point[];
  readonly entries: readonly Entry[];
}

const HEAD = ["wall s", "of limit", "first byte s", "late s", "stall s", "twice %", "CPU s"];

/**
 * Describes the load of the machine: a command that waits for a processor is not measured by its speed.
 */
export function machineText({ entries }: Pick<SetResult, "entries">): string {
  const shares = entries.flatMap(({ runs }) => runs.map(({ processors }) => processors));
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  const idle = percent(Math.min(1, ...shares.map((share) => share.idle)));
  const stolen = percent(Math.max(0, ...shares.map((share) => share.stolen)));
  return `processors idle for ${idle} of the time or more, at most ${stolen} taken by the host`;
}

/** Returns the table of a set: medians of the complete runs. */
export function resultTable({ name, limit, entries }: SetResult): string {
  const limitSeconds = limit.at(-1)!.seconds;
  const limitRow = [
    "the links' limit",
    limitSeconds.toFixed(2),
    "1.00",
    ...orderCells([limitFigures(limit)]),
    "0.0",
    "–",
  ];
  const rows = entries.map((entry) => {
    const runs = completeRuns(entry);
    if (runs.length === 0) return [verdict(entry), ...HEAD.map(() => "–")];
    const wall = median(runs.map(({ seconds }) => seconds));
    return [
      verdict(entry),
      wall.toFixed(2),
      (limitSeconds / wall).toFixed(2),
      ...orderCells(runs.flatMap(({ figures }) => figures ?? [])),
      (median(runs.map(({ twice }) => twice)) * 100).toFixed(1),
      median(runs.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2),
    ];
  });
  return table([[name, ...HEAD], limitRow, ...rows]);
}

/** Returns the picture of a set: the run with the median time of each command. */
export function resultPicture({ title, size, limit, entries }: SetResult): string {
  const curves = entries.flatMap((entry) => {
    const runs = completeRuns(entry).sort((one, other) => one.seconds - other.seconds);
    const middle = runs[(runs.length - 1) >> 1];
    if (middle === undefined || middle.arrivals.length === 0) return [];
    return [{ name: entry.title.replace(/, fastest mirror/, ""), points: middle.arrivals }];
  });
  return plotDelivery(curves, {
    title: `${size / 1e6} MB, ${title}`,
    subtitle: "Whole commands side by side, bytes as they come out of their stdout; " +
      "curl and wget2 use the fastest mirror",
    limit,
  });
}

function completeRuns({ runs }: Entry): Run[] {
  return runs.filter(({ outcome }) => outcome === "complete");
}

function orderCells(figures: readonly Figures[]): string[] {
  const { firstByte, late, stall } = figureCells(figures);
  return [firstByte, late, stall];
}

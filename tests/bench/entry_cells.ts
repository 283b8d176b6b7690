/**
 * What the tables of all benchmarks of commands say of a command. Pure.
 *
 * @module
 */

import type { Figures } from "./arrival_log.ts";
import { median } from "./usage.ts";

/** How a run ended. `wrong`: it succeeded with wrong bytes; `endless`: it was killed after the timeout. */
export type RunOutcome = "complete" | "wrong" | "failed" | "endless";

/** What the tables say of runs that are not complete. */
export const PROBLEMS = { wrong: "WRONG", failed: "fails", endless: "does not end" } as const;

/** Returns the title of a row, with the problems of its runs. */
export function verdict({ title, installed, runs }: {
  readonly title: string;
  readonly installed: boolean;
  readonly runs: readonly { readonly outcome: RunOutcome }[];
}): string {
  if (!installed) return `${title}: not installed`;
  const problems = Object.entries(PROBLEMS).flatMap(([outcome, words]) => {
    const count = runs.filter((run) => run.outcome === outcome).length;
    if (count === 0) return [];
    return [count === runs.length ? words : `${words} in ${count} of ${runs.length}`];
  });
  return problems.length === 0 ? title : `${title}: ${problems.join(", ")}`;
}

/** Returns the cells about order, medians of several runs, in seconds; dashes if there are none. */
export function figureCells(
  figures: readonly Figures[],
): { readonly firstByte: string; readonly stall: string; readonly late: string } {
  if (figures.length === 0) return { firstByte: "–", stall: "–", late: "–" };
  const cell = (digits: number, figure: (one: Figures) => number) =>
    median(figures.map(figure)).toFixed(digits);
  return {
    firstByte: cell(3, ({ firstByteSeconds }) => firstByteSeconds),
    stall: cell(2, ({ stallSeconds }) => stallSeconds),
    late: cell(2, ({ lateSeconds }) => lateSeconds),
  };
}

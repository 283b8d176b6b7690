/**
 * Formats the results of `sphttp probe` as a table: a line per mirror, with the reason at its end if it
 * fits, and below the table otherwise. Pure.
 *
 * @module
 */

import { formatBytes, formatRate } from "../report/format.ts";
import { mirrorLabels } from "../report/progress_view.ts";
import { fit, printable, textWidth, truncate } from "../report/text_width.ts";
import type { AssessedMirror } from "./assessment.ts";

/** The gap between two cells. */
const GAP = "  ";

/** The minimum width of names. */
const LEAST_NAME = 8;

const TITLES = ["mirror", "verdict", "ranges", "size", "latency", "rate"] as const;
/** Widths of the cells after the name; figures are aligned to the right. */
const WIDTHS = [7, 6, 8, 7, 10] as const;
const FIGURES = 2;

/** Returns the lines of the table, at most `width` columns wide; `Infinity` for a pipe. */
export function probeTable(mirrors: readonly AssessedMirror[], width: number): string[] {
  const labels = mirrorLabels(mirrors.map(({ measurement }) => measurement)).map(printable);
  const reasons = mirrors.map(({ reason }) => printable(reason ?? ""));
  const others = WIDTHS.reduce((sum, columns) => sum + GAP.length + columns, 0);
  const longest = Math.max(TITLES[0].length, ...labels.map(textWidth));
  const room = Math.max(LEAST_NAME, Math.min(longest, width - others));
  const rows = [
    row(TITLES[0], TITLES.slice(1), room),
    ...mirrors.map((mirror, index) => row(labels[index]!, cells(mirror), room)),
  ];
  const summary = summaryOf(mirrors);
  const inline = rows.map((line, index) =>
    index === 0 ? line : `${line}${GAP}${reasons[index - 1]}`.trimEnd()
  );
  if (room === longest && inline.every((line) => textWidth(line) <= width)) {
    return [...inline, "", summary];
  }
  const below = mirrors.flatMap((_, index) =>
    reasons[index] === "" ? [] : wrapped(`${labels[index]}: ${reasons[index]}`, width)
  );
  return [...rows.map((line) => truncate(line, width)), "", ...wrapped(summary, width), ...below];
}

function summaryOf(mirrors: readonly AssessedMirror[]): string {
  const worth = mirrors.filter(({ verdict }) => verdict === "use").length;
  if (worth === 0) return "no mirror is worth using";
  if (mirrors.length === 1) return "the mirror is worth using";
  return `${worth} of ${mirrors.length} mirrors ${worth === 1 ? "is" : "are"} worth using`;
}

function row(label: string, cells: readonly string[], room: number): string {
  const fitted = cells.map((cell, index) => {
    const columns = WIDTHS[index]!;
    return index < FIGURES ? fit(cell, columns) : cell.padStart(columns);
  });
  return [fit(label, room), ...fitted].join(GAP);
}

function cells({ measurement, verdict }: AssessedMirror): string[] {
  const { head, ranges, size, latencyMs, bytesPerSecond } = measurement;
  const known = <T>(value: T | undefined, text: (value: T) => string) =>
    value === undefined ? "–" : text(value);
  return [
    verdict,
    head === undefined ? "–" : ranges ? "yes" : "no",
    known(size, formatBytes),
    known(latencyMs, formatLatency),
    known(bytesPerSecond, formatRate),
  ];
}

function formatLatency(milliseconds: number): string {
  return milliseconds < 9.95 ? `${milliseconds.toFixed(1)} ms` : `${Math.round(milliseconds)} ms`;
}

/** Wraps a text into lines of at most `width` columns; all but the first are indented. */
function wrapped(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    const longer = line === "" ? word : `${line} ${word}`;
    if (textWidth(longer) <= width || line.trim() === "") lines[lines.length - 1] = longer;
    else lines.push(`  ${word}`);
  }
  return lines.map((line) => truncate(line, width));
}

/**
 * Formats the measures of a trace: as tables of cells, which the page uses, too, and as text for 80
 * columns.
 *
 * @module
 */

import { printable, textWidth, truncate } from "../../command_line/terminal_text.ts";
import type { Distribution } from "../../trace/analysis.ts";
import { fileNameInUrl } from "../../http/name/file_name.ts";
import { mirrorNames, type TraceReport } from "../plot/trace_report.ts";
import { formatBytes, formatRate } from "../report/text.ts";

const COLUMNS = 80;
const GAP = 2;
const MIN_NAME = 12;

/** Returns the measures with a single value. */
export function factRows(report: TraceReport): [name: string, value: string][] {
  const { start, fileBytes, receivedBytes, blocks, blockBytes, goodputBytesPerSecond } = report;
  const partly = receivedBytes !== fileBytes;
  return [
    ["file size", fileBytes === null ? "unknown" : formatBytes(fileBytes)],
    ...(partly
      ? [["received", formatBytes(receivedBytes) + (start > 0 ? ` from byte ${start} on` : "")]]
      : []) as [string, string][],
    ["blocks", `${blocks} of ${formatBytes(blockBytes)}`],
    ["outcome", report.outcome ?? "not recorded"],
    ["wall time", `${seconds(report.wallMs)} s`],
    ["goodput", `${formatRate(goodputBytesPerSecond)} (${megabits(goodputBytesPerSecond)} Mbit/s)`],
    ["initial buffering time", `${seconds(report.initialBufferingMs)} s`],
    ["mean positive delay", `${seconds(report.meanPositiveDelayMs)} s`],
    ["duplicate requests", String(report.duplicateRequests)],
  ];
}

/** Returns the measures with a distribution, after a header row. */
export function distributionRows(report: TraceReport): string[][] {
  const cells = (of: Distribution, format: (value: number) => string) =>
    [of.mean, of.median, of.standardDeviation, of.maximum].map(format);
  const count = (value: number) => value.toFixed(2);
  return [
    ["", "mean", "median", "sd", "max"],
    ["invalid blocks", ...cells(report.invalidBlocks, count)],
    ["blocks returned at once", ...cells(report.returnedAtOnce, count)],
    ["return interval, s", ...cells(report.returnIntervalMs, seconds)],
  ];
}

/**
 * Returns the mirrors, after a header row, with the intervals between the blocks of each, and the most
 * requests at once where the trace has them.
 */
export function mirrorRows({ mirrors }: TraceReport): string[][] {
  const names = mirrorNames(mirrors.map(({ url }) => url));
  const hasLanes = mirrors.some(({ lanes }) => lanes !== null);
  const header = ["mirror", "blocks", "bytes", "share", "mean", "median", "sd", "dup", "fail"];
  return [
    [...header, ...hasLanes ? ["lanes"] : []],
    ...mirrors.map((mirror, index) => {
      const { mean, median, standardDeviation } = mirror.arrivalIntervalMs;
      const intervals = [mean, median, standardDeviation].map((value) =>
        mirror.blocks < 2 ? "-" : seconds(value)
      );
      return [
        printable(names[index]!),
        String(mirror.blocks),
        formatBytes(mirror.bytes),
        formatShare(mirror.share),
        ...intervals,
        String(mirror.duplicateRequests),
        String(mirror.failures),
        ...hasLanes ? [mirror.lanes === null ? "-" : String(mirror.lanes)] : [],
      ];
    }),
  ];
}

/** Formats all tables in lines of at most 80 columns. */
export function tableText(title: string, report: TraceReport): string {
  const facts = factRows(report);
  const width = Math.max(...facts.map(([name]) => name.length));
  return [
    truncate(title, COLUMNS),
    "",
    ...facts.map(([name, value]) => `${name.padEnd(width + GAP)}${value}`),
    "",
    ...align(distributionRows(report)),
    "",
    "A block counts for the mirror that delivered its last byte.",
    "mean, median, sd: time between the blocks of a mirror, in seconds",
    ...report.mirrors.some(({ lanes }) => lanes !== null)
      ? ["lanes: the most requests that a mirror was to be busy with at once"]
      : [],
    ...align(mirrorRows(report)),
    "",
  ].join("\n");
}

/** Returns the title: the file, and the number of mirrors. */
export function reportTitle(report: TraceReport): string {
  const { mirrors, delayRequest } = report;
  const from = `from ${mirrors.length} mirror${mirrors.length === 1 ? "" : "s"}`;
  return `${fileName(mirrors[0]?.url)} ${from}${
    delayRequest === null ? "" : `, ${printable(delayRequest)}`
  }`;
}

/** Returns the most important measures in a line. */
export function reportSubtitle(report: TraceReport): string {
  const { start, receivedBytes, wallMs, goodputBytesPerSecond, sphttp } = report;
  return formatBytes(receivedBytes) + (start > 0 ? ` from byte ${start} on` : "") +
    ` in ${seconds(wallMs)} s, ` +
    `${formatRate(goodputBytesPerSecond)}; initial buffering ` +
    `${seconds(report.initialBufferingMs)} s; mean invalid blocks ` +
    report.invalidBlocks.mean.toFixed(2) +
    (sphttp === null ? "" : `; recorded by sphttp ${printable(sphttp)}`);
}

/** Formats a share in percent; a small share is not shown as 0 %. */
export function formatShare(share: number): string {
  return share > 0 && share < 0.005 ? "<1 %" : `${Math.round(100 * share)} %`;
}

/** Aligns the first column to the left, cutting it to fit, and the others to the right. */
function align(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) =>
    Math.max(...rows.map((row) => textWidth(row[column]!)))
  );
  const others = widths.slice(1).reduce((sum, width) => sum + width + GAP, 0);
  const first = Math.min(widths[0]!, Math.max(MIN_NAME, COLUMNS - others));
  return rows.map(([name = "", ...cells]) => {
    const cut = truncate(name, first);
    const figures = cells.map((cell, index) => cell.padStart(widths[index + 1]! + GAP));
    return cut + " ".repeat(first - textWidth(cut)) + figures.join("");
  });
}

/** Formats milliseconds as seconds in about five characters. */
function seconds(ms: number): string {
  const value = ms / 1000;
  return value.toFixed(value < 9.9995 ? 3 : value < 99.995 ? 2 : value < 999.95 ? 1 : 0);
}

function megabits(bytesPerSecond: number): string {
  const value = bytesPerSecond / 125_000;
  return value.toFixed(value < 99.95 ? 1 : 0);
}

function fileName(url = ""): string {
  return printable(fileNameInUrl(url) || url);
}

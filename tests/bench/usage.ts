/**
 * Resources used by processes on Linux, and the table of results.
 *
 * @module
 */

import { importMap } from "./own_command.ts";

/** Clock ticks per second in /proc: fixed on Linux. */
const TICKS = 100;

/** Returns the resources used by this process. */
export function ownUsage(): { cpuSeconds: number; rssBytes: number; peakRssBytes: number } {
  // The name of the process, in parentheses, may have spaces in it.
  const stat = Deno.readTextFileSync("/proc/self/stat").replace(/^.*\) /s, "").split(" ");
  const status = Deno.readTextFileSync("/proc/self/status");
  const kilobytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]);
  return {
    cpuSeconds: (Number(stat[11]) + Number(stat[12])) / TICKS,
    rssBytes: kilobytes("VmRSS") * 1024,
    peakRssBytes: kilobytes("VmHWM") * 1024,
  };
}

/** Runs a command and measures it from outside, including its start. */
export async function runMeasured(
  command: readonly string[],
): Promise<{ success: boolean; seconds: number; cpuSeconds: number }> {
  const startedAt = performance.now();
  const { success, stdout } = await new Deno.Command("sh", {
    // The second line of `times` has the user and system time of the children.
    args: ["-c", '"$@" >/dev/null 2>&1; code=$?; times; exit $code', "sh", ...command],
    stdin: "null",
  }).output();
  const seconds = (performance.now() - startedAt) / 1000;
  const [, children = ""] = new TextDecoder().decode(stdout).trim().split("\n");
  const cpuSeconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)]
    .reduce((sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest), 0);
  return { success, seconds, cpuSeconds };
}

/** Runs `drain.ts` in another process. */
export async function runDrain<Result>(spec: unknown): Promise<Result> {
  const script = new URL("./drain.ts", import.meta.url).href;
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", importMap(), "-A", script, JSON.stringify(spec)],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("the measured process failed");
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Returns the median. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}

/** Formats a table: the first column left-aligned, the others right-aligned. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)
    ).join("  ").trimEnd()
  ).join("\n");
}

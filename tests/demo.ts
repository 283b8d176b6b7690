/**
 * The demo: downloads 64 MB from three local mirrors with the links of the thesis's testbed (150, 50
 * and 15 Mbit/s; round trips of 10, 30 and 100 ms). The mirrors run in another process, so that they do
 * not share an event loop with the download.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { formatBytes, formatPercent, formatRate } from "../lib/cli/report/text.ts";
import { displayOptions, openDisplay } from "../lib/cli/report/terminal.ts";
import { Downloader, type DownloadStats } from "../mod.ts";
import { analyze } from "../trace.ts";
import { spawnLab } from "./support/lab/spawn_lab.ts";

const SIZE = 64_000_000;

/** Rate in megabits per second, round trip in milliseconds. */
const LINKS = [[150, 10], [50, 30], [15, 100]] as const;

const mirrors = LINKS.map(([megabits, roundTripMs]) => ({
  bytesPerSecond: megabits * 125_000,
  roundTripMs,
}));

async function main(): Promise<number> {
  console.error("Three local mirrors of 150, 50 and 15 Mbit/s serve one file of 64 MB.\n");
  await using lab = await spawnLab({ size: SIZE, sha256: true, mirrors });
  const downloader = new Downloader(lab.urls, { trace: true });
  using display = await openDisplay(
    displayOptions({ verbosity: "normal", progress: true, toStdout: false }),
  );
  const hide = display.show(0, () => ({ name: "demo.bin", offset: 0, stats: downloader.stats() }));
  const hash = createHash("sha256");
  for await (const part of downloader) hash.update(part);
  hide();
  const right = hash.digest("hex") === lab.sha256;
  const { invalidBlocks } = analyze(downloader.trace());
  console.log(table(downloader.stats(), invalidBlocks.mean, right));
  return right ? 0 : 1;
}

function table(stats: DownloadStats, meanInvalidBlocks: number, right: boolean): string {
  const limit = mirrors.reduce((sum, { bytesPerSecond }) => sum + bytesPerSecond, 0);
  const rate = 1000 * SIZE / stats.elapsedMs;
  const rows = [
    ["mirror", "link", "received", "share", "mean rate", "requests"],
    ...stats.mirrors.map(({ bytes, share, requests }, index) => [
      new URL(stats.mirrors[index]!.url).host,
      `${LINKS[index]![0]} Mbit/s, ${LINKS[index]![1]} ms`,
      formatBytes(bytes),
      formatPercent(share),
      formatRate(1000 * bytes / stats.elapsedMs),
      String(requests),
    ]),
  ];
  const facts = [
    ["rate", `${formatRate(rate)}, ${formatPercent(rate / limit)} of the capacity of the links`],
    ["time", `${(stats.elapsedMs / 1000).toFixed(2)} s`],
    ["first byte", `after ${stats.firstByteMs!.toFixed(0)} ms`],
    ["invalid blocks", `${meanInvalidBlocks.toFixed(2)} on average`],
    ["peak buffer", formatBytes(stats.peakBufferedBytes)],
    ["SHA-256", right ? "correct" : "WRONG"],
  ];
  return [...align(rows), "", ...align(facts)].join("\n");
}

/** Aligns the first two columns left, the others right. */
function align(rows: readonly string[][]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const pad = (cell: string, column: number) =>
    column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!);
  return rows.map((row) => row.map(pad).join("  ").trimEnd());
}

if (import.meta.main) Deno.exit(await main());

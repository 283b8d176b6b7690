/**
 * Shows how far a download is, and what each mirror delivers.
 *
 *     deno run --allow-net --allow-write examples/progress.ts FILE URL URL…
 */

import { Downloader, type DownloadStats } from "@x/sphttp";

/** Downloads to a file, and calls `show` every `everyMs` milliseconds and at the end. */
export async function downloadTo(
  path: string,
  urls: string[],
  show: (stats: DownloadStats) => void,
  everyMs = 500,
): Promise<void> {
  const download = new Downloader(urls);
  const timer = setInterval(() => show(download.stats()), everyMs);
  try {
    await Deno.writeFile(path, download.stream());
  } finally {
    clearInterval(timer);
    show(download.stats());
  }
}

/** Returns a line like `42 % of 700.0 MB at 12.5 MB/s: one.example 8.1, two.example 4.4`. */
export function line({ size, consumedBytes, bytesPerSecond, mirrors }: DownloadStats): string {
  const mega = (bytes: number) => (bytes / 1e6).toFixed(1);
  const done = size === undefined
    ? `${mega(consumedBytes)} MB`
    : `${Math.floor(100 * consumedBytes / Math.max(1, size))} % of ${mega(size)} MB`;
  const rates = mirrors.map((mirror) =>
    `${new URL(mirror.url).host} ${mega(mirror.bytesPerSecond)}`
  );
  return `${done} at ${mega(bytesPerSecond)} MB/s: ${rates.join(", ")}`;
}

if (import.meta.main) {
  const [path = "file", ...urls] = Deno.args;
  await downloadTo(path, urls, (stats) => console.log(line(stats)));
}

/**
 * Which bytes of the file are wanted. The last N are known only once the mirrors have told its size.
 *
 * @module
 */

import { Downloader, type DownloaderOptions, type KnownFile } from "../../../mod.ts";
import { CommandError } from "../../command_line/command_error.ts";
import { ExitCode } from "../failure/exit_code.ts";
import type { WantedRange } from "../part/part_file.ts";
import type { FileTask } from "./file_tasks.ts";

/** The bytes to download, and what was learned of the file while finding them. */
export interface FoundRange extends WantedRange {
  readonly knownFile?: KnownFile | undefined;
}

/** Finds the range of a request; asks the mirrors only where they have to say where it lies. */
export async function findRange(
  { urls, range }: FileTask,
  options: DownloaderOptions,
): Promise<FoundRange> {
  if (range === undefined) return { start: 0 };
  if ("start" in range) return range;
  const { size, knownFile } = await askSize(urls, options);
  if (size === undefined) {
    throw new CommandError(
      ExitCode.RANGE,
      `no mirror tells the size of the file, so that its last ${range.last} bytes cannot be found`,
    );
  }
  return { start: Math.max(0, size - range.last), knownFile };
}

/** Asks the mirrors for the size of the file, and downloads next to nothing of it. */
export async function askSize(
  urls: readonly string[],
  options: DownloaderOptions,
): Promise<{ readonly size: number | undefined; readonly knownFile: KnownFile | undefined }> {
  const little = { windowSize: 16 * 1024, splitSize: 8 * 1024 };
  await using download = new Downloader(urls, { ...options, ...little });
  const { size } = await download.open();
  return { size, knownFile: download.knownFile };
}

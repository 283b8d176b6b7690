/**
 * Finds the bytes to download. The last N of a file depend on its size, which the mirrors have.
 *
 * @module
 */

import { Downloader, type DownloaderOptions, type KnownFile } from "../../../../mod.ts";
import { CommandError } from "../../../command_line/command_error.ts";
import { ExitCode } from "../../failure/exit_code.ts";
import type { WantedRange } from "../../part/existing_part.ts";
import type { FileTask } from "../tasks/file_task.ts";

/** The bytes to download, and what was learned about the file on the way. */
export interface FoundRange extends WantedRange {
  readonly knownFile?: KnownFile | undefined;
}

/** Finds the range of a task. Requests something from the mirrors only if it depends on the size. */
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
      `no mirror reports the size of the file, which --range -${range.last} needs`,
    );
  }
  return { start: Math.max(0, size - range.last), knownFile };
}

/** Finds the size of the file by requesting a few bytes of it. */
export async function askSize(
  urls: readonly string[],
  options: DownloaderOptions,
): Promise<{ readonly size: number | undefined; readonly knownFile: KnownFile | undefined }> {
  const little = { windowSize: 16 * 1024, splitSize: 8 * 1024 };
  await using download = new Downloader(urls, { ...options, ...little });
  const { size } = await download.open();
  return { size, knownFile: download.knownFile };
}

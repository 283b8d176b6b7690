/**
 * What the engine would refuse is found before any file is touched and anybody is asked.
 *
 * @module
 */

import { Downloader, type DownloaderOptions } from "../../../mod.ts";
import { invalidOption } from "../failure/failure.ts";

/** Rejects with a `CommandError` where URLs or options make no sense to the engine. */
export async function validate(
  urls: readonly string[],
  options: DownloaderOptions,
): Promise<void> {
  try {
    await new Downloader(urls, options).cancel();
  } catch (error) {
    throw invalidOption(error);
  }
}

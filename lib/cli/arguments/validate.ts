/**
 * What the engine would refuse is found before any file is touched and anybody is asked.
 *
 * @module
 */

import { Downloader, type DownloaderOptions, MirrorUrlError } from "../../../mod.ts";
import { CommandError } from "../../command_line/command_error.ts";
import { ExitCode } from "../failure/exit_code.ts";

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

/** An error of the constructor of a download, in the words of the command line. */
export function invalidOption(error: unknown): unknown {
  if (error instanceof MirrorUrlError) return new CommandError(ExitCode.URL, error.message);
  if (error instanceof TypeError || error instanceof RangeError) {
    return new CommandError(ExitCode.USAGE, inFlagWords(error.message));
  }
  return error;
}

/** Flags by the option of the engine that they set. */
const FLAG_BY_OPTION: Readonly<Record<string, string>> = {
  splitSize: "--split-size",
  windowSize: "--window",
  delayRequest: "--delay",
  staticDelays: "--static-delay",
  initialDelayCoefficient: "--initial-delay-coefficient",
  duplicateRequest: "--duplicate",
  invalidBlockThreshold: "--invalid-block-threshold",
  headers: "--header",
  maxConnectionsPerMirror: "--max-connection-per-server",
  maxRate: "--limit-rate",
  maxRedirects: "--max-redirs",
  "lowestRate.bytesPerSecond": "--speed-limit",
  "lowestRate.periodMs": "--speed-time (in milliseconds)",
  proxy: "--proxy",
  connectTimeoutMs: "--connect-timeout (in milliseconds)",
  "retry.attempts": "--retry plus one",
  "retry.maxTimeMs": "--retry-max-time (in milliseconds)",
};

/** A message of the engine about an option, with the name of the flag in its place. */
export function inFlagWords(message: string): string {
  const [, option = "", rest = ""] = /^([\w.]+)( .*)$/s.exec(message) ?? [];
  const flag = FLAG_BY_OPTION[option];
  if (flag === undefined) return message;
  // Sizes are held against each other; nothing that the user wrote stands in those messages.
  return flag + (option === "windowSize" ? rest.replaceAll("splitSize", "--split-size") : rest);
}

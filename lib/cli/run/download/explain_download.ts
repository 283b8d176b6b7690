/**
 * Why a download of the command failed, with its exit code, and what happens to its part file.
 *
 * @module
 */

import {
  type DownloaderOptions,
  type FailureReason,
  FileChangedError,
  MirrorMismatchError,
  NoMirrorLeftError,
  RangeNotSatisfiableError,
} from "../../../../mod.ts";
import { CommandError } from "../../../command_line/command_error.ts";
import { ExitCode } from "../../failure/exit_code.ts";
import { explain } from "../../failure/failure.ts";
import type { TargetOptions } from "../../output/target.ts";
import { partTooLong, resumeRefusal } from "../../part/continuation.ts";
import type { PartFile } from "../../part/part_file.ts";
import { formatBytes } from "../../report/text.ts";

/** What the explanation depends on. */
export interface FailedDownload {
  readonly part: PartFile | undefined;
  readonly target: Pick<TargetOptions, "resume" | "removeOnError">;
  readonly options: Pick<DownloaderOptions, "caCerts" | "proxy">;
  /** Messages of failures that the user has seen. */
  readonly shown: ReadonlySet<string>;
  /** The reason for which the command was stopped, if it was. */
  readonly stopReason: unknown;
  /** Bytes that are there, and the size of the file; `undefined` before the download began. */
  readonly progress: { readonly done: number; readonly total: number | undefined } | undefined;
}

/** Exit codes of wrong contents: continuing would not help. */
const WRONG_CONTENTS = new Set<number>([ExitCode.CHECKSUM, ExitCode.RESUME]);

/** Adds an exit code to an error, and what happens to the part file; other errors stay unchanged. */
export async function explainDownload(error: unknown, failed: FailedDownload): Promise<unknown> {
  const { part, target, options: { caCerts, proxy }, shown, stopReason } = failed;
  const existing = part?.existing.length ?? 0;
  if (part !== undefined && existing > 0) {
    if (error instanceof RangeNotSatisfiableError) return partTooLong(part.partName);
    if (!part.touched && isOtherFile(error)) return otherFile(part.partName, error, shown);
  }
  // What only the validators of the mirrors say does not count for such bytes.
  if (error instanceof MirrorMismatchError || error instanceof FileChangedError) {
    await part?.distrust();
  }
  const explained = await explain(error, { caCerts, proxy, shown });
  if (!(explained instanceof CommandError)) return explained;
  const { exitCode, message } = explained;
  const lost = part === undefined || !part.kept || target.removeOnError;
  const kept = lost || WRONG_CONTENTS.has(exitCode)
    ? ""
    : error instanceof MirrorMismatchError
    ? `${part.partName} is kept, but may hold bytes of either file: start over without the wrong mirror`
    : keptText(part.partName, { changed: hasChanged(error), resume: target.resume });
  if (error !== stopReason) {
    return new CommandError(exitCode, kept && message ? `${message}\n${kept}` : message);
  }
  const { progress } = failed;
  if (progress === undefined) return new CommandError(exitCode, message);
  const { done, total } = progress;
  const of = total === undefined ? "" : ` of ${formatBytes(total)}`;
  const there = formatBytes(Math.max(done, existing));
  return new CommandError(exitCode, `${message} at ${there}${of}${kept && `; ${kept}`}`);
}

/** Returns the error for a part file of another file than the mirrors have. */
function otherFile(
  partName: string,
  { cause }: NoMirrorLeftError,
  shown: ReadonlySet<string>,
): CommandError {
  const { exitCode, message } = resumeRefusal(
    partName,
    "belongs to another version of the file than the mirrors have",
  );
  const details = cause.map(({ message }) => message).filter((line) => !shown.has(line));
  return new CommandError(exitCode, [message, ...details].join("\n  "));
}

/** Returns what to do with a part file that is kept after an error. */
function keptText(
  partName: string,
  { changed, resume }: { readonly changed: boolean; readonly resume: boolean },
): string {
  if (changed) {
    const without = resume ? "without -C -" : "again";
    return `${partName} is kept, with bytes of the file as it was: run the same command ${without} to ` +
      "start over";
  }
  return `${partName} is kept: run the same command ${resume ? "again" : "with -C -"} to continue`;
}

/** Reports whether every mirror has another file by now: what came before cannot be continued. */
function hasChanged(error: unknown): boolean {
  return error instanceof FileChangedError ||
    (error instanceof NoMirrorLeftError && error.cause.every(({ reason }) => reason === "changed"));
}

/** Reports whether no mirror is left because they have another file than was known. */
function isOtherFile(error: unknown): error is NoMirrorLeftError {
  return error instanceof NoMirrorLeftError && error.cause.some(({ reason }) => OTHER.has(reason));
}

const OTHER: ReadonlySet<FailureReason> = new Set(["mismatch", "changed"]);

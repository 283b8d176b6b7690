/**
 * `-C -` where the file itself is there, and no part of it: is it the whole file? Its checksum says
 * so, or else its size, for which the mirrors are asked. It is left as it is in any case.
 *
 * @module
 */

import type { DownloaderOptions } from "../../../mod.ts";
import { CommandError } from "../../command_line/command_error.ts";
import { ChecksumVerifier } from "../checksum/verifier.ts";
import { ExitCode } from "../failure/exit_code.ts";
import { explain } from "../failure/failure.ts";
import { readError, reason } from "../failure/file_error.ts";
import { formatBytes } from "../report/format.ts";
import type { FileTask } from "./file_tasks.ts";
import type { Target } from "../output/target.ts";
import type { FileReport } from "../report/report.ts";
import { askSize } from "./find_range.ts";

/** What the look at a file needs of its surroundings. */
export interface PresentFileContext {
  readonly signal: AbortSignal;
  readonly report: FileReport;
  /** Options of the engine. */
  readonly options: DownloaderOptions;
}

/** Tells that a file is complete. Rejects with a {@linkcode CommandError} where it is not. */
export async function verifyPresent(
  { path, name }: Extract<Target, { type: "present" }>,
  task: FileTask,
  context: PresentFileContext,
): Promise<void> {
  const { report } = context;
  const { size: there } = await Deno.stat(path);
  const done = (why: string) => {
    const { checksums, urls } = task;
    const names = checksums.map(({ name }) => name);
    const nothing = { elapsedMs: 0, bytesPerSecond: 0, sources: 0, mirrors: urls.length };
    const result = { name, bytes: there, existing: there, ...nothing, checksums: names };
    report.present(result, `${name} already exists, ${why}`);
  };
  if (task.checksums.length > 0) {
    await verifyChecksums(path, name, task, context);
    return done("and its checksum is right; nothing to continue");
  }
  const wanted = await wantedBytes(task, context);
  if (wanted === undefined) {
    return done("and no mirror tells a size to compare it with");
  }
  if (there === wanted) {
    return done(
      "and is as long as what is wanted; nothing to continue (only --checksum compares more than that)",
    );
  }
  const sizes = there < wanted
    ? `${formatBytes(there)}, and ${formatBytes(wanted)} are wanted`
    : `${formatBytes(there)}, and only ${formatBytes(wanted)} are wanted`;
  const advice = there < wanted
    ? `if it is the beginning of this file, rename it to ${name}.part and run the same command again`
    : "leave out -C - to replace it";
  throw new CommandError(ExitCode.RESUME, `${name} already exists with ${sizes}; ${advice}`);
}

async function verifyChecksums(
  path: string,
  name: string,
  { checksums }: FileTask,
  { signal, report }: PresentFileContext,
): Promise<void> {
  const verifier = await ChecksumVerifier.of(checksums);
  try {
    const file = await Deno.open(path);
    const { size } = await file.stat();
    let position = 0;
    for await (const bytes of file.readable) {
      signal.throwIfAborted();
      verifier.update(bytes);
      position += bytes.byteLength;
      report.rereading(position / size);
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw readError(`cannot read ${name}: ${reason(cause)}`, cause);
  }
  verifier.verify(`; ${name} is left as it is`);
}

/** How many bytes are wanted; `undefined` where no mirror tells. */
async function wantedBytes(
  { urls, range }: FileTask,
  { signal, options }: PresentFileContext,
): Promise<number | undefined> {
  try {
    const { size } = await askSize(urls, { ...options, signal });
    if (size === undefined || range === undefined) return size;
    if ("last" in range) return Math.min(size, range.last);
    return Math.max(0, Math.min(size, range.end ?? size) - range.start);
  } catch (error) {
    throw await explain(error, { caCerts: options.caCerts, proxy: options.proxy });
  }
}

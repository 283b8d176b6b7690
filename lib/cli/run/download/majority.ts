/**
 * Continues a file without the mirrors that turned out to have another one while it was downloaded, if most
 * mirrors agree: what they have sent is removed from the part file.
 *
 * @module
 */

import type { DownloaderOptions, MirrorMismatchError, Origin } from "../../../../mod.ts";
import { parseMirrorUrl } from "../../../http/address/mirror_url.ts";
import type { PartFile } from "../../part/part_file.ts";
import type { FileReport } from "../../report/report.ts";
import { outvoted } from "../checks/outvoted.ts";
import type { FileTask } from "../tasks/file_task.ts";

/** A download that has failed. */
export interface Failed {
  readonly task: FileTask;
  readonly part: PartFile | undefined;
  /** Number of the first byte of the part file. */
  readonly start: number;
  /** Who has sent which bytes; `undefined` if that is not known. */
  readonly origins: readonly Origin[] | undefined;
  readonly options: DownloaderOptions;
  readonly signal: AbortSignal;
  readonly report: Pick<FileReport, "note">;
}

/**
 * Returns the task to go on with; `undefined` if there is none, as no mirror is outvoted, or what was written
 * cannot be taken back.
 */
export async function withoutOutvoted(
  error: MirrorMismatchError,
  failed: Failed,
): Promise<FileTask | undefined> {
  const { task, part, start, origins, options, signal, report } = failed;
  if (part === undefined) return undefined;
  const wrong = await outvoted(error, task.urls, { ...options, signal });
  if (wrong.length === 0) return undefined;
  const mirrors = new Set(wrong.map((url) => parseMirrorUrl(url).url));
  // What existed before is compared with the other mirrors.
  const first = origins?.find(({ mirror }) => mirrors.has(mirror))?.start ?? start;
  await part.keep(Math.max(part.existing.length, first - start));
  for (const mirror of mirrors) {
    report.note(
      `${mirror} has other bytes than most mirrors, and is left out: what it sent is downloaded again`,
    );
  }
  return {
    ...task,
    urls: task.urls.filter((url) => !wrong.includes(url)),
    target: { ...task.target, resume: true },
  };
}

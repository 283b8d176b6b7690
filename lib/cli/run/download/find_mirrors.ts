/**
 * Finds the mirrors of a file that the server of its only URL names, unless the user does not want them.
 *
 * @module
 */

import { type DiscoveredMirrors, type FileInfo, mirrorsOf } from "../../../../mod.ts";
import { printable } from "../../report/text.ts";
import type { FileContext, FileTask } from "../tasks/file_task.ts";

/** Returns the mirrors, with the server itself, and hashes of the file; `undefined` if it names nothing. */
export async function findMirrors(
  info: FileInfo,
  { urls, discovery }: FileTask,
  { options, signal, report }: FileContext,
): Promise<DiscoveredMirrors | undefined> {
  if (discovery === undefined || info.elsewhere === undefined) return undefined;
  const { parseMetalink } = await import("../../../../metalink.ts");
  const wanted = { ...options, ...discovery, parseMetalink, signal };
  const found = await mirrorsOf(urls[0]!, info, wanted);
  for (const problem of found.problems) report.note(printable(problem));
  const more = found.urls.length - 1;
  if (more > 0) {
    report.note(`the server names ${more === 1 ? "a mirror" : `${more} mirrors`} of the file`);
  }
  return found;
}

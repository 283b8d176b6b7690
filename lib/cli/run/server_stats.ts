/**
 * What is known of servers from one run of the command to the next, in a file of JSON. It makes
 * downloads start faster and never makes one fail: where something is wrong with a file, that is
 * told, and no more.
 *
 * @module
 */

import { MirrorBook } from "../../../mod.ts";
import type { ServerStatFiles } from "../arguments/download_arguments.ts";
import { reason } from "../failure/file_error.ts";
import { replaceFile } from "../output/replace_file.ts";

/** Tells the user, in one line. */
type Warn = (text: string) => void;

/** Reads what is known; `undefined` where nobody asked for that, and it is not to be written. */
export async function loadServerStats(
  { load, save, maxAgeMs }: ServerStatFiles,
  warn: Warn,
): Promise<MirrorBook | undefined> {
  if (load === undefined && save === undefined) return undefined;
  const options = maxAgeMs === undefined ? {} : { maxAgeMs };
  if (load !== undefined) {
    try {
      const book = MirrorBook.fromJSON(parse(await Deno.readTextFile(load)), options);
      book.prune();
      return book;
    } catch (error) {
      // There is no such file before the first run.
      if (!(error instanceof Deno.errors.NotFound)) warn(`${load}: ${reason(error)}: ignored`);
    }
  }
  return new MirrorBook(options);
}

/** Writes what is known now. */
export async function saveServerStats(
  { save }: ServerStatFiles,
  book: MirrorBook | undefined,
  warn: Warn,
): Promise<void> {
  if (save === undefined || book === undefined) return;
  try {
    await replaceFile(save, `${JSON.stringify(book, undefined, 2)}\n`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    warn(`what is known of the servers is not kept: ${why}`);
  }
}

/** Reads JSON; what stands in the file is not shown. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TypeError("it is no JSON");
  }
}

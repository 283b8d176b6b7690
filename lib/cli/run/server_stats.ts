/**
 * Keeps what is known about servers from one run to the next, in a JSON file. It makes downloads start
 * faster and never makes one fail: a problem with the file is a warning.
 *
 * @module
 */

import { MirrorBook } from "../../../mod.ts";
import { parseJson } from "../../command_line/json.ts";
import type { ServerStatFiles } from "../arguments/download_arguments.ts";
import { reason } from "../failure/exit_code.ts";
import { replaceFile } from "../part/durable_file.ts";

type Warn = (text: string) => void;

/** Loads the statistics; `undefined` if they are neither read nor written. */
export async function loadServerStats(
  { load, save, maxAgeMs }: ServerStatFiles,
  warn: Warn,
): Promise<MirrorBook | undefined> {
  if (load === undefined && save === undefined) return undefined;
  const options = maxAgeMs === undefined ? {} : { maxAgeMs };
  if (load !== undefined) {
    try {
      const book = MirrorBook.fromJSON(parseJson(await Deno.readTextFile(load)), options);
      book.prune();
      return book;
    } catch (error) {
      // The file does not exist before the first run.
      if (!(error instanceof Deno.errors.NotFound)) warn(`${load} is ignored: ${reason(error)}`);
    }
  }
  return new MirrorBook(options);
}

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
    warn(`cannot save server statistics: ${why}`);
  }
}

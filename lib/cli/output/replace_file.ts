/**
 * Replaces a small file in one step: a reader sees the old text or the new one.
 *
 * @module
 */

import { reason, writeError } from "../failure/file_error.ts";
import { replaceText } from "../part/durable_file.ts";

/** Writes text to a file, replacing it. Rejects with exit code 23 if it cannot be written. */
export async function replaceFile(path: string, text: string): Promise<void> {
  try {
    await replace(path, text);
  } catch (cause) {
    const missing = cause instanceof Deno.errors.NotFound;
    const why = missing ? "its directory does not exist" : reason(cause);
    throw writeError(`cannot write to ${path}: ${why}`, cause);
  }
}

async function replace(path: string, text: string): Promise<void> {
  const found = await stat(path);
  if (found?.isDirectory) throw new Error("it is a directory");
  // A device or a pipe is written to, not replaced.
  if (found !== undefined && !found.isFile) return await Deno.writeTextFile(path, text);
  // The file that a link points to is replaced, not the link.
  const target = found === undefined ? path : await Deno.realPath(path);
  await replaceText(target, text, `${target}.${crypto.randomUUID()}.tmp`);
}

async function stat(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * File contents that survive a crash of the system. A rename may reach the disk before the bytes of
 * the renamed file, so a file is synced before it gets its name.
 *
 * @module
 */

import { reason, writeError } from "../failure/exit_code.ts";
import { stat } from "./file_target.ts";
import { directoryOf } from "./path.ts";
import { openSparing } from "./spare_descriptors.ts";

/** Writes a file's data and metadata to the disk. */
export async function syncFile(file: Deno.FsFile): Promise<void> {
  try {
    await file.sync();
  } catch (error) {
    // EINVAL and ENOSYS: the file system cannot sync.
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotSupported)) throw error;
  }
}

/** Writes a directory's entries to the disk, where the system and the permissions allow it. */
export async function syncDirectory(path: string): Promise<void> {
  try {
    using directory = await openSparing(() => Deno.open(path));
    await directory.sync();
  } catch {
    // Windows cannot open a directory. Without this, a crash may undo the rename, and loses nothing.
  }
}

/**
 * Replaces a file in one step: at any time, also after a crash, it has the old text or the new one.
 *
 * @param temporary path of a file in the same directory that does not exist
 */
export async function replaceText(
  path: string,
  text: string,
  temporary: string,
  mode = 0o666,
): Promise<void> {
  try {
    const options = { write: true, createNew: true, mode };
    using file = await openSparing(() => Deno.open(temporary, options));
    let bytes = new TextEncoder().encode(text);
    while (bytes.byteLength > 0) bytes = bytes.subarray(await file.write(bytes));
    await syncFile(file);
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

/** Writes text to a file, replacing it. Rejects with exit code 23 if it cannot be written. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const found = await stat(path, path);
  try {
    if (found?.isDirectory) throw new Error("it is a directory");
    // A device or a pipe is written to, not replaced.
    if (found !== undefined && !found.isFile) return await Deno.writeTextFile(path, text);
    // The file that a link points to is replaced, not the link.
    const target = found === undefined ? path : await Deno.realPath(path);
    const mode = found?.mode == null ? undefined : found.mode & 0o777;
    const directory = directoryOf(target);
    // Not made of the name, which may be as long as the file system allows.
    await replaceText(target, text, `${directory}/.sphttp-${crypto.randomUUID()}.tmp`, mode);
    await syncDirectory(directory);
  } catch (cause) {
    const missing = cause instanceof Deno.errors.NotFound;
    const why = missing ? "its directory does not exist" : reason(cause);
    throw writeError(`cannot write to ${path}: ${why}`, cause);
  }
}

/**
 * Files that only one process at a time writes to. The operating system holds the lock and releases it
 * when the process ends, however it ends.
 *
 * @module
 */

import { reason, writeError } from "../failure/exit_code.ts";
import { stat } from "./file_target.ts";
import { openSparing } from "./spare_descriptors.ts";

/** A file that is locked while it is open. */
export interface ExclusiveFile {
  readonly file: Deno.FsFile;
  /** Its size in bytes; `undefined` if it was just created. */
  readonly sizeBefore: number | undefined;
}

/**
 * Opens a file to read and write, creating it if needed. Resolves to `undefined` if it is locked.
 * Rejects with exit code 23 if it cannot be written.
 *
 * @param name its name in messages
 * @param mode permissions of a new file
 */
export async function openExclusive(
  path: string,
  name: string,
  mode = 0o666,
): Promise<ExclusiveFile | undefined> {
  const found = await stat(path, name, Deno.lstat);
  // Opening would follow a link, and wait for the reader of a pipe.
  if (found !== undefined && !found.isFile) {
    throw writeError(`cannot write to ${name}: it is not a regular file`);
  }
  const options = { read: true, write: true, create: true, mode };
  const file = await openToWrite(name, () => Deno.open(path, options));
  try {
    if (await lock(file)) {
      // It may have been renamed between opening and locking.
      if (await isOpen(path, file)) {
        const { size } = await file.stat();
        // Another process may have created it since, and have written to it.
        return { file, sizeBefore: found === undefined && size === 0 ? undefined : size };
      }
    }
  } catch (error) {
    closeExclusive(file);
    throw error;
  }
  file.close();
  return undefined;
}

/**
 * Releases the lock and closes the file. Closing alone does not release it while a process that was
 * just started has a copy of the descriptor.
 */
export function closeExclusive(file: Deno.FsFile): void {
  try {
    file.unlockSync();
  } catch {
    // The file system has no locks.
  }
  file.close();
}

/** Reports whether a path still leads to an open file. */
export async function isOpen(path: string, file: Deno.FsFile): Promise<boolean> {
  const opened = await file.stat();
  try {
    const found = await Deno.lstat(path);
    return opened.ino === found.ino && opened.dev === found.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Opens a file for writing. Rejects with exit code 23 if that fails. */
export async function openToWrite(
  name: string,
  open: () => Promise<Deno.FsFile>,
): Promise<Deno.FsFile> {
  try {
    return await openSparing(open);
  } catch (cause) {
    const missing = cause instanceof Deno.errors.NotFound;
    const why = missing
      ? "its directory does not exist; use --create-dirs to create it"
      : reason(cause);
    throw writeError(`cannot write to ${name}: ${why}`, cause);
  }
}

/** Locks a file; resolves to `false` if another process has the lock. */
async function lock(file: Deno.FsFile): Promise<boolean> {
  try {
    return await file.tryLock(true);
  } catch {
    // The file system has no locks, and a single download needs none.
    return true;
  }
}

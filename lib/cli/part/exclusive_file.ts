/**
 * Files that one process at a time writes to. The lock is the system's own and ends with whoever has
 * it, so that no kill leaves one behind.
 *
 * @module
 */

import { reason, writeError } from "../failure/file_error.ts";
import { stat } from "./file_target.ts";

/** A file that nobody else writes to while it is open. */
export interface ExclusiveFile {
  readonly file: Deno.FsFile;
  /** Its size in bytes; `undefined` where it has just been made. */
  readonly sizeBefore: number | undefined;
}

/**
 * Opens a file to read and to write, or makes it; resolves to `undefined` where somebody else writes to
 * it. Rejects with exit code 23 where it cannot be written.
 *
 * @param name what messages call it
 * @param mode permissions of a file that is made
 */
export async function openAlone(
  path: string,
  name: string,
  mode = 0o666,
): Promise<ExclusiveFile | undefined> {
  const found = await stat(path, name, Deno.lstat);
  // A link would be followed, and a pipe waited for.
  if (found !== undefined && !found.isFile) {
    throw writeError(`cannot write to ${name}: it is no regular file`);
  }
  const options = { read: true, write: true, create: true, mode };
  const file = await openToWrite(name, () => Deno.open(path, options));
  try {
    if (await lock(file)) {
      // Between the opening and the lock it may have got another name.
      if (await isOpen(path, file)) {
        const { size } = await file.stat();
        return { file, sizeBefore: found && size };
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

/** Whether a path still leads to a file that is open. */
export async function isOpen(path: string, file: Deno.FsFile): Promise<boolean> {
  const mine = await file.stat();
  try {
    const there = await Deno.lstat(path);
    return mine.ino === there.ino && mine.dev === there.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Opens what is written to. Rejects with exit code 23 where that cannot be. */
export async function openToWrite(
  name: string,
  open: () => Promise<Deno.FsFile>,
): Promise<Deno.FsFile> {
  try {
    return await open();
  } catch (cause) {
    const missing = cause instanceof Deno.errors.NotFound;
    const why = missing ? "its directory does not exist; --create-dirs makes it" : reason(cause);
    throw writeError(`cannot write to ${name}: ${why}`, cause);
  }
}

/** Takes the lock of a file; `false` where somebody has it. */
async function lock(file: Deno.FsFile): Promise<boolean> {
  try {
    return await file.tryLock(true);
  } catch {
    // Not every file system knows locks; a single download does not need one.
    return true;
  }
}

/**
 * Reads the files that options name, such as certificates and lists.
 *
 * @module
 */

import { usageError } from "./command_error.ts";

/** Reads a file that a flag names. Rejects with a usage error if it cannot be read. */
export async function readNamedFile(flag: string, path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    throw usageError(`${flag}: ${path}: ${systemReason(cause)}`, { cause });
  }
}

/** Returns the system's reason, without the path and the system call that Deno appends. */
export function systemReason(cause: unknown): string {
  if (cause instanceof Deno.errors.NotFound) return "no such file";
  if (cause instanceof Deno.errors.IsADirectory) return "it is a directory";
  const message = cause instanceof Error ? cause.message : String(cause);
  // It names the flag of Deno that is missing.
  if (cause instanceof Deno.errors.NotCapable) return message;
  return message.replace(/: \w+ '.*$/s, "");
}

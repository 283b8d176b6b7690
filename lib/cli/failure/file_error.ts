/**
 * Errors of reading and writing files, with exit codes and the reasons of the system.
 *
 * @module
 */

import { CommandError, usageError } from "../../command_line/command_error.ts";
import { ExitCode } from "./exit_code.ts";

/** Returns the error for something that cannot be written. */
export function writeError(message: string, cause?: unknown): CommandError {
  return new CommandError(ExitCode.WRITE, message, { cause });
}

/** Returns the error for something that cannot be read. */
export function readError(message: string, cause?: unknown): CommandError {
  return new CommandError(ExitCode.READ, message, { cause });
}

/** Returns the system's reason, without the path and the system call that Deno appends. */
export function reason(cause: unknown): string {
  if (cause instanceof Deno.errors.NotCapable) return "permission denied by Deno; use deno run -A";
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.replace(/: \w+ '.*$/s, "");
}

/** Reads a file that a flag names. Rejects with a usage error if it cannot be read. */
export async function readNamedFile(flag: string, path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "no such file" : reason(error);
    throw usageError(`${flag}: ${path}: ${why}`);
  }
}

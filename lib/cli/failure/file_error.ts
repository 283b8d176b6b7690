/**
 * Errors of files: exit code 23 for writing, 26 for reading, what could not be done, and why, in words
 * for people.
 *
 * @module
 */

import { CommandError } from "../../command_line/command_error.ts";
import { ExitCode } from "./exit_code.ts";

/** Something cannot be written. */
export function writeError(message: string, cause?: unknown): CommandError {
  return new CommandError(ExitCode.WRITE, message, { cause });
}

/** Something cannot be read. */
export function readError(message: string, cause?: unknown): CommandError {
  return new CommandError(ExitCode.READ, message, { cause });
}

/** What the system said, without the path and the call that Deno adds. */
export function reason(cause: unknown): string {
  if (cause instanceof Deno.errors.NotCapable) return "Deno may not; allow it with deno run -A";
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.replace(/: \w+ '.*$/s, "");
}

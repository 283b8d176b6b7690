/**
 * The error that ends a command with a message and an exit code, and what the system gives as the reason.
 *
 * @module
 */

/** The exit code for an invalid command line. */
export const USAGE = 2;

/** Ends the command. An empty message is not printed. */
export class CommandError extends Error {
  override name = "CommandError";
  readonly exitCode: number;

  /** Makes the error; `message` is printed as it is. */
  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** Returns the error for an invalid command line; `message` names the flag and what is accepted. */
export function usageError(message: string, options?: ErrorOptions): CommandError {
  return new CommandError(USAGE, message, options);
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

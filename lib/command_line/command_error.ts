/**
 * The error that ends a command with a message and an exit code.
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

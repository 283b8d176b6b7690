/**
 * How a command ends where it cannot do what it was asked for.
 *
 * @module
 */

/** Exit code for a command line that makes no sense, as in most programs. */
export const USAGE = 2;

/** The command ends here, with this code; an empty message says nothing. */
export class CommandError extends Error {
  /** @inheritdoc */
  override name = "CommandError";
  /** What to exit with. */
  readonly exitCode: number;

  /** Makes the error; `message` is shown to the user as it is. */
  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The command line makes no sense; `message` names the flag and what is accepted. */
export function usageError(message: string, options?: ErrorOptions): CommandError {
  return new CommandError(USAGE, message, options);
}

/**
 * What the proxy's command ends with.
 *
 * @module
 */

/** Exit codes of the command. */
export const ExitCode = {
  /** A signal asked it to end, and it has. */
  OK: 0,
  /** It cannot listen, or failed in a way that it has no other code for. */
  FAILED: 1,
  /** The command line makes no sense, or names a file that cannot be used. */
  USAGE: 2,
  /** A second Ctrl-C. */
  INTERRUPTED: 130,
  /** A second SIGTERM. */
  TERMINATED: 143,
} as const;

/** One of the exit codes of the command. */
export type ExitCode = typeof ExitCode[keyof typeof ExitCode];

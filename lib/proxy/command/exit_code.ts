/**
 * What the proxy's command ends with.
 *
 * @module
 */

/** Exit codes of the command, besides those of a second signal. */
export const ExitCode = {
  /** A signal asked it to end, and it has. */
  OK: 0,
  /** It cannot listen, or failed in a way that it has no other code for. */
  FAILED: 1,
  /** The command line makes no sense, or names a file that cannot be used. */
  USAGE: 2,
} as const;

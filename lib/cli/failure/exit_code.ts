/**
 * What the command ends with. The numbers are curl's, with 32 for a checksum that does not match (as
 * aria2 has it) and 128 + N for signal N.
 *
 * @module
 */

import { STOP_EXIT_CODES } from "../../command_line/stop_signals.ts";

/** Exit codes of the command. */
export const ExitCode = {
  /** The file is complete and, where that was asked for, verified. */
  OK: 0,
  /** sphttp itself failed in a way that it has no other code for. */
  INTERNAL: 1,
  /** The command line makes no sense. */
  USAGE: 2,
  /** A mirror URL cannot be used. */
  URL: 3,
  /** The proxy's host name does not resolve. */
  PROXY: 5,
  /** A host name does not resolve. */
  HOST: 6,
  /** A host cannot be connected to. */
  CONNECT: 7,
  /** The file ended early. */
  PARTIAL: 18,
  /** An HTTP status that is no success. */
  STATUS: 22,
  /** The file cannot be written. */
  WRITE: 23,
  /** A file cannot be read. */
  READ: 26,
  /** Nothing came for too long, or everything took too long. */
  TIMEOUT: 28,
  /** The checksum is another one. */
  CHECKSUM: 32,
  /** An answer does not fit the range asked for. */
  RANGE: 33,
  /** TLS could not be set up. */
  TLS: 35,
  /** The part file cannot be continued. */
  RESUME: 36,
  /** Too many redirects, or one that leads nowhere. */
  REDIRECT: 47,
  /** What came cannot be used, or the mirrors do not have the same file. */
  RECEIVE: 56,
  /** A certificate is not trusted. */
  CERTIFICATE: 60,
  /** The terminal was closed. */
  HUNG_UP: STOP_EXIT_CODES.SIGHUP,
  /** Ctrl-C. */
  INTERRUPTED: STOP_EXIT_CODES.SIGINT,
  /** SIGTERM. */
  TERMINATED: STOP_EXIT_CODES.SIGTERM,
} as const;

/** One of the exit codes of the command. */
export type ExitCode = typeof ExitCode[keyof typeof ExitCode];

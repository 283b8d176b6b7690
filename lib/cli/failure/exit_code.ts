/**
 * The exit codes of the command. The numbers are curl's; 32, a checksum that does not match, is aria2's;
 * 128 + N is signal N.
 *
 * @module
 */

import { STOP_EXIT_CODES } from "../../command_line/stop_signals.ts";

/** Exit codes of the command. */
export const ExitCode = {
  /** The file is complete and, if requested, verified. */
  OK: 0,
  /** A bug in sphttp. */
  INTERNAL: 1,
  /** The command line is invalid. */
  USAGE: 2,
  /** A mirror URL is invalid. */
  URL: 3,
  /** The proxy's host name does not resolve. */
  PROXY: 5,
  /** A host name does not resolve. */
  HOST: 6,
  /** A host cannot be connected to. */
  CONNECT: 7,
  /** The file was truncated. */
  PARTIAL: 18,
  /** The HTTP status is an error. */
  STATUS: 22,
  /** The file cannot be written. */
  WRITE: 23,
  /** A file cannot be read. */
  READ: 26,
  /** A time limit was exceeded. */
  TIMEOUT: 28,
  /** A checksum does not match. */
  CHECKSUM: 32,
  /** A response does not match the requested range. */
  RANGE: 33,
  /** The TLS handshake failed. */
  TLS: 35,
  /** The part file cannot be resumed. */
  RESUME: 36,
  /** Too many redirects, or an invalid one. */
  REDIRECT: 47,
  /** A response cannot be used, or the mirrors have different files. */
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

export type ExitCode = typeof ExitCode[keyof typeof ExitCode];

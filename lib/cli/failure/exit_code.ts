/**
 * The exit codes of the command, and the errors of reading and writing files that have them. The numbers
 * are curl's; 32, a checksum that does not match, is aria2's; 128 + N is signal N.
 *
 * @module
 */

import { STOP_EXIT_CODES } from "../../command_line/process.ts";
import { CommandError, systemReason } from "../../command_line/command_error.ts";

/** Exit codes of the command. */
export const ExitCode = {
  /** The file is complete and, if requested, verified. */
  OK: 0,
  /** A bug in sphttp. */
  INTERNAL: 1,
  /** What came is not HTTP: curl's unsupported protocol. */
  PROTOCOL: 1,
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
  /** The header of a response cannot be read: curl's weird server reply. */
  HEADER: 8,
  /** The server does not offer HTTP/2. */
  HTTP2: 16,
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
  /** A checksum or a signature does not match. */
  CHECKSUM: 32,
  /** A response does not match the requested range. */
  RANGE: 33,
  /** The TLS handshake failed. */
  TLS: 35,
  /** The part file cannot be resumed. */
  RESUME: 36,
  /** Too many redirects, or an invalid one. */
  REDIRECT: 47,
  /** The server closed the connection without a response. */
  EMPTY: 52,
  /** A connection was reset, a response cannot be used, or the mirrors have different files. */
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

/** Returns the error for something that cannot be written. */
export function writeError(message: string, cause?: unknown): CommandError {
  return new CommandError(ExitCode.WRITE, message, { cause });
}

/** Returns the error for something that cannot be read. */
export function readError(message: string, cause?: unknown): CommandError {
  return new CommandError(ExitCode.READ, message, { cause });
}

/** Reports whether an error says that the process may not open more files and connections. */
export function isLackOfDescriptors(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EMFILE";
}

/** Advice where the process may not open more. */
export const RAISE_LIMIT = "raise the limit (ulimit -n), or use fewer mirrors or connections " +
  "(--max-connection-per-server)";

/** Returns the system's reason, with advice where too much is open. */
export function reason(cause: unknown): string {
  if (isLackOfDescriptors(cause)) return `too many files and connections are open: ${RAISE_LIMIT}`;
  return systemReason(cause);
}

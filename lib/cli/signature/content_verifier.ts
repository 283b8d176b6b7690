/**
 * The interface through which the bytes of a file are verified while they pass, and the errors of
 * signatures.
 *
 * @module
 */

import { CommandError, usageError } from "../../command_line/command_error.ts";
import type { Document } from "../document/document.ts";
import { ExitCode } from "../failure/exit_code.ts";

/** Verifies bytes that pass. */
export interface ContentVerifier {
  /** Takes the next bytes, which may change once this is done. */
  update(bytes: Uint8Array): Promise<void> | void;
  /** Ends the bytes. Rejects with an error of the command if they are not those that were signed. */
  finish(): Promise<void>;
}

/** A signature by one of the user's keys, of which it is not known yet whether it fits. */
export interface Signature {
  /** Its name in messages. */
  readonly where: string;
  /** Who made it, for messages: the key, and what it says of its owner. */
  readonly signer: string;
  verifier(): Promise<ContentVerifier>;
}

/** Returns the error for a signature that proves nothing. */
export function badSignature(message: string, cause?: unknown): CommandError {
  return new CommandError(ExitCode.CHECKSUM, message, { cause });
}

/** Returns the error for a document that cannot be read: of usage if it is a local file. */
export function unreadable(
  { where, url }: Pick<Document, "where" | "url">,
  why: string,
): CommandError {
  const message = `${where} ${why}`;
  return url === undefined ? usageError(message) : new CommandError(ExitCode.RECEIVE, message);
}

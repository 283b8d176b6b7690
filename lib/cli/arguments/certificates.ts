/**
 * `--cacert`: certificates that are trusted besides the usual ones.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";
import { reason } from "../failure/file_error.ts";

/** Reads a file of certificates; nothing where none is named. */
export async function readCertificates(path: string | undefined): Promise<string[]> {
  if (path === undefined) return [];
  let pem;
  try {
    pem = await Deno.readTextFile(path);
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "there is no such file" : reason(error);
    throw usageError(`--cacert: ${path}: ${why}`);
  }
  if (!pem.includes("-----BEGIN CERTIFICATE-----")) {
    throw usageError(`--cacert is "${path}", but must be a file of certificates in PEM format`);
  }
  try {
    Deno.createHttpClient({ caCerts: [pem] }).close();
  } catch (error) {
    throw usageError(`--cacert: ${path}: the certificates cannot be used: ${reason(error)}`);
  }
  return [pem];
}

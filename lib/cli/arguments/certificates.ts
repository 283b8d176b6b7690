/**
 * `--cacert`: certificates that are trusted in addition to those of the system.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";
import { readNamedFile, reason } from "../failure/file_error.ts";

/** Reads a file of certificates; returns an empty list without a path. */
export async function readCertificates(path: string | undefined): Promise<string[]> {
  if (path === undefined) return [];
  const pem = await readNamedFile("--cacert", path);
  if (!pem.includes("-----BEGIN CERTIFICATE-----")) {
    throw usageError(`--cacert: ${path}: no certificates in PEM format`);
  }
  try {
    Deno.createHttpClient({ caCerts: [pem] }).close();
  } catch (error) {
    throw usageError(`--cacert: ${path}: invalid certificates: ${reason(error)}`);
  }
  return [pem];
}

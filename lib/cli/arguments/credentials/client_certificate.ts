/**
 * Reads the certificate of `--cert` and the key of `--key`, and checks them before the first request.
 *
 * @module
 */

import type { ClientCertificate } from "../../../../mod.ts";
import { usageError } from "../../../command_line/command_error.ts";
import { readNamedFile } from "../../../command_line/values.ts";
import { reason } from "../../failure/exit_code.ts";

/** The values of `--cert` and `--key`. */
export interface ClientCertificateFiles {
  readonly cert: string | undefined;
  /** The file of the key; `undefined` if it is in that of the certificate. */
  readonly key: string | undefined;
}

/** Reads the files; resolves to `undefined` without any. Rejects with a usage error if they are invalid. */
export async function readClientCertificate(
  files: ClientCertificateFiles,
): Promise<ClientCertificate | undefined> {
  if (files.cert === undefined) {
    if (files.key === undefined) return undefined;
    throw usageError("--key needs --cert, the certificate that the key belongs to");
  }
  const cert = await readPem("--cert", files.cert);
  if (!cert.includes("-----BEGIN CERTIFICATE-----")) {
    throw usageError(`--cert: ${files.cert}: no certificate in PEM format`);
  }
  const [flag, path] = files.key === undefined ? ["--cert", files.cert] : ["--key", files.key];
  const key = files.key === undefined ? cert : await readPem(flag, path);
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: *4, *ENCRYPTED/m.test(key)) {
    throw usageError(
      `${flag}: ${path}: the key is encrypted, which Deno cannot read; ` +
        "decrypt it with openssl pkey -in FILE -out NEW",
    );
  }
  if (!/-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/.test(key)) {
    throw usageError(
      files.key === undefined
        ? `--cert: ${path}: there is no private key in it; use --key FILE`
        : `--key: ${path}: no private key in PEM format`,
    );
  }
  try {
    Deno.createHttpClient({ cert, key }).close();
  } catch (error) {
    throw usageError(`--cert and --key: invalid, or not of each other: ${reason(error)}`);
  }
  return { cert, key };
}

async function readPem(flag: string, path: string): Promise<string> {
  const text: string = await readNamedFile(flag, path);
  // DER, of which PKCS #12 is one kind, begins with a sequence.
  if (!text.startsWith("0") || text.includes("-----BEGIN ")) return text;
  throw usageError(
    `${flag}: ${path}: not in PEM format; convert PKCS #12 with openssl pkcs12 -nodes -in FILE -out NEW`,
  );
}

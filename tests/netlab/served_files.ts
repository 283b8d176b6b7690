/**
 * What the servers of the lab serve: random files, with or without TLS.
 *
 * @module
 */

import { certificatesForAddresses } from "../support/lab/certificates.ts";
import { randomContent } from "../support/lab/content.ts";
import { LAB_NAME } from "./scenarios.ts";

/** Paths of the certificates of all mirrors. */
export interface Certificates {
  /** The CA that signed them. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const PIECE = 1 << 20;

/** Writes a random file, named by its size; returns its SHA-256. */
export async function writeRandomFile(folder: string, size: number): Promise<string> {
  const content = randomContent(size);
  using file = await Deno.open(`${folder}/${size}`, { create: true, write: true });
  const writer = file.writable.getWriter();
  for (let at = 0; at < size; at += PIECE) {
    await writer.write(content.read(at, Math.min(size, at + PIECE)));
  }
  await writer.close();
  return content.sha256();
}

/** Writes a certificate for so many mirrors, and the CA's. */
export async function writeCertificates(folder: string, mirrors: number): Promise<Certificates> {
  const { caPem, certPem, keyPem } = await certificatesForAddresses(addresses(mirrors), LAB_NAME);
  const paths = { ca: `${folder}/ca.pem`, cert: `${folder}/cert.pem`, key: `${folder}/key.pem` };
  await Deno.writeTextFile(paths.ca, caPem);
  await Deno.writeTextFile(paths.cert, certPem);
  await Deno.writeTextFile(paths.key, keyPem);
  return paths;
}

/**
 * Returns the URLs of a file that {@linkcode writeRandomFile} wrote: one for each mirror, or one by the name
 * of which they are addresses.
 */
export function mirrorUrls(
  mirrors: number,
  { size, name, tls = false }: { size: number; name?: string | undefined; tls?: boolean },
): string[] {
  const hosts = name === undefined ? addresses(mirrors) : [name];
  return hosts.map((host) => `http${tls ? "s" : ""}://${host}/${size}`);
}

/** Returns the addresses that the lab gives to its mirrors. */
function addresses(mirrors: number): string[] {
  return Array.from({ length: mirrors }, (_, index) => `10.77.${index + 1}.2`);
}

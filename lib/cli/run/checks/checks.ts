/**
 * What the bytes of a file are verified by: checksums, and a signature.
 *
 * @module
 */

import type { Checksum } from "../../checksum/checksum.ts";
import type { Signature } from "../../signature/content_verifier.ts";

/** What the bytes of a file are verified by. */
export interface Checks {
  readonly checksums: readonly Checksum[];
  readonly signature: Signature | undefined;
}

/** Reports whether there is anything to verify a file by. */
export function isVerifiable({ checksums, signature }: Checks): boolean {
  return checksums.length > 0 || signature !== undefined;
}

/** Finds checks; `note` takes messages. Rejects with an error of the command. */
export type FindChecks = (note: (text: string) => void) => Promise<Checks>;

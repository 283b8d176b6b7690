/**
 * SHA-256 as the library compares and records it.
 *
 * @module
 */

import { toHex } from "./stand_ins.ts";

/** Returns the SHA-256 of bytes, in hexadecimal. */
export async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

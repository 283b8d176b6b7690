/**
 * Hashes that the platform provides. Only Deno, Node.js and Bun hash bytes as they pass: Web Crypto hashes bytes
 * that are all in memory.
 *
 * @module
 */

import type { HashType } from "../http/hashes.ts";
import { toHex } from "../stand_ins.ts";

/** A hash of bytes that pass, as `node:crypto` has it. */
export interface PlatformHash {
  update(bytes: Uint8Array): unknown;
  digest(encoding: "hex"): string;
}

/** What Deno, Node.js and Bun have. */
interface Platform {
  readonly process?: {
    getBuiltinModule?(name: "node:crypto"):
      | { createHash(algorithm: string): PlatformHash }
      | undefined;
  };
}

/** The types that Web Crypto lacks. */
const FOREIGN: readonly HashType[] = ["sha-224", "md5"];

/** Returns the name of a type for `node:crypto`. */
export function platformName(type: HashType): string {
  return type.replace("-", "");
}

/** Returns a hash of that type; `undefined` where the platform has none for bytes that pass. */
export function createPlatformHash(type: HashType): PlatformHash | undefined {
  const { process } = globalThis as Platform;
  // Loaded only where a hash is known, because that takes a while.
  return process?.getBuiltinModule?.("node:crypto")?.createHash(platformName(type));
}

/** Reports whether the platform hashes bytes that are all in memory by this type: browsers lack two of them. */
export function hashesBy(type: HashType): boolean {
  return !FOREIGN.includes(type) || createPlatformHash(type) !== undefined;
}

/** Returns the hash of bytes in hexadecimal, by a type that the platform has. */
export async function digestOf(type: HashType, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  if (!FOREIGN.includes(type)) {
    return toHex(new Uint8Array(await crypto.subtle.digest(type, bytes)));
  }
  const hash = createPlatformHash(type)!;
  hash.update(bytes);
  return hash.digest("hex");
}

/** Returns the SHA-256 of bytes in hexadecimal: what the library compares and records. */
export function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return digestOf("sha-256", bytes);
}

/**
 * Hashes of bytes that pass, as Deno, Node.js and Bun have them, and browsers do not: Web Crypto hashes only
 * bytes that are all in memory.
 *
 * @module
 */

import type { HashType } from "../http/hashes.ts";

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

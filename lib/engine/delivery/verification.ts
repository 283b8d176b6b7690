/**
 * Verifies the hash of a whole file while its bytes are delivered.
 *
 * @module
 */

import { DigestMismatchError } from "../../errors.ts";
import { HASH_TYPES, type Hashes, type HashType } from "../../http/hashes.ts";

/** What is known of the file. */
export interface VerifiedFile {
  /** Its size in bytes; `undefined` if it is not known. */
  readonly size: number | undefined;
  readonly hashes?: Hashes | undefined;
}

/** A hash of bytes that pass, as `node:crypto` has it. */
interface Hash {
  update(bytes: Uint8Array): unknown;
  digest(encoding: "hex"): string;
}

/** What Deno, Node and Bun have, and browsers do not. */
interface Platform {
  readonly process?: {
    getBuiltinModule?(name: "node:crypto"): { createHash(algorithm: string): Hash } | undefined;
  };
}

/**
 * Returns a hash of that type; `undefined` where the platform has none for bytes that pass, as browsers.
 * Web Crypto hashes only bytes that are all in memory.
 */
function createHash(type: HashType): Hash | undefined {
  const { process } = globalThis as Platform;
  // Loaded only where a hash is known, because that takes a while.
  return process?.getBuiltinModule?.("node:crypto")?.createHash(type.replace("-", ""));
}

/** SHA-256 costs a fourth of the processor time of SHA-512. */
const PREFERRED: readonly HashType[] = ["sha-256", ...HASH_TYPES];

export class Verification {
  readonly #file: VerifiedFile;
  readonly #type: HashType | undefined;
  /** `undefined` once it has been compared, too: the end may be asked for again. */
  #hash: Hash | undefined;
  #bytes = 0;

  private constructor(file: VerifiedFile, type: HashType | undefined, hash: Hash | undefined) {
    this.#file = file;
    this.#type = type;
    this.#hash = hash;
  }

  /** Begins with a file. */
  static of(file: VerifiedFile): Verification {
    const type = PREFERRED.find((type) => file.hashes?.[type] !== undefined);
    return new Verification(file, type, type && createHash(type));
  }

  /**
   * Takes the next bytes of the file, `undefined` at its end.
   *
   * @throws {DigestMismatchError} they are the last ones, or the end has come, and the hash is another one
   */
  take(bytes: Uint8Array | undefined): void {
    const hash = this.#hash;
    if (this.#type === undefined || hash === undefined) return;
    const { size } = this.#file;
    const before = this.#bytes;
    if (bytes !== undefined) {
      hash.update(bytes);
      this.#bytes += bytes.byteLength;
    }
    // The end has been verified together with the last bytes.
    const isLast = size === undefined || size === 0
      ? bytes === undefined
      : before < size && this.#bytes >= size;
    if (!isLast) return;
    const expected = this.#file.hashes![this.#type]!;
    const actual = hash.digest("hex");
    this.#hash = undefined;
    if (actual !== expected) throw new DigestMismatchError(this.#type, expected, actual);
  }
}

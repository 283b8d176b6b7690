/**
 * Verifies the hash of a whole file while its bytes are delivered.
 *
 * @module
 */

import { DigestMismatchError } from "../../errors.ts";
import { createPlatformHash, type PlatformHash } from "../../hashing/platform_hash.ts";
import { HASH_TYPES, type Hashes, type HashType } from "../../http/hashes.ts";

/** What is known of the file. */
export interface VerifiedFile {
  /** Its size in bytes; `undefined` if it is not known. */
  readonly size: number | undefined;
  readonly hashes?: Hashes | undefined;
}

/** SHA-256 costs a fourth of the processor time of SHA-512. */
const PREFERRED: readonly HashType[] = ["sha-256", ...HASH_TYPES];

export class Verification {
  readonly #file: VerifiedFile;
  readonly #type: HashType | undefined;
  /** `undefined` once it has been compared, too: the end may be asked for again. */
  #hash: PlatformHash | undefined;
  #bytes = 0;

  private constructor(
    file: VerifiedFile,
    type: HashType | undefined,
    hash: PlatformHash | undefined,
  ) {
    this.#file = file;
    this.#type = type;
    this.#hash = hash;
  }

  /** Begins with a file. */
  static of(file: VerifiedFile): Verification {
    const type = PREFERRED.find((type) => file.hashes?.[type] !== undefined);
    return new Verification(file, type, type && createPlatformHash(type));
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

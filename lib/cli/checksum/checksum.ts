/**
 * Checksums that the user expects, their algorithms, and their verification while the bytes of a file
 * pass through.
 *
 * @module
 */

import { CommandError, usageError } from "../../command_line/command_error.ts";
import { HashThread } from "../../hashing/hash_thread.ts";
import { platformName } from "../../hashing/platform_hash.ts";
import {
  HASH_DIGITS,
  HASH_TYPES,
  type Hashes,
  type HashType,
  STRONG_TYPES,
} from "../../http/hashes.ts";
import { ExitCode } from "../failure/exit_code.ts";

export interface Checksum {
  /** The algorithm. */
  readonly name: HashType;
  /** The digest in lower case hexadecimal digits. */
  readonly hex: string;
  /** Whether the servers gave it, not the user. @default false */
  readonly served?: boolean | undefined;
}

/** Returns the algorithm with that name, in any case and with or without its hyphen. */
export function findAlgorithm(word: string): HashType | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll("-", "");
  return HASH_TYPES.find((name) => plain(name) === plain(word));
}

export function checksumOf(name: HashType, hex: string): Checksum {
  return { name, hex };
}

/** Returns the hashes that checksums give, by their types. */
export function hashesOf(checksums: readonly Checksum[]): Hashes {
  return Object.fromEntries(checksums.map(({ name, hex }) => [name, hex]));
}

/**
 * Returns the checksum that servers give in addition to those that are known; SHA-256 costs least. Returns
 * none if those are as strong.
 */
export function servedChecksums(hashes: Hashes, known: readonly Checksum[]): Checksum[] {
  if (known.some(({ name }) => STRONG_TYPES.includes(name))) return [];
  const cheapest: readonly HashType[] = ["sha-256", ...STRONG_TYPES];
  const type = cheapest.find((type) => hashes[type] !== undefined);
  return type === undefined ? [] : [{ ...checksumOf(type, hashes[type]!), served: true }];
}

/** Parses `sha-256=HEX`; the name as {@linkcode findAlgorithm} takes it. */
export function parseChecksum(flag: string, text: string): Checksum {
  const equals = text.indexOf("=");
  const given = text.slice(0, Math.max(0, equals));
  const hex = text.slice(equals + 1).toLowerCase();
  const name = findAlgorithm(given);
  if (name === undefined) {
    throw usageError(
      `${flag} is "${text}", but must be ALGORITHM=HEX with one of ${HASH_TYPES.join(", ")}`,
    );
  }
  const digits = HASH_DIGITS[name];
  if (hex.length !== digits || !/^[0-9a-f]*$/.test(hex)) {
    throw usageError(
      `${flag} has "${hex}" for ${name}, but ${digits} hexadecimal digits are needed` +
        (/^[0-9a-f]+$/.test(hex) ? `, not ${hex.length}` : ""),
    );
  }
  return checksumOf(name, hex);
}

/** Computes hashes of bytes that pass. */
interface RunningHashes {
  update(bytes: Uint8Array): Promise<void> | void;
  digests(): Promise<readonly string[]> | readonly string[];
}

/** A file of this many bytes is worth a thread for its hashes. */
const WORTH_A_THREAD = 128 * 1024 * 1024;

/** Computes checksums and compares them with the expected ones. */
export class ChecksumVerifier implements AsyncDisposable {
  readonly #checksums: readonly Checksum[];
  readonly #hashes: RunningHashes;
  readonly #thread: HashThread | undefined;

  private constructor(
    checksums: readonly Checksum[],
    hashes: RunningHashes,
    thread: HashThread | undefined,
  ) {
    this.#checksums = checksums;
    this.#hashes = hashes;
    this.#thread = thread;
  }

  /**
   * Creates a verifier of a file of `size` bytes, as far as that is known: large ones are hashed on a thread
   * of their own.
   */
  static async of(checksums: readonly Checksum[], size = 0): Promise<ChecksumVerifier> {
    const types = checksums.map(({ name }) => name);
    const thread = types.length > 0 && size >= WORTH_A_THREAD ? await HashThread.take() : undefined;
    const hashes = thread?.begin(types) ?? await hashHere(types);
    return new ChecksumVerifier(checksums, hashes, thread);
  }

  /** Takes the next bytes of the file, which may change once this is done. */
  async update(bytes: Uint8Array): Promise<void> {
    await this.#hashes.update(bytes);
  }

  /**
   * Compares the checksums at the end of the file. Rejects with a {@linkcode CommandError} if one differs;
   * `after` is added to the message.
   */
  async verify(after = ""): Promise<void> {
    const digests = await this.#hashes.digests();
    for (const [index, { name, hex, served }] of this.#checksums.entries()) {
      const got = digests[index];
      if (got === hex) continue;
      const which = served ? `${name} checksum that the server gives` : `${name} checksum`;
      const advice = served ? "\n--ignore-digests downloads the file without this check" : "";
      throw new CommandError(
        ExitCode.CHECKSUM,
        `the ${which} does not match${after}\n  expected ${hex}\n  got      ${got}\n` +
          `'sphttp probe' with the same URLs shows what each mirror has${advice}`,
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread?.release();
  }
}

/** Begins hashes on this thread. Loads `node:crypto` on demand, because that takes a while. */
async function hashHere(types: readonly HashType[]): Promise<RunningHashes> {
  const { createHash } = await import("node:crypto");
  const hashes = types.map((type) => createHash(platformName(type)));
  return {
    update: (bytes) => {
      for (const hash of hashes) hash.update(bytes);
    },
    digests: () => hashes.map((hash) => hash.digest("hex")),
  };
}

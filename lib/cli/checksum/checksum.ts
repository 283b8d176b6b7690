/**
 * Checksums that the user expects, their algorithms, and their verification while the bytes of a file
 * pass through.
 *
 * @module
 */

import { CommandError, usageError } from "../../command_line/command_error.ts";
import type { Hash } from "node:crypto";
import { HASH_DIGITS, type Hashes, type HashType, STRONG_TYPES } from "../../http/hashes.ts";
import { ExitCode } from "../failure/exit_code.ts";

export interface Checksum {
  /** Name of the algorithm in messages. */
  readonly name: string;
  /** Name of the algorithm for `node:crypto`. */
  readonly algorithm: string;
  /** The digest in lower case hexadecimal digits. */
  readonly hex: string;
  /** Whether the servers gave it, not the user. @default false */
  readonly served?: boolean | undefined;
}

/** Algorithms that a user may name, the strongest first. */
export const ALGORITHMS = ["sha-512", "sha-256", "sha-1", "md5"] as const satisfies HashType[];

/** An algorithm that a user may name. */
export type AlgorithmName = typeof ALGORITHMS[number];

/** Returns the algorithm with that name, in any case and with or without its hyphen. */
export function findAlgorithm(word: string): AlgorithmName | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll("-", "");
  return ALGORITHMS.find((name) => plain(name) === plain(word));
}

export function checksumOf(name: HashType, hex: string): Checksum {
  return { name, algorithm: cryptoName(name), hex };
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
  const strong: readonly HashType[] = ["sha-256", ...STRONG_TYPES];
  if (known.some(({ name }) => strong.some((type) => type === name))) return [];
  const type = strong.find((type) => hashes[type] !== undefined);
  return type === undefined ? [] : [{ ...checksumOf(type, hashes[type]!), served: true }];
}

/** Returns the name of an algorithm for `node:crypto`. */
export function cryptoName(type: HashType): string {
  return type.replace("-", "");
}

/** Parses `sha-256=HEX`; the name as {@linkcode findAlgorithm} takes it. */
export function parseChecksum(flag: string, text: string): Checksum {
  const equals = text.indexOf("=");
  const given = text.slice(0, Math.max(0, equals));
  const hex = text.slice(equals + 1).toLowerCase();
  const name = findAlgorithm(given);
  if (name === undefined) {
    throw usageError(
      `${flag} is "${text}", but must be ALGORITHM=HEX with one of ${ALGORITHMS.join(", ")}`,
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

/** Computes checksums and compares them with the expected ones. */
export class ChecksumVerifier {
  readonly #checks: readonly { checksum: Checksum; hash: Hash }[];

  private constructor(checks: readonly { checksum: Checksum; hash: Hash }[]) {
    this.#checks = checks;
  }

  /** Creates a verifier. Loads `node:crypto` on demand, because that takes a while. */
  static async of(checksums: readonly Checksum[]): Promise<ChecksumVerifier> {
    const { createHash } = await import("node:crypto");
    return new ChecksumVerifier(
      checksums.map((checksum) => ({ checksum, hash: createHash(checksum.algorithm) })),
    );
  }

  /** Takes the next bytes of the file. */
  update(bytes: Uint8Array): void {
    for (const { hash } of this.#checks) hash.update(bytes);
  }

  /**
   * Compares the checksums at the end of the file.
   *
   * @throws {CommandError} a checksum differs; `after` is added to the message
   */
  verify(after = ""): void {
    for (const { checksum: { name, hex, served }, hash } of this.#checks) {
      const got = hash.digest("hex");
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
}

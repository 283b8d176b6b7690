/**
 * Checksums as they are given: by which algorithm, and what.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";

/** A checksum that the file must have. */
export interface Checksum {
  /** The algorithm, as messages call it. */
  readonly name: string;
  /** The algorithm, as `node:crypto` calls it. */
  readonly algorithm: string;
  /** The digest in lower case hex. */
  readonly hex: string;
}

/** Algorithms that can be computed, with the hex digits of their digests; the strongest first. */
export const ALGORITHMS = { "sha-512": 128, "sha-256": 64, "sha-1": 40, "md5": 32 } as const;

/** One of the algorithms. */
export type AlgorithmName = keyof typeof ALGORITHMS;

/** The algorithm that a word means: the hyphen may be left out, and upper case may be used. */
export function findAlgorithm(word: string): AlgorithmName | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll("-", "");
  const names = Object.keys(ALGORITHMS) as AlgorithmName[];
  return names.find((name) => plain(name) === plain(word));
}

/** A checksum by an algorithm. */
export function checksumOf(name: AlgorithmName, hex: string): Checksum {
  return { name, algorithm: name.replace("-", ""), hex };
}

/** A checksum: `sha-256=HEX`; the hyphen may be left out, and upper case may be used. */
export function parseChecksum(flag: string, text: string): Checksum {
  const equals = text.indexOf("=");
  const given = text.slice(0, Math.max(0, equals));
  const hex = text.slice(equals + 1).toLowerCase();
  const name = findAlgorithm(given);
  if (name === undefined) {
    throw usageError(
      `${flag} is "${text}", but must be ALGORITHM=HEX with one of ${
        Object.keys(ALGORITHMS).join(", ")
      }`,
    );
  }
  const digits = ALGORITHMS[name];
  if (hex.length !== digits || !/^[0-9a-f]*$/.test(hex)) {
    throw usageError(
      `${flag} has "${hex}" for ${name}, but ${digits} hexadecimal digits are needed` +
        (/^[0-9a-f]+$/.test(hex) ? `, not ${hex.length}` : ""),
    );
  }
  return checksumOf(name, hex);
}

/**
 * Checksums that the user expects, and their algorithms.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";

/** An expected checksum. */
export interface Checksum {
  /** Name of the algorithm in messages. */
  readonly name: string;
  /** Name of the algorithm for `node:crypto`. */
  readonly algorithm: string;
  /** The digest in lower case hexadecimal digits. */
  readonly hex: string;
}

/** Supported algorithms with the number of hexadecimal digits of their digests, strongest first. */
export const ALGORITHMS = { "sha-512": 128, "sha-256": 64, "sha-1": 40, "md5": 32 } as const;

/** A supported algorithm. */
export type AlgorithmName = keyof typeof ALGORITHMS;

/** Returns the algorithm with that name, in any case and with or without its hyphen. */
export function findAlgorithm(word: string): AlgorithmName | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll("-", "");
  const names = Object.keys(ALGORITHMS) as AlgorithmName[];
  return names.find((name) => plain(name) === plain(word));
}

/** Returns a checksum of an algorithm. */
export function checksumOf(name: AlgorithmName, hex: string): Checksum {
  return { name, algorithm: name.replace("-", ""), hex };
}

/** Parses `sha-256=HEX`; the name as {@linkcode findAlgorithm} takes it. */
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

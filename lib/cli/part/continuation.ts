/**
 * Continues a part file at its length. Its last bytes are downloaded again and compared, so that
 * nothing is appended to the beginning of another file.
 *
 * @module
 */

import type { ExpectedPieces } from "../../../mod.ts";
import { CommandError } from "../../command_line/command_error.ts";
import { isOneTimeLink } from "../../http/address/one_time_link.ts";
import { ExitCode } from "../failure/exit_code.ts";

/** Number of bytes that are downloaded again for the comparison. */
export const OVERLAP = 64 * 1024;
/** The same where a single mirror does not prove in another way that it has the file. */
const LONE_OVERLAP = 8 * 1024 * 1024;

/**
 * Returns the first byte to request if `existing` bytes exist. Where digests of `pieces` have proved these,
 * it is the byte after them, or that of the last piece if all exist.
 */
export function continuationStart(
  existing: number,
  pieces?: ExpectedPieces,
  overlap: number = OVERLAP,
): number {
  if (pieces === undefined) return Math.max(0, existing - overlap);
  return Math.min(existing, (pieces.digests.length - 1) * pieces.length);
}

/**
 * Returns how many bytes to download again from the only mirror, so that its first response proves that it has
 * the file: its link may be good for one request. `undefined` where pieces from all over the part file are to be
 * requested: they prove more of a long one.
 */
export function loneOverlap(url: string, existing: number): number | undefined {
  return existing <= LONE_OVERLAP || isOneTimeLink(url) ? LONE_OVERLAP : undefined;
}

/** Why a part file is not continued in which a download has found that mirrors differ. */
export const MIXED = "may hold bytes of different files, as the last download found";

/** Compares received bytes with the end of the part file, and passes on those beyond it. */
export class Continuation {
  readonly #tail: Uint8Array;
  readonly #partName: string;
  readonly #start: number;
  #compared = 0;

  /** `tail` is the end of the part file, from the first byte that is received: `start` in the part file. */
  constructor(tail: Uint8Array, partName: string, start: number) {
    this.#tail = tail;
    this.#partName = partName;
    this.#start = start;
  }

  /**
   * Takes the next received bytes and returns those beyond the part file.
   *
   * @throws {CommandError} the bytes differ from those in the part file
   */
  take(bytes: Uint8Array): Uint8Array {
    const known = this.#tail.subarray(this.#compared, this.#compared + bytes.byteLength);
    if (known.byteLength === 0) return bytes;
    for (let i = 0; i < known.byteLength; i++) {
      if (known[i] !== bytes[i]) {
        const at = this.#start + this.#compared + i;
        const why = `belongs to another version of the file: its byte ${at} differs`;
        throw resumeRefusal(this.#partName, why);
      }
    }
    this.#compared += known.byteLength;
    return bytes.subarray(known.byteLength);
  }

  /**
   * Checks at the end of the file that all of the part file was compared.
   *
   * @throws {CommandError} the file is shorter than the part file
   */
  finish(): void {
    if (this.#compared < this.#tail.byteLength) throw partTooLong(this.#partName);
  }
}

/** Returns the error for a part file that cannot be continued; `why` follows its name. */
export function resumeRefusal(partName: string, why: string): CommandError {
  return new CommandError(
    ExitCode.RESUME,
    `${partName} ${why}, and is unchanged; move it away or omit -C - to start over`,
  );
}

/** Returns the error for a part file that has more bytes than are to be downloaded. */
export function partTooLong(partName: string): CommandError {
  return resumeRefusal(partName, "is longer than this file");
}

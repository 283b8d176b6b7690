/**
 * Going on with a part file. Its length is where the download goes on; the last bytes before that are
 * downloaded once more and compared, so that nothing is appended to the beginning of another file.
 *
 * @module
 */

import { CommandError } from "../../command_line/command_error.ts";
import { ExitCode } from "../failure/exit_code.ts";

/** Bytes that are downloaded once more, to be compared. */
export const OVERLAP = 64 * 1024;

/** First byte to ask for when `existing` bytes are there. */
export function continuationStart(existing: number): number {
  return Math.max(0, existing - OVERLAP);
}

/** Compares what comes with the end of the part file, and lets through what lies behind it. */
export class Continuation {
  readonly #tail: Uint8Array;
  readonly #partName: string;
  #compared = 0;

  /** `tail` is the end of the part file, from the first byte that will come. */
  constructor(tail: Uint8Array, partName: string) {
    this.#tail = tail;
    this.#partName = partName;
  }

  /**
   * Takes the next bytes that came; gives back those that are new.
   *
   * @throws {CommandError} the bytes differ from those in the part file
   */
  take(bytes: Uint8Array): Uint8Array {
    const known = this.#tail.subarray(this.#compared, this.#compared + bytes.byteLength);
    if (known.byteLength === 0) return bytes;
    for (let i = 0; i < known.byteLength; i++) {
      if (known[i] !== bytes[i]) throw this.#refusal("is not the beginning of this file");
    }
    this.#compared += known.byteLength;
    return bytes.subarray(known.byteLength);
  }

  /**
   * To be called at the end.
   *
   * @throws {CommandError} the file ended within the part file
   */
  finish(): void {
    if (this.#compared < this.#tail.byteLength) throw partTooLong(this.#partName);
  }

  #refusal(why: string): CommandError {
    return resumeRefusal(this.#partName, why);
  }
}

/** A part file cannot be continued; `why` goes on with the sentence that its name begins. */
export function resumeRefusal(partName: string, why: string): CommandError {
  return new CommandError(
    ExitCode.RESUME,
    `${partName} ${why}, and is left as it was; move it away or leave out -C - to start over`,
  );
}

/** The refusal of a part file that has more bytes than are wanted. */
export function partTooLong(partName: string): CommandError {
  return resumeRefusal(partName, "is longer than this file");
}

/**
 * Pieces of the file that a caller knows by their digests.
 *
 * @module
 */

import { record, shown, whole } from "../../checks.ts";
import { OptionTypeError } from "../../option_errors.ts";
import type { ByteRange } from "../../http/byte_range.ts";
import { sha256Of } from "../../hashing/platform_hash.ts";

/** A piece of the file that is known by its digest. */
export interface KnownPiece extends ByteRange {
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly sha256: string;
}

/** Maximum length of a known piece, in bytes. */
const LONGEST_KNOWN = 1024 * 1024;

/** Checks a piece that a caller knows. */
export function checkKnownPiece(name: string, value: unknown): KnownPiece {
  const { start, end, sha256 } = record(name, value);
  const from = whole(`${name}.start`, start, 0);
  if (typeof sha256 === "string" && /^[0-9a-f]{64}$/i.test(sha256)) {
    const to = whole(`${name}.end`, end, from + 1, from + LONGEST_KNOWN);
    return { start: from, end: to, sha256: sha256.toLowerCase() };
  }
  const problem = `is ${shown(sha256)}, but must be 64 hexadecimal digits`;
  throw new OptionTypeError(`${name}.sha256`, problem);
}

/** The given pieces of a file whose bytes arrive one after the other. */
export class GivenPieces {
  readonly #left: KnownPiece[];
  #filling: Uint8Array<ArrayBuffer> | undefined;
  #position = 0;

  constructor(given: readonly KnownPiece[]) {
    this.#left = [...given];
  }

  /** Takes the next bytes; returns where the first piece begins that differs, `undefined` for none. */
  async take(bytes: Uint8Array): Promise<number | undefined> {
    const start = this.#position;
    const end = this.#position += bytes.byteLength;
    for (
      let piece = this.#left[0];
      piece !== undefined && piece.start < end;
      piece = this.#left[0]
    ) {
      this.#filling ??= new Uint8Array(piece.end - piece.start);
      const from = Math.max(piece.start, start);
      this.#filling.set(bytes.subarray(from - start, piece.end - start), from - piece.start);
      if (piece.end > end) return undefined;
      if (await sha256Of(this.#filling) !== piece.sha256) return piece.start;
      this.#filling = undefined;
      this.#left.shift();
      // Bytes of a piece that overlaps this one may have passed.
      while (this.#left[0] !== undefined && this.#left[0].start < start) this.#left.shift();
    }
    return undefined;
  }
}

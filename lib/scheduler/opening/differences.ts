/**
 * Where the bytes of mirrors were found to differ, and the error that names the file of each of them. Pure.
 *
 * @module
 */

import { type MirrorFile, MirrorMismatchError } from "../../errors.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { FirstAnswer } from "./first_answer.ts";

export class Differences {
  readonly #mirrors: readonly Mirror[];
  /** Offsets of the first bytes that differ. */
  readonly #offsets = new Map<Mirror, number>();
  /** With which mirror one was compared, where a single one is known. */
  readonly #others = new Map<Mirror, Mirror>();

  /** Takes all mirrors. */
  constructor(mirrors: readonly Mirror[]) {
    this.#mirrors = mirrors;
  }

  /** Notes that a mirror has other bytes, from byte `at` on: than `other`, or than all others. */
  note(mirror: Mirror, at: number, other?: Mirror): void {
    this.#offsets.set(mirror, at);
    if (other !== undefined) this.#others.set(mirror, other);
  }

  /** Forgets where a mirror differed. */
  forget(mirror: Mirror): void {
    this.#offsets.delete(mirror);
    this.#others.delete(mirror);
  }

  /** Returns the error for the mirrors that gave these answers. */
  error(answers: readonly FirstAnswer[]): MirrorMismatchError {
    const sorted = this.#mirrors.flatMap((mirror) =>
      answers.filter((one) => one.mirror === mirror)
    );
    return new MirrorMismatchError(
      sorted.map(({ mirror, size, digest, hashes }) => ({
        mirror: mirror.url,
        size,
        digest,
        hashes: hashes as MirrorFile["hashes"],
        differsAt: this.#offsets.get(mirror),
        differsFrom: this.#others.get(mirror)?.url,
      })),
    );
  }
}

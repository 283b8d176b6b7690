/**
 * Which mirrors are asked once more how long their file is, because others whose first bytes are the
 * same say another size. A total in `Content-Range` may be wrong in the same way in every response; the
 * bytes behind it show that. Pure: mirrors are only read.
 *
 * @module
 */

import type { Mirror } from "../mirror/mirror.ts";
import type { FirstAnswer } from "./first_answer.ts";

export class SizeQuestion {
  readonly #asked = new Set<Mirror>();
  readonly #open = new Set<Mirror>();

  /** Whether answers are outstanding. */
  get isOpen(): boolean {
    return [...this.#open].some(({ alive }) => alive);
  }

  /** Reports whether the size of a mirror's file is to be verified with its next answer. */
  isAsked(mirror: Mirror): boolean {
    return this.#open.has(mirror);
  }

  /** Begins to ask the mirrors whose sizes differ, each once, except `settled` ones; returns them. */
  begin(answers: readonly FirstAnswer[], settled: ReadonlySet<Mirror>): readonly Mirror[] {
    const sized = answers.filter(({ size }) => size !== undefined);
    const sizes = new Set(sized.map(({ size }) => size));
    const digests = new Set(sized.flatMap(({ digest }) => digest ?? []));
    // Those with other bytes have another file, whatever its size.
    if (sizes.size < 2 || digests.size > 1) return [];
    // The length of a whole file is that of its bytes.
    const doubtful = sized.filter(({ answer }) => answer.type === "partial")
      .map(({ mirror }) => mirror)
      .filter((mirror) => mirror.alive && !settled.has(mirror) && !this.#asked.has(mirror));
    for (const mirror of doubtful) {
      this.#asked.add(mirror);
      this.#open.add(mirror);
    }
    return doubtful;
  }

  /** Notes that a mirror has answered; reports whether it was asked. */
  answered(mirror: Mirror): boolean {
    return this.#open.delete(mirror);
  }

  /** Notes that a request to a mirror has failed; reports whether what it said first stands. */
  failed(mirror: Mirror): boolean {
    if (!this.#open.has(mirror)) return false;
    // It may be asked again in another form.
    if (mirror.live.length === 0) this.#open.delete(mirror);
    return true;
  }
}

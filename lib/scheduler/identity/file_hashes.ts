/**
 * Hashes of the whole file as mirrors give them with later responses: one that contradicts what the mirror
 * said first, or the hash of the file, comes with another file. Pure; what the hashes are is decided in the
 * opening.
 *
 * @module
 */

import type { MirrorError } from "../../errors.ts";
import type { Hashes } from "../../http/hashes.ts";
import type { Mirror } from "../mirror/mirror.ts";
import { type FirstAnswer, hashError } from "../opening/first_answer.ts";
import type { LiveRequest } from "../requests/live_request.ts";

export class FileHashes {
  /** What each mirror said last. */
  readonly #said = new Map<Mirror, Hashes>();
  /** Mirrors whose first response had hashes that are not of the file. */
  readonly #ignored = new Set<Mirror>();

  /** Takes the first answer of a mirror; `hashes` is `undefined` if those that it gives are not of the file. */
  sampled({ mirror, hashes }: FirstAnswer): void {
    if (hashes === undefined) this.#ignored.add(mirror);
    else this.#ignored.delete(mirror);
    this.#said.set(mirror, { ...hashes });
  }

  /**
   * Returns the failure of a mirror whose response has hashes that contradict earlier ones; `file` are those
   * that are known of the file.
   */
  judge(
    { mirror, kind }: LiveRequest,
    hashes: Hashes | undefined,
    file: Hashes | undefined,
  ): MirrorError | undefined {
    // First responses are compared with one another.
    if (hashes === undefined || kind === "probe" || this.#ignored.has(mirror)) return undefined;
    const said = this.#said.get(mirror);
    this.#said.set(mirror, { ...said, ...hashes });
    return hashError(mirror, hashes, said, "and said before that it is", "changed") ??
      hashError(mirror, hashes, file, "while that of the file is");
  }
}

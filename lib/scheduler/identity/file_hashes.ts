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
import { hashError } from "../opening/first_answer.ts";
import type { LiveRequest } from "../requests.ts";

export class FileHashes {
  /** What each mirror said last. */
  readonly #said = new Map<Mirror, Hashes>();

  /**
   * Returns the failure of a mirror whose response has hashes that contradict earlier ones; `file` are those
   * that are known of the file.
   */
  judge(
    { mirror, kind }: LiveRequest,
    hashes: Hashes | undefined,
    file: Hashes | undefined,
  ): MirrorError | undefined {
    if (hashes === undefined) return undefined;
    const said = this.#said.get(mirror);
    this.#said.set(mirror, { ...said, ...hashes });
    // First responses are compared with one another.
    if (kind === "probe") return undefined;
    return hashError(mirror, hashes, said, "and said before that it is", "changed") ??
      hashError(mirror, hashes, file, "while that of the file is");
  }
}

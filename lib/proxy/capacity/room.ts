/**
 * Room for one answer: its part of the memory, which its downloads have one after another.
 *
 * @module
 */

import type { Downloader } from "../../../mod.ts";
import type { Admission, MemoryBudget } from "./memory_budget.ts";
import { noRoom } from "./no_room.ts";

/** Room for one answer, until it is disposed of. */
export class Room implements Disposable {
  readonly #admission: Admission;
  #download: Downloader | undefined;

  /**
   * Takes room.
   *
   * @throws {Problem} of status 503 when there is none
   */
  constructor(budget: MemoryBudget) {
    const admission = budget.admit((share) => {
      if (this.#download !== undefined) this.#download.windowSize = windowOf(share);
    });
    if (admission === undefined) {
      throw noRoom("as many downloads as there is memory for are under way");
    }
    this.#admission = admission;
  }

  /** What a download's reorder buffer may take now, in bytes. */
  get windowSize(): number {
    return windowOf(this.#admission.share);
  }

  /** Gives the room to a download: its window follows from now on. */
  hold(download: Downloader): void {
    this.#download = download;
  }

  /** Gives the room back. */
  [Symbol.dispose](): void {
    this.#download = undefined;
    this.#admission[Symbol.dispose]();
  }
}

/**
 * How much of its share a download's reorder buffer may take, in bytes: more than as much again
 * is on its way, in the connections to the mirrors and in the one to the client.
 */
function windowOf(share: number): number {
  return Math.floor(share * 3 / 8);
}

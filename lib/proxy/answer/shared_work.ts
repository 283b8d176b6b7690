/**
 * Work whose result several wait for: each may leave, and when nobody waits any more it is given
 * up.
 *
 * @module
 */

import { unlessAborted } from "../../unless_aborted.ts";

/** Work that goes on for as long as somebody waits for it. */
export class SharedWork<Result> {
  readonly #result: Promise<Result>;
  readonly #given = new AbortController();
  #waiting = 0;

  /**
   * Begins the work, a moment later; its signal aborts when nobody waits for the result any more.
   */
  constructor(work: (signal: AbortSignal) => Promise<Result>) {
    this.#result = Promise.resolve().then(() => work(this.#given.signal));
    this.#result.catch(() => {});
  }

  /** Whether everybody has left: whoever comes now has to begin anew. */
  get isGivenUp(): boolean {
    return this.#given.signal.aborted;
  }

  /** The result; rejects as the work does, and with the signal's reason when that aborts. */
  async wait(signal: AbortSignal): Promise<Result> {
    signal.throwIfAborted();
    this.#waiting++;
    try {
      return await unlessAborted(this.#result, signal);
    } finally {
      this.#waiting--;
      // Of work that is done, this ends nothing.
      if (this.#waiting === 0) this.#given.abort(signal.reason);
    }
  }
}

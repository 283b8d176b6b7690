/**
 * Holds back the reading of a body that has not been asked for piece by piece: that of a whole file.
 * The limit says when something may come; this is where it is waited for.
 *
 * @module
 */

import type { LimitView } from "../scheduler/view.ts";

/** The longest delay that `setTimeout` takes, in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

/** Lets a body be read as fast as a limit allows. */
export class Pace {
  readonly #limit: LimitView;
  #changed = Promise.withResolvers<void>();

  constructor(limit: LimitView) {
    this.#limit = limit;
  }

  /** How many bytes may be read now; waits until there are any, or `signal` aborts. */
  allowance(signal: AbortSignal): number | Promise<number> {
    const waitMs = this.#limit.openAt - performance.now();
    if (waitMs <= 0 || signal.aborted) return this.#limit.piece();
    return this.#wait(waitMs, signal).then(() => this.allowance(signal));
  }

  /** The limit is another one now: whoever waits looks at it again. */
  wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    const over = Promise.withResolvers<void>();
    const timer = setTimeout(over.resolve, Math.min(LONGEST_MS, Math.ceil(ms)));
    const onAbort = () => over.resolve();
    signal.addEventListener("abort", onAbort);
    await Promise.race([over.promise, this.#changed.promise]);
    signal.removeEventListener("abort", onAbort);
    clearTimeout(timer);
  }
}

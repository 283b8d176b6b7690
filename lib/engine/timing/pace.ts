/**
 * How fast bodies are read whose bytes were not requested piece by piece.
 *
 * @module
 */

import type { LimitView } from "../../scheduler/view.ts";
import { LONGEST_MS } from "./alarm.ts";
import { clock } from "./clock.ts";
import { deferred } from "../../stand_ins.ts";

/**
 * Limits how fast a body is read that was not requested piece by piece: that of a whole file. The
 * scheduler's rate limit decides when bytes may come; the waiting is done here.
 */
export class Pace {
  readonly #limit: LimitView;
  readonly #waiting = new Set<() => void>();

  constructor(limit: LimitView) {
    this.#limit = limit;
  }

  /** Returns how many bytes may be read now; waits until there are any, or `signal` aborts. */
  allowance(signal: AbortSignal): number | Promise<number> {
    const waitMs = this.#limit.openAt - clock.now();
    if (waitMs <= 0 || signal.aborted) return this.#limit.piece();
    return this.#wait(waitMs, signal).then(() => this.allowance(signal));
  }

  /** Makes all that wait read the limit again. */
  wake(): void {
    for (const resolve of this.#waiting) resolve();
  }

  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = deferred();
    const timer = setTimeout(resolve, Math.min(LONGEST_MS, Math.ceil(ms)));
    const onAbort = () => resolve();
    this.#waiting.add(resolve);
    signal.addEventListener("abort", onAbort);
    await promise;
    signal.removeEventListener("abort", onAbort);
    this.#waiting.delete(resolve);
    clearTimeout(timer);
  }
}

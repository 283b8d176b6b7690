/**
 * Work for which several requests wait: it is done once, and given up when none of them waits any longer.
 *
 * @module
 */

import { unlessAborted } from "../../../unless_aborted.ts";

/**
 * Work that is shared by all callers waiting for it. It is aborted when the last of them leaves, who then
 * waits for its end.
 */
export class SharedWork<Result> {
  readonly #result: Promise<Result>;
  readonly #abandoned = new AbortController();
  #waiting = 0;

  /** Starts the work in a microtask. Its signal aborts when no caller waits for the result. */
  constructor(work: (signal: AbortSignal) => Promise<Result>) {
    this.#result = Promise.resolve().then(() => work(this.#abandoned.signal));
    this.#result.catch(() => {});
  }

  /** Reports whether the work was aborted, so that it can no longer be waited for. */
  get isAbandoned(): boolean {
    return this.#abandoned.signal.aborted;
  }

  /** Returns the result. Rejects as the work does, and with the signal's reason when that aborts. */
  async wait(signal: AbortSignal): Promise<Result> {
    signal.throwIfAborted();
    this.#waiting++;
    try {
      return await unlessAborted(this.#result, signal);
    } finally {
      this.#waiting--;
      if (this.#waiting === 0) {
        // No effect if the work is done.
        this.#abandoned.abort(signal.reason);
        await this.#result.catch(() => {});
      }
    }
  }
}

/** Works by their keys: a request for one that is running joins those that wait for it. */
export class SharedWorks<Result> {
  readonly #running = new Map<string, SharedWork<Result>>();

  /** Number of works that are running. */
  get size(): number {
    return this.#running.size;
  }

  /** Returns the work of a key that is running, and not given up. */
  get(key: string): SharedWork<Result> | undefined {
    const work = this.#running.get(key);
    return work?.isAbandoned ? undefined : work;
  }

  /** Starts the work of a key. */
  start(key: string, work: (signal: AbortSignal) => Promise<Result>): SharedWork<Result> {
    const started: SharedWork<Result> = new SharedWork(async (signal) => {
      try {
        return await work(signal);
      } finally {
        if (this.#running.get(key) === started) this.#running.delete(key);
      }
    });
    this.#running.set(key, started);
    return started;
  }
}

/**
 * What the proxy runs: each request until it has a response, and each download until it has ended, which may be
 * after its client has gone.
 *
 * @module
 */

export class RunningWork {
  readonly #running = new Set<Promise<void>>();

  /** Counts work as running until its promise settles; returns that. */
  add<Result>(work: Promise<Result>): Promise<Result> {
    const leave = () => void this.#running.delete(ended);
    const ended: Promise<void> = work.then(leave, leave);
    this.#running.add(ended);
    return work;
  }

  /** Resolves when nothing runs any more. */
  async ended(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}

/**
 * Handles one thing after the other, also where handling one brings about the next: a callback of the
 * caller may, in the middle of it, change or cancel the download.
 *
 * @module
 */

export class SerialQueue<Item> {
  readonly #handle: (item: Item) => void;
  readonly #fail: (error: unknown) => void;
  readonly #waiting: Item[] = [];
  #isBusy = false;

  /** `handle` takes one item after the other, `fail` what it throws. */
  constructor(handle: (item: Item) => void, fail: (error: unknown) => void) {
    this.#handle = handle;
    this.#fail = fail;
  }

  /** Handles an item: now, or after what is being done. */
  add(item: Item): void {
    if (this.#isBusy) this.#waiting.push(item);
    else this.run(() => this.#handle(item));
  }

  /** Runs `step`, and then handles what was added meanwhile. */
  run(step: () => void): void {
    this.#isBusy = true;
    try {
      step();
      for (let next; (next = this.#waiting.shift()) !== undefined;) this.#handle(next);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isBusy = false;
    }
  }

  /** Drops what waits. */
  clear(): void {
    this.#waiting.length = 0;
  }
}

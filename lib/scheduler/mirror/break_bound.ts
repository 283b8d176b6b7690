/**
 * How much to request at once from a mirror whose connections break early: as much as they bring. Pure.
 *
 * @module
 */

/** A connection that breaks after so many bytes is no reason to request less, */
const ENOUGH = 8 * 1024 * 1024;
/** and no less than this is requested; */
const LEAST_PART = 64 * 1024;
/** after so many whole responses of about the most bytes, twice as many are requested at once. */
const ENOUGH_COMPLETED = 16;
const PROVES = 0.9;

export class BreakBound {
  /** Bytes that its last response brought before it broke; `undefined` if it did not. */
  #brokeAfter: number | undefined;
  #mostBytes = Infinity;
  /** Number of responses of so many bytes that did not break. */
  #completed = 0;

  /** The most bytes that are worth a request. */
  get mostBytes(): number {
    return this.#mostBytes;
  }

  /** Notes that a response broke after so many bytes. Where two in a row do, less is requested at once. */
  broke(bytes: number): void {
    const shortest = Math.min(bytes, this.#brokeAfter ?? Infinity);
    const again = this.#brokeAfter !== undefined;
    this.#brokeAfter = bytes;
    this.#completed = 0;
    if (again && shortest < ENOUGH) this.#mostBytes = Math.max(LEAST_PART, shortest);
  }

  /** Notes that a response did not break; after some of them, more is requested at once. */
  completed(bytes: number): void {
    this.#brokeAfter = undefined;
    if (bytes < PROVES * this.#mostBytes || ++this.#completed < ENOUGH_COMPLETED) return;
    this.#completed = 0;
    this.#mostBytes = 2 * this.#mostBytes < ENOUGH ? 2 * this.#mostBytes : Infinity;
  }
}

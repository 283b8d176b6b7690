/**
 * A first-in, first-out queue in constant time, for packets and the like.
 *
 * @module
 */

/** Consumed items are removed once there are this many. */
const LEAST_REMOVED = 1024;

export class Fifo<Item> {
  #items: Item[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** The first item. */
  get first(): Item | undefined {
    return this.#items[this.#head];
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  /** Removes the first item; there must be one. */
  shift(): Item {
    const item = this.#items[this.#head++]!;
    if (this.#head >= LEAST_REMOVED && 2 * this.#head >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}

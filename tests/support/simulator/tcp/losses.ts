/**
 * Random losses of packets: one by one, or several in a row (a Gilbert channel).
 *
 * @module
 */

export class Losses {
  readonly #share: number;
  readonly #length: number;
  readonly #random: () => number;
  #isLosing = false;

  /** `share` of the packets are lost; `length` is 1 for independent losses, or their mean number in a row. */
  constructor(share: number, length: number, random: () => number) {
    this.#share = share;
    this.#length = length;
    this.#random = random;
  }

  /** Reports whether the next packet is lost. */
  hits(): boolean {
    if (this.#share === 0) return false;
    if (this.#length === 1) return this.#random() < this.#share;
    const ends = 1 / this.#length;
    const begins = ends * this.#share / (1 - this.#share);
    if (this.#random() < (this.#isLosing ? ends : begins)) this.#isLosing = !this.#isLosing;
    return this.#isLosing;
  }
}

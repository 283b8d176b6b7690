/**
 * For how long standstills of the process excuse a silence. Nothing can be noticed while it stands still, but
 * whatever has arrived is noticed after that: a process that is too busy stands still again and again, and would
 * wait for ever for what never comes. Pure, but for their own state.
 *
 * @module
 */

/** To connect and be answered takes up to this many turns of a process that is too busy. */
const MOST = 32;

/** The standstills of one silence. */
export class Excuses {
  #count = 0;
  #ms = 0;

  /**
   * Reports whether a standstill of `ms` excuses the silence: the first ones do, and later those that are longer
   * than all before together, as the machine was asleep then.
   */
  take(ms: number): boolean {
    if (this.#count >= MOST && ms <= this.#ms) return false;
    this.#count++;
    this.#ms += ms;
    return true;
  }

  /** Notes that the silence is over. */
  reset(): void {
    this.#count = this.#ms = 0;
  }
}

/** Since when something is waited for, less the standstills that are excused. Times are in milliseconds. */
export class Waiting {
  readonly #excuses = new Excuses();
  #since = Infinity;

  /** When it began; `Infinity` if nothing is waited for. */
  get since(): number {
    return this.#since;
  }

  /** Begins at `now`, unless it has begun before. */
  begin(now: number): void {
    this.#since = Math.min(this.#since, now);
  }

  end(): void {
    this.#since = Infinity;
    this.#excuses.reset();
  }

  /** Counts nothing of the last `ms` until `now`: the process stood still. */
  excuse(ms: number, now: number): void {
    if (this.#since < now && this.#excuses.take(ms)) this.#since = Math.min(now, this.#since + ms);
  }
}

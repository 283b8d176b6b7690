/**
 * The door of a simulated server: it refuses requests that are too many at once, too close to each
 * other, too many in all, or for too many bytes.
 *
 * @module
 */

/** What a server allows; everything by default. */
export interface GateOptions {
  /** Requests at once. */
  readonly mostAtOnce?: number;
  /** Requests per second, with `burst` more at once. */
  readonly perSecond?: number;
  readonly burst?: number;
  /** Requests in each minute. */
  readonly perMinute?: number;
  /** Requests in all. */
  readonly inAll?: number;
  /** Bytes of each response. */
  readonly mostBytes?: number;
}

export class Gate {
  readonly #options: GateOptions;
  #live = 0;
  #count = 0;
  #excess = 0;
  #at = 0;
  #minute = -1;
  #inMinute = 0;
  /** Requests that were refused. */
  refused = 0;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /**
   * Takes a request for so many bytes at `now`, in milliseconds; returns a function that ends it, or `undefined` if
   * it is refused.
   */
  enter(now: number, bytes: number): (() => void) | undefined {
    if (bytes > (this.#options.mostBytes ?? Infinity) || !this.#admits(now)) {
      this.refused++;
      return undefined;
    }
    this.#live++;
    this.#count++;
    this.#inMinute++;
    let isLive = true;
    return () => {
      if (isLive) this.#live--;
      isLive = false;
    };
  }

  #admits(now: number): boolean {
    const { mostAtOnce = Infinity, perMinute = Infinity, inAll = Infinity } = this.#options;
    const minute = Math.floor(now / 60_000);
    if (minute !== this.#minute) this.#inMinute = 0;
    this.#minute = minute;
    return this.#live < mostAtOnce && this.#inMinute < perMinute && this.#count < inAll &&
      this.#keepsPace(now);
  }

  /** A leaky bucket, as in nginx: what is refused does not fill it. */
  #keepsPace(now: number): boolean {
    const { perSecond = Infinity, burst = 0 } = this.#options;
    if (perSecond === Infinity) return true;
    const excess = Math.max(0, this.#excess - (now - this.#at) * perSecond / 1000);
    if (excess > burst) return false;
    this.#excess = excess + 1;
    this.#at = now;
    return true;
  }
}

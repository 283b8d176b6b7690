/**
 * How fast bytes come: an exponentially weighted mean of samples over time. Pure: time is passed in.
 *
 * @module
 */

/** Estimates a rate in bytes per second. */
export class RateEstimator {
  readonly #timeConstantMs: number;
  readonly #sampleMs: number;
  #rate: number | undefined;
  #since: number | undefined;
  #bytes = 0;

  /**
   * `timeConstantMs`: the age at which a sample's weight has fallen to 1/e; `sampleMs`: samples are
   * gathered over at least this many milliseconds.
   */
  constructor(timeConstantMs = 1000, sampleMs = 50) {
    this.#timeConstantMs = timeConstantMs;
    this.#sampleMs = sampleMs;
  }

  /** Starts, or goes on, counting at `now` (milliseconds); time before it does not count. */
  resume(now: number): void {
    this.#since ??= now;
  }

  /** Stops counting at `now`, so that idle time does not count. */
  pause(now: number): void {
    this.#sample(now);
    this.#since = undefined;
  }

  /** Counts bytes that came at `now`. */
  add(bytes: number, now: number): void {
    this.#bytes += bytes;
    if (this.#since !== undefined && now - this.#since >= this.#sampleMs) {
      this.#sample(now);
      this.#since = now;
    }
  }

  /** The estimate in bytes per second at `now`; 0 before the first sample. */
  rate(now: number): number {
    const silentMs = this.#since === undefined ? 0 : now - this.#since;
    if (silentMs < 4 * this.#sampleMs) return this.#rate ?? 0;
    return this.#mixed(silentMs);
  }

  #sample(now: number): void {
    if (this.#since === undefined || now <= this.#since) return;
    this.#rate = this.#mixed(now - this.#since);
    this.#bytes = 0;
  }

  #mixed(elapsedMs: number): number {
    const sample = this.#bytes * 1000 / elapsedMs;
    if (this.#rate === undefined) return sample;
    const weight = Math.exp(-elapsedMs / this.#timeConstantMs);
    return weight * this.#rate + (1 - weight) * sample;
  }
}

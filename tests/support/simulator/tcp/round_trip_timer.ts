/**
 * Smoothed round trip and retransmission timeout of a connection (RFC 6298, with Linux's minimum).
 * Times are in milliseconds.
 *
 * @module
 */

/** Least time by which the timeout exceeds the round trip. */
export const LEAST_TIMEOUT_MS = 200;
/** Timeout before the first sample. */
const FIRST_TIMEOUT_MS = 1000;
const LONGEST_TIMEOUT_MS = 120_000;

export class RoundTripTimer {
  /** The smoothed round trip; 0 before the first sample. */
  smoothedMs = 0;
  #deviationMs = 0;
  #backoff = 1;

  sample(roundTripMs: number): void {
    this.#backoff = 1;
    if (this.smoothedMs === 0) {
      this.smoothedMs = roundTripMs;
      this.#deviationMs = roundTripMs / 2;
      return;
    }
    const error = Math.abs(roundTripMs - this.smoothedMs);
    this.#deviationMs += (error - this.#deviationMs) / 4;
    this.smoothedMs += (roundTripMs - this.smoothedMs) / 8;
  }

  /** The timeout passed: the next one is twice as long. */
  timedOut(): void {
    this.#backoff *= 2;
  }

  get timeoutMs(): number {
    const once = this.smoothedMs === 0
      ? FIRST_TIMEOUT_MS
      : this.smoothedMs + Math.max(LEAST_TIMEOUT_MS, 4 * this.#deviationMs);
    return Math.min(LONGEST_TIMEOUT_MS, this.#backoff * once);
  }
}

/**
 * When a mirror that failed is asked again: capped exponential backoff with jitter, never before
 * the server's own `Retry-After`. Pure: the randomness is passed in.
 *
 * @module
 */

/** How failures of a mirror are met. */
export interface RetryOptions {
  /**
   * Failures in a row, without a byte between them, after which a mirror is given up. A mirror that
   * broke off after 64 KiB or more is asked again at once.
   *
   * @default {5}
   */
  attempts?: number;
  /**
   * Wait before the first retry, in milliseconds; it doubles with each further failure.
   *
   * @default {250}
   */
  minDelayMs?: number;
  /**
   * The longest wait that doubling leads to, in milliseconds.
   *
   * @default {10000}
   */
  maxDelayMs?: number;
  /**
   * How much of a wait is left to chance, from 0 (nothing) to 1 (all).
   *
   * @default {0.5}
   */
  jitter?: number;
  /**
   * The longest `Retry-After` that is waited for, in milliseconds; a mirror that asks for more is
   * given up.
   *
   * @default {120000}
   */
  maxRetryAfterMs?: number;
  /**
   * Once the download has run for so many milliseconds, no failure is retried any more: a mirror that
   * would have to be asked again later than that is given up.
   *
   * @default {Infinity}
   */
  maxTimeMs?: number;
}

/** A failure, as far as the wait depends on it. */
export interface RetryCause {
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** What the server's `Retry-After` asked for, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** How long the download has run, in milliseconds. */
  readonly runMs: number;
}

/**
 * Milliseconds until the mirror is asked again after its `failures`th failure in a row, or
 * `undefined` when it is given up. `random` is a number from 0 up to, but without, 1.
 */
export function retryDelay(
  cause: RetryCause,
  failures: number,
  options: Required<RetryOptions>,
  random: number,
): number | undefined {
  if (!cause.retryable || failures >= options.attempts) return undefined;
  const retryAfter = cause.retryAfterMs ?? 0;
  if (retryAfter > options.maxRetryAfterMs) return undefined;
  const backoff = Math.min(
    options.maxDelayMs,
    options.minDelayMs * 2 ** Math.min(failures - 1, 50),
  );
  const delay = Math.max(retryAfter, backoff * (1 - options.jitter * random));
  return cause.runMs + delay < options.maxTimeMs ? delay : undefined;
}

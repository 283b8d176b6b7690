/**
 * When a mirror that failed is asked again: by capped exponential backoff with jitter, and never before the
 * server's own `Retry-After`. Pure: randomness is passed in.
 *
 * @module
 */

/** When a mirror that failed is retried. */
export interface RetryOptions {
  /**
   * Failures in a row, without a byte between them, after which a mirror is dropped. A mirror whose
   * connection broke after 64 KiB or more is retried immediately.
   *
   * @default {5}
   */
  attempts?: number | undefined;
  /**
   * Wait before the first retry, in milliseconds; it doubles with each further failure.
   *
   * @default {250}
   */
  minDelayMs?: number | undefined;
  /**
   * Maximum wait between retries, in milliseconds.
   *
   * @default {10000}
   */
  maxDelayMs?: number | undefined;
  /**
   * Random part of a wait, from 0 (none) to 1 (all).
   *
   * @default {0.5}
   */
  jitter?: number | undefined;
  /**
   * Maximum `Retry-After` to wait for, in milliseconds; a mirror that demands more is dropped. Meanwhile
   * the other mirrors go on.
   *
   * @default {3600000}
   */
  maxRetryAfterMs?: number | undefined;
  /**
   * Maximum time for which a mirror that has delivered nothing yet waits for its turn, where its host
   * serves other downloads of the process but refuses it, in milliseconds.
   *
   * @default {Infinity}
   */
  maxTurnMs?: number | undefined;
  /**
   * Maximum time for which the download waits while its mirrors refuse it, or ask it to wait, and none of
   * them delivers anything, in milliseconds. It fails at once where no mirror may be asked before that.
   *
   * @default {Infinity}
   */
  maxQuietMs?: number | undefined;
  /**
   * Time from the start of the download after which no retry begins, in milliseconds: a mirror whose
   * retry would come later is dropped.
   *
   * @default {Infinity}
   */
  maxTimeMs?: number | undefined;
}

/** Retry options with every default filled in. */
export type ResolvedRetry = { readonly [Key in keyof RetryOptions]-?: number };

/**
 * Returns the milliseconds until a mirror is retried after its `failures`th failure in a row, when the
 * download has run for `runMs`, or `undefined` if it is to be dropped. `random` is a number from 0 to,
 * but without, 1.
 */
export function retryDelay(
  cause: { retryable: boolean; retryAfterMs?: number | undefined; runMs: number },
  failures: number,
  options: ResolvedRetry,
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

/**
 * Waiting for a promise, but no longer than a signal allows: what is waited for goes on by itself.
 *
 * @module
 */

/** Settles as the promise does, or rejects with the signal's reason when that aborts before. */
export async function unlessAborted<Value>(
  value: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  if (signal === undefined) return await value;
  // Whoever has left already still owns the promise: its failure must not be nobody's.
  value.catch(() => {});
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  try {
    return await Promise.race([value, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

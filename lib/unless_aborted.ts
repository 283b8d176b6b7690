/**
 * Waiting for a promise, but no longer than a signal allows: what is waited for goes on by itself.
 *
 * @module
 */

/**
 * Settles as the promise does, or rejects with the signal's reason when that aborts before. A value
 * that comes too late is given to `late`, so that it can be closed.
 */
export async function unlessAborted<Value>(
  value: Promise<Value>,
  signal: AbortSignal | undefined,
  late: (value: Value) => unknown = () => {},
): Promise<Value> {
  if (signal === undefined) return await value;
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => {
    aborted.reject(signal.reason);
    // Whoever leaves still owns the promise: its failure must not be nobody's.
    value.then(late, () => {});
  };
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort);
  try {
    return await Promise.race([aborted.promise, value]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

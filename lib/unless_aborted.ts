/**
 * Waits for a promise until a signal aborts. The work behind the promise is not stopped by that.
 *
 * @module
 */

/**
 * Settles as `value` does, or rejects with the signal's reason if that aborts first. A value that
 * arrives after that is passed to `late`, so that it can be closed.
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
    // A later rejection must not be unhandled.
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

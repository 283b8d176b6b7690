/**
 * Waits for a promise, but no longer than a signal allows.
 *
 * @module
 */

import { type Deferred, deferred } from "./stand_ins.ts";

/**
 * Settles like `value`, or rejects with the signal's reason if that aborts first. What the promise stands
 * for goes on: a value that comes after that is passed to `late`, so that it can be closed; a later failure is ignored.
 */
export function unlessAborted<Value>(
  value: Promise<Value>,
  signal: AbortSignal | undefined,
  late: (value: Value) => unknown = () => {},
): Promise<Value> {
  if (signal === undefined) return value;
  const settled = deferred<Value>();
  // `value` may live long, and keeps what reacts to it: a wait that is over holds nothing.
  let wait: { settled: Deferred<Value>; signal: AbortSignal } | undefined;
  const end = () => {
    const ended = wait;
    wait = undefined;
    ended?.signal.removeEventListener("abort", onAbort);
    return ended;
  };
  const onAbort = () => {
    const ended = end();
    ended?.settled.reject(ended.signal.reason);
  };
  wait = { settled, signal };
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort);
  value.then(
    (result) => wait === undefined ? late(result) : end()?.settled.resolve(result),
    (error) => end()?.settled.reject(error),
  );
  return settled.promise;
}

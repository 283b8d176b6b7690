/**
 * Waits for a promise, but no longer than a signal allows. What the promise stands for goes on.
 *
 * @module
 */

/**
 * Settles like `value`, or rejects with the signal's reason if that aborts first. A value that comes
 * after that is passed to `late`, so that it can be closed; a later failure is ignored.
 */
export function unlessAborted<Value>(
  value: Promise<Value>,
  signal: AbortSignal | undefined,
  late: (value: Value) => unknown = () => {},
): Promise<Value> {
  if (signal === undefined) return value;
  const waiter = Promise.withResolvers<Value>();
  const wait = new Wait(waiter, signal);
  value.then(
    (result) => wait.end((waiter) => waiter.resolve(result)) ? undefined : late(result),
    (error) => wait.end((waiter) => waiter.reject(error)),
  );
  return waiter.promise;
}

/**
 * A wait for a promise. The promise may live long and be waited for many times, and keeps what reacts
 * to it: so that this is little, a wait that is over holds neither its waiter nor its signal.
 */
class Wait<Value> implements EventListenerObject {
  #open: readonly [waiter: PromiseWithResolvers<Value>, signal: AbortSignal] | undefined;

  constructor(waiter: PromiseWithResolvers<Value>, signal: AbortSignal) {
    this.#open = [waiter, signal];
    if (signal.aborted) this.handleEvent();
    else signal.addEventListener("abort", this);
  }

  /** Ends the wait by `settle`; returns false if it is over. */
  end(settle: (waiter: PromiseWithResolvers<Value>, signal: AbortSignal) => void): boolean {
    if (this.#open === undefined) return false;
    const [waiter, signal] = this.#open;
    this.#open = undefined;
    signal.removeEventListener("abort", this);
    settle(waiter, signal);
    return true;
  }

  /** Ends the wait because the signal aborted. */
  handleEvent(): void {
    this.end((waiter, { reason }) => waiter.reject(reason));
  }
}

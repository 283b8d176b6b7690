/**
 * Timers for what is waited for: while the process stands still, nothing that arrives is read, so that it is
 * not late.
 *
 * @module
 */

/** A time that is waited for is counted in so many steps. */
const STEPS = 4;

/**
 * Calls `onEnd` after `ms` milliseconds, and returns a function that prevents it. The time is counted in
 * quarters, after each of which `onQuarter` is called: however long the process or the machine stands still,
 * that counts as one of them at most, and what arrived meanwhile is read before the next one is over.
 */
export function afterRunning(
  ms: number,
  onEnd: () => void,
  onQuarter: () => void = () => {},
): () => void {
  let steps = 0;
  const timer = setInterval(() => {
    onQuarter();
    if (++steps < STEPS) return;
    clearInterval(timer);
    onEnd();
  }, ms / STEPS);
  return () => clearInterval(timer);
}

/**
 * Starts something that ends when a signal aborts: the one it is passed aborts with `signal`, and if nothing
 * has come of it after `ms` milliseconds, counted by {@linkcode afterRunning}. What has come by then may
 * last longer.
 */
export async function startedWithin<Value>(
  ms: number,
  signal: AbortSignal,
  start: (signal: AbortSignal) => Promise<Value>,
  onQuarter: () => void = () => {},
): Promise<Value> {
  const late = new AbortController();
  const stop = afterRunning(ms, () => late.abort(), onQuarter);
  try {
    return await start(AbortSignal.any([signal, late.signal]));
  } finally {
    stop();
  }
}

/**
 * Bounded concurrency for work whose errors end the command.
 *
 * @module
 */

import { pooledMap } from "@std/async/pool";

/**
 * Calls `work` for each item in order, for at most `limit` of them at a time. If one fails, no
 * further items are begun, those in progress are waited for, and the first error is thrown.
 */
export async function concurrently<T>(
  limit: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  try {
    await Array.fromAsync(pooledMap(limit, items, work));
  } catch (error) {
    // pooledMap() gathers errors; the exit code is that of the first one.
    throw error instanceof AggregateError ? error.errors[0] : error;
  }
}

/**
 * Bounded concurrency for work whose errors end the command.
 *
 * @module
 */

import { collect } from "../../stand_ins.ts";

/**
 * Calls `work` for each item in order, for at most `limit` of them at a time. If one fails, no
 * further items are begun, those in progress are waited for, and the first error is thrown.
 */
export async function concurrently<T>(
  limit: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  // A single file, the usual case, starts faster without the module.
  if (items.length === 1) return await work(items[0]!);
  const { pooledMap } = await import("@std/async/pool");
  try {
    await collect(pooledMap(limit, items, work));
  } catch (error) {
    // pooledMap() gathers errors; the exit code is that of the first one.
    throw error instanceof AggregateError ? error.errors[0] : error;
  }
}

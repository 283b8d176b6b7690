/**
 * Work on several things at once, but not on all of them.
 *
 * @module
 */

/**
 * Does something with each item in order, `atOnce` of them side by side. Where that fails, the items
 * under way are waited for, and the first error is thrown.
 */
export async function sideBySide<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  const workers = Math.min(atOnce, items.length);
  const ends = await Promise.allSettled(Array.from({ length: workers }, worker));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

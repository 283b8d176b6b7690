/**
 * A meeting of servers: none answers before each was asked. A server that is asked later than the others, as on a busy
 * machine, has a say all the same: a fast one could have delivered the whole file by then.
 *
 * @module
 */

/** What a server does at each request: it answers once the promise is fulfilled. */
export type Arrive = () => Promise<void>;

/** Returns what each of `count` servers does at a request; all must be asked for one to answer. */
export function meetingOf(count: number): Arrive[] {
  const { promise, resolve } = Promise.withResolvers<void>();
  const unasked = new Set(Array(count).keys());
  return [...unasked].map((index) => () => {
    unasked.delete(index);
    if (unasked.size === 0) resolve();
    return promise;
  });
}

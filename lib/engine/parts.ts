/**
 * The two shapes in which the parts of a download are read: an iterator and a stream. Both are
 * pulled from; leaving the one early, or cancelling the other, cancels the download.
 *
 * @module
 */

/** Bytes of the file that follow those handed over before. */
export type Part = Uint8Array<ArrayBuffer>;

/** Where parts come from. */
export interface PartSource {
  /** The next part. */
  next(): Promise<IteratorResult<Part, undefined>>;
  /** Nobody wants any more. */
  cancel(reason?: unknown): Promise<void>;
}

/** The parts as an iterator. */
export function partIterator(
  { next, cancel }: PartSource,
): AsyncIterableIterator<Part, undefined, undefined> {
  const iterator: AsyncIterableIterator<Part, undefined, undefined> = {
    next,
    return: async () => {
      await cancel();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

/** The parts as a stream. */
export function partStream({ next, cancel }: PartSource): ReadableStream<Part> {
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel,
  }, { highWaterMark: 0 });
}

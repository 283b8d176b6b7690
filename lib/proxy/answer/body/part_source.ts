/**
 * Bodies that our own server takes part by part. A stream would copy every byte into a buffer of its reader, or
 * leave the part's memory to the garbage collector; and its machinery costs about as much as the rest of the way
 * through the proxy. For every other reader such a body is a stream like any other.
 *
 * @module
 */

/** Bytes of a body, in memory of their own. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** The parts of a body, for one reader. */
export interface PartSource {
  /** Returns the next part, not empty; `undefined` at the end. Rejects if the body ends before. */
  next(): Promise<Bytes | undefined>;
  /** Takes back the memory of a part. */
  release(part: Bytes): void;
  /** Ends the body: its reader has gone. */
  cancel(): Promise<void>;
  /** Called if the body fails while no part is waited for. */
  onBreak: (error: unknown) => void;
}

const sources = new WeakMap<ReadableStream<Uint8Array>, PartSource>();

/** Returns a stream of the parts of `source`, which asks for each when it is read. */
export function streamOf(source: PartSource): ReadableStream<Bytes> {
  const stream = new ReadableStream<Bytes>({
    start: (controller) => void (source.onBreak = (error) => controller.error(error)),
    pull: async (controller) => {
      const part = await source.next();
      if (part === undefined) controller.close();
      else controller.enqueue(part);
    },
    cancel: () => source.cancel(),
  }, { highWaterMark: 0 });
  sources.set(stream, source);
  return stream;
}

/** Locks a body, and returns its parts. */
export function takeParts(body: ReadableStream<Uint8Array>): PartSource {
  const reader = body.getReader();
  return sources.get(body) ?? new StreamParts(reader);
}

/** The parts of any stream. */
class StreamParts implements PartSource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  onBreak: (error: unknown) => void = () => {};

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>) {
    this.#reader = reader;
    reader.closed.catch((error) => this.onBreak(error));
  }

  async next(): Promise<Bytes | undefined> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      if (value.byteLength > 0) return value as Bytes;
    }
  }

  release(): void {}

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}

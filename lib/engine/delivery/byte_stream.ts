/**
 * The bytes of a download as a stream: a byte stream, which a reader can let write into buffers of its own
 * (`getReader({ mode: "byob" })`).
 *
 * @module
 */

import type { Part } from "./reorder_buffer.ts";

/** Where the bytes come from. */
export interface PartSource {
  next(): Promise<IteratorResult<Part, undefined>>;
  /** Takes back the memory of a part. */
  release(part: Part): void;
  cancel(reason: unknown): Promise<void>;
}

/** Returns a stream of the parts of `source`, which asks for each when it is read. */
export function byteStream(source: PartSource): ReadableStream<Part> {
  const cancel = (reason: unknown) => source.cancel(reason);
  /** What a reader's own buffer had no room for. */
  let rest: Part | undefined;
  const pull = async (controller: ReadableByteStreamController) => {
    const part = rest ?? (await source.next()).value;
    rest = undefined;
    const request = controller.byobRequest;
    if (part === undefined) {
      controller.close();
      request?.respond(0);
      return;
    }
    const room = request?.view;
    // The stream takes the part's buffer from its owner: it is the reader's then.
    if (!request || !room) return controller.enqueue(part);
    const count = Math.min(part.byteLength, room.byteLength);
    new Uint8Array(room.buffer, room.byteOffset, count).set(part.subarray(0, count));
    if (count < part.byteLength) rest = part.subarray(count);
    else source.release(part);
    request.respond(count);
  };
  try {
    return new ReadableStream({ type: "bytes", pull, cancel });
  } catch {
    // Not every browser has byte streams.
    return new ReadableStream({
      pull: async (controller) => {
        const { done, value } = await source.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel,
    }, { highWaterMark: 0 });
  }
}

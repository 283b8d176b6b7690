/**
 * Tells when the body of a response has ended: completely read, cancelled, or failed.
 *
 * @module
 */

type Chunk = Uint8Array<ArrayBuffer>;

/** Statuses that a response can be created with, as the platform's `fetch` creates others, too. */
const CREATABLE = { from: 200, to: 599 } as const;

/**
 * Returns the same response, and calls `onEnd` once when its body ends; at once if it has none, or its
 * status is none of HTTP's.
 */
export function watchBody(response: Response, onEnd: () => void): Response {
  const { body, status, statusText, headers } = response;
  if (body === null || status < CREATABLE.from || status > CREATABLE.to) {
    onEnd();
    return response;
  }
  return new Response(watched(body, onEnd), { status, statusText, headers });
}

function watched(body: ReadableStream<Chunk>, onEnd: () => void): ReadableStream<Chunk> {
  let reader: ReadableStreamBYOBReader;
  try {
    reader = body.getReader({ mode: "byob" });
  } catch {
    // Not a byte stream: a caller's own fetch, perhaps.
    return watchedChunks(body.getReader(), onEnd);
  }
  return watchedBytes(reader, onEnd);
}

/** Passes a byte stream on without copying: bytes are read into the buffers of the reader. */
function watchedBytes(
  reader: ReadableStreamBYOBReader,
  onEnd: () => void,
): ReadableStream<Chunk> {
  return new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: 64 * 1024,
    async pull(controller) {
      const request = controller.byobRequest!;
      const { buffer, byteOffset, byteLength } = request.view!;
      try {
        const view = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
        const { done, value } = await reader.read(view);
        if (!done) return request.respondWithNewView(value);
        onEnd();
        controller.close();
        // A read that is waiting has to be answered, too.
        request.respondWithNewView(value ?? new Uint8Array(0));
      } catch (error) {
        onEnd();
        controller.error(error);
      }
    },
    cancel: canceller(reader, onEnd),
  });
}

function watchedChunks(
  reader: ReadableStreamDefaultReader<Chunk>,
  onEnd: () => void,
): ReadableStream<Chunk> {
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        onEnd();
        controller.close();
      } catch (error) {
        onEnd();
        controller.error(error);
      }
    },
    cancel: canceller(reader, onEnd),
  }, { highWaterMark: 0 });
}

function canceller(
  reader: ReadableStreamBYOBReader | ReadableStreamDefaultReader<Chunk>,
  onEnd: () => void,
): (reason: unknown) => Promise<void> {
  return async (reason) => {
    onEnd();
    await reader.cancel(reason);
  };
}

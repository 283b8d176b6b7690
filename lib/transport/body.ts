/**
 * Reads the body of an answer by the byte: exactly as many as were announced, in buffers that are
 * neither wasted nor shared. A body that ends early is an error, one that is longer is cut.
 *
 * @module
 */

import type { BufferPool } from "./buffer_pool.ts";
import { type FailureReason, SphttpError } from "../errors.ts";

/**
 * The most bytes read at once. Deno's own chunks are up to 64 KiB; larger ones, into buffers of our
 * own (a BYOB reader), take less time and processor.
 */
export const CHUNK = 512 * 1024;

/** How long the end of a body that has brought everything is waited for, in milliseconds. */
const END_MS = 100;

/** What a body is read by. */
export interface BodyOptions {
  /** How many bytes were announced; `undefined` where that is unknown. */
  readonly length: number | undefined;
  /** Whether the transport itself ends the body there. */
  readonly framed: boolean;
  /** Makes the error that is thrown. */
  readonly fail: (reason: FailureReason, message: string, cause?: unknown) => Error;
  /** Where buffers come from. */
  readonly buffers?: BufferPool | undefined;
}

/** Reads one body. */
export class BodyReader {
  readonly #options: BodyOptions;
  readonly #read: (wanted: number, least: number) => Promise<ReadableStreamReadResult<Chunk>>;
  readonly #cancel: () => Promise<void>;
  #remaining: number;
  #bytes = 0;
  /** What came, but was more than wanted. */
  #rest: Chunk | undefined;
  /** A buffer that serves again, because what it held was small and has been copied. */
  #spare: ArrayBuffer | undefined;

  /** Takes over `stream`; `null` is an empty body. */
  constructor(stream: ReadableStream<Chunk> | null, options: BodyOptions) {
    this.#options = options;
    this.#remaining = options.length ?? Infinity;
    const reader = openReader(stream ?? new Blob([]).stream());
    this.#read = reader instanceof ReadableStreamBYOBReader
      ? (wanted, min) => reader.read(this.#view(wanted), { min })
      : () => reader.read();
    this.#cancel = () => reader.cancel();
  }

  /**
   * The next bytes, at most `most` of them and, if the stream can wait for that, at least `least`;
   * `undefined` at the end, which has been seen then, so that the connection can serve another
   * request. The bytes are the caller's to keep.
   */
  async read(most = CHUNK, least = 1): Promise<Chunk | undefined> {
    if (this.#remaining === 0) return this.#end();
    let chunk: Chunk;
    try {
      const wanted = Math.min(most, this.#remaining);
      if (this.#rest === undefined) {
        const { done, value } = await this.#read(wanted, Math.min(least, wanted));
        // A body that ends before `least` gives what there was of it with its end.
        if (done && !value?.byteLength) return this.#ended();
        chunk = value!;
      } else chunk = this.#rest;
      this.#rest = undefined;
      if (chunk.byteLength > wanted) {
        this.#rest = chunk.subarray(wanted);
        chunk = chunk.slice(0, wanted);
      }
    } catch (cause) {
      if (cause instanceof SphttpError) throw cause;
      const message = `the connection broke after ${this.#bytes} bytes of the body`;
      throw this.#options.fail("network", message, cause);
    }
    this.#bytes += chunk.byteLength;
    this.#remaining -= chunk.byteLength;
    return this.#compact(chunk);
  }

  /** Gives up what is left of the body. */
  async cancel(): Promise<void> {
    await this.#cancel().catch(() => {});
  }

  #view(wanted: number): Chunk {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare !== undefined && spare.byteLength >= wanted) return new Uint8Array(spare, 0, wanted);
    return new Uint8Array(
      this.#options.buffers?.take(wanted) ?? new ArrayBuffer(wanted),
      0,
      wanted,
    );
  }

  /** A small chunk must not keep a large buffer alive. */
  #compact(chunk: Chunk): Chunk {
    if (chunk.byteLength * 2 > chunk.buffer.byteLength) return chunk;
    this.#spare = chunk.buffer;
    return chunk.slice();
  }

  #ended(): undefined {
    const { length, fail } = this.#options;
    if (length === undefined) return undefined;
    throw fail("truncated", `the body ended after ${this.#bytes} of ${length} bytes`);
  }

  /** Everything has come: sees the body's end, or cuts what is too much of it. */
  async #end(): Promise<undefined> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = this.#options.framed ? undefined : setTimeout(resolve, END_MS, false);
    this.#read(1, 1).then(({ done }) => resolve(done), () => resolve(true));
    const ended = await promise;
    clearTimeout(timer);
    if (!ended) await this.cancel();
    return undefined;
  }
}

type Chunk = Uint8Array<ArrayBuffer>;

function openReader(
  stream: ReadableStream<Chunk>,
): ReadableStreamBYOBReader | ReadableStreamDefaultReader<Chunk> {
  try {
    return stream.getReader({ mode: "byob" });
  } catch {
    // No stream of bytes: somebody's own fetch, perhaps.
    return stream.getReader();
  }
}

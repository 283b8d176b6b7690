/**
 * Reads the body of a response: exactly as many bytes as were announced, in buffers that are used again.
 * A body that ends early is an error, one that is longer is cut off.
 *
 * @module
 */

import type { BufferPool } from "./buffer_pool.ts";
import { type FailureReason, SphttpError } from "../../errors.ts";
import { type BodyFrame, partMessage } from "../../http/response/part.ts";
import { deferred } from "../../stand_ins.ts";

/**
 * Maximum number of bytes read at once. Deno's own chunks are up to 64 KiB; larger ones, read into own
 * buffers (a BYOB reader), take less processor time.
 */
export const CHUNK = 512 * 1024;

/** A body is read in chunks of this many bytes, until they come full: most links fill no larger ones. */
export const FIRST_CHUNK = 64 * 1024;
/** Sizes of buffers to use again, of which one fits any chunk but the small ones. */
export const BUFFER_SIZES = [FIRST_CHUNK, 2 * FIRST_CHUNK, CHUNK / 2, CHUNK] as const;

/** Maximum time to wait for the end of a body whose bytes have all come, in milliseconds. */
const END_MS = 100;

export interface BodyOptions {
  /** Where the wanted bytes are. */
  readonly frame: BodyFrame;
  /** Creates the error to throw. */
  readonly fail: (reason: FailureReason, message: string, cause?: unknown) => Error;
  readonly buffers?: BufferPool | undefined;
  /** Called when it ends too early, before any byte. */
  readonly onEmpty?: (() => unknown) | undefined;
}

export class BodyReader {
  readonly #options: BodyOptions;
  readonly #read: (wanted: number, least: number) => Promise<ReadableStreamReadResult<Chunk>>;
  readonly #cancel: () => Promise<void>;
  #skip: number;
  #remaining: number;
  #bytes = 0;
  /** Bytes that came, but were more than wanted. */
  #rest: Chunk | undefined;
  /** Maximum number of bytes to read at once, as far as they come. */
  #chunkSize = FIRST_CHUNK;
  /** Whether bytes are read into buffers of ours, not into those of the stream. */
  readonly #ownsBuffers: boolean;
  /** The buffer of ours that was read into last, unless the caller keeps it. */
  #lent: ArrayBuffer | undefined;

  /** Locks `stream`; `null` is an empty body. */
  constructor(stream: ReadableStream<Chunk> | null, options: BodyOptions) {
    this.#options = options;
    this.#skip = options.frame.skip;
    this.#remaining = options.frame.length ?? Infinity;
    const body = stream ?? new Blob([]).stream();
    const byteReader = openByteReader(body);
    this.#ownsBuffers = byteReader !== undefined;
    if (byteReader !== undefined) {
      this.#read = (wanted, min) => byteReader.read(this.#view(wanted), { min });
      this.#cancel = () => byteReader.cancel();
    } else {
      const reader = body.getReader();
      this.#read = () => reader.read();
      this.#cancel = () => reader.cancel();
    }
  }

  /**
   * Returns the next bytes, at most `most` and, if the stream can wait for them, at least `least`;
   * `undefined` at the end, which has been read then, so that the connection can serve another
   * request. The caller may keep the bytes.
   */
  async read(most = CHUNK, least = 1): Promise<Chunk | undefined> {
    const chunk = await this.borrow(most, least);
    return chunk && this.keep(chunk);
  }

  /** Returns the next bytes likewise, but they are valid only until the next call, unless kept. */
  async borrow(most = CHUNK, least = 1): Promise<Chunk | undefined> {
    if (this.#remaining === 0) return this.#end();
    let chunk: Chunk;
    try {
      if (this.#skip > 0 && !await this.#skipped()) return this.#ended();
      const usual = this.#ownsBuffers ? Math.max(this.#chunkSize, least) : Infinity;
      const wanted = Math.min(most, this.#remaining, usual);
      if (this.#rest === undefined) {
        const { done, value } = await this.#read(wanted, Math.min(least, wanted));
        this.#lend(value);
        // A body that ends before `least` returns its last bytes together with its end.
        if (done && !value?.byteLength) return this.#ended();
        chunk = value!;
        const isFull = chunk.byteLength >= this.#chunkSize;
        if (isFull) this.#chunkSize = Math.min(CHUNK, 2 * this.#chunkSize);
      } else chunk = this.#rest;
      this.#rest = undefined;
      if (chunk.byteLength > wanted) {
        this.#rest = chunk.subarray(wanted);
        chunk = chunk.slice(0, wanted);
      }
    } catch (cause) {
      if (cause instanceof SphttpError) throw cause;
      throw this.#broken(cause);
    }
    this.#bytes += chunk.byteLength;
    this.#remaining -= chunk.byteLength;
    return chunk;
  }

  /**
   * Returns bytes that were just borrowed, for the caller to keep: in the buffer that they were read into
   * if they fill most of it, else in a copy, as a small chunk must not keep a large buffer alive.
   */
  keep(chunk: Chunk): Chunk {
    if (chunk.byteLength * 2 <= chunk.buffer.byteLength) return chunk.slice();
    this.#lent = undefined;
    return chunk;
  }

  async cancel(): Promise<void> {
    await this.#cancel().catch(() => {});
    this.#giveBack();
  }

  /** Reads the bytes before the wanted ones; returns whether the body goes on behind them. */
  async #skipped(): Promise<boolean> {
    while (this.#skip > 0) {
      const { done, value } = await this.#read(Math.min(CHUNK, this.#skip), 1);
      this.#lend(value);
      if (done && !value?.byteLength) return false;
      if (value!.byteLength > this.#skip) this.#rest = value!.subarray(this.#skip);
      this.#skip = Math.max(0, this.#skip - value!.byteLength);
    }
    return true;
  }

  #view(wanted: number): Chunk {
    const lent = this.#lent;
    this.#lent = undefined;
    const isUsable = lent !== undefined && lent.byteLength >= wanted && this.#rest === undefined;
    const buffer = isUsable ? lent : this.#options.buffers?.take(wanted) ?? new ArrayBuffer(wanted);
    return new Uint8Array(buffer, 0, wanted);
  }

  /** Uses the buffer of bytes again, unless they are kept. */
  #lend(value: Chunk | undefined): void {
    if (this.#ownsBuffers) this.#lent = value?.buffer;
  }

  /** Leaves the buffer to other bodies. */
  #giveBack(): void {
    if (this.#lent !== undefined) this.#options.buffers?.give(this.#lent);
    this.#lent = undefined;
  }

  #broken(cause: unknown): Error {
    if (this.#bytes === 0) this.#options.onEmpty?.();
    const message = `the connection broke after ${this.#bytes} bytes of the body`;
    return this.#options.fail("network", message, cause);
  }

  #ended(): undefined {
    this.#giveBack();
    const { frame: { length, partLength }, fail } = this.#options;
    if (partLength !== undefined && (this.#bytes === 0 || this.#bytes === partLength)) {
      throw fail("range", partMessage(this.#bytes));
    }
    if (length === undefined) return undefined;
    if (this.#bytes === 0) this.#options.onEmpty?.();
    throw fail("truncated", `the body ended after ${this.#bytes} of ${length} bytes`);
  }

  /** Reads the end of a body whose bytes have all come, or cuts off the rest. */
  async #end(): Promise<undefined> {
    const { rest } = this.#options.frame;
    if (rest === "more") return void await this.cancel();
    const { promise, resolve } = deferred<boolean>();
    const timer = rest === "none" ? undefined : setTimeout(resolve, END_MS, false);
    this.#read(1, 1).then(({ done, value }) => {
      this.#lend(value);
      resolve(done);
    }, () => resolve(true));
    const ended = await promise;
    clearTimeout(timer);
    if (ended) await nextTurn();
    else await this.cancel();
    this.#giveBack();
    return undefined;
  }
}

/** Reads the rest of a body into memory. */
export async function readAll(body: BodyReader): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let part = await body.read(); part !== undefined; part = await body.read()) parts.push(part);
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/**
 * Waits for the next turn of the event loop: only then is the connection of a body that has ended back in
 * the pool. A request before that would open another connection, though it then takes the old one;
 * connections in excess take turns, so that none of them keeps its congestion window. The first callback
 * may still run in this turn.
 */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => soon(() => soon(resolve)));
}

/**
 * Calls back in one of the next turns; browsers have no `setImmediate`. Deno loads its timers when they are
 * first looked at: not before the first request.
 */
function soon(callback: () => void): void {
  (globalThis.setImmediate ?? setTimeout)(callback);
}

type Chunk = Uint8Array<ArrayBuffer>;

/** Returns a reader into buffers of ours; `undefined` if the stream has none. */
function openByteReader(stream: ReadableStream<Chunk>): ReadableStreamBYOBReader | undefined {
  try {
    return stream.getReader({ mode: "byob" });
  } catch {
    // Not a byte stream: a caller's own fetch, perhaps, or not every runtime has them.
    return undefined;
  }
}

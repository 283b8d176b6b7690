/**
 * Several ranges of a file as one multipart/byteranges body of known length. The body is pull-driven:
 * parts are opened one at a time, when the reader gets to them.
 * Follows RFC 9110 sections 14.6 and 15.3.7.2, and RFC 2046 section 5.1.1.
 *
 * @module
 */

import { type ByteRange, contentRangeHeader } from "../../../http/byte_range.ts";

export interface MultipartOptions {
  /** Content-Type of the file; left out if `undefined`. */
  readonly contentType: string | undefined;
  /** Size of the whole file, in bytes. */
  readonly size: number;
  /** The boundary between parts. It must be unpredictable, so that no file contains it. */
  readonly boundary: string;
  /** The bytes of the first range, if it is already open. */
  readonly first?: ReadableStream<Uint8Array> | undefined;
  /** Called when the body ends early, because a part failed or the reader cancelled. */
  readonly onBreak?: ((outcome: "failed" | "cancelled") => void) | undefined;
}

/** Opens a range; the signal aborts when the reader cancels. */
export type OpenPart = (
  range: ByteRange,
  signal: AbortSignal,
) => Promise<ReadableStream<Uint8Array>> | ReadableStream<Uint8Array>;

export interface MultipartBody {
  /** The exact length in bytes. */
  readonly length: number;
  readonly stream: ReadableStream<Uint8Array>;
}

/**
 * Creates a body from several ranges. Its stream errors when a part fails, and when a part has more or
 * fewer bytes than its range: an incomplete body never ends cleanly.
 *
 * @param open opens one range; called once for each, in order
 */
export function multipartBody(
  ranges: readonly ByteRange[],
  options: MultipartOptions,
  open: OpenPart,
): MultipartBody {
  const { boundary } = options;
  const encoder = new TextEncoder();
  const heads = ranges.map((range, index) =>
    encoder.encode((index === 0 ? "" : "\r\n") + partHead(range, options))
  );
  const tail = encoder.encode(`\r\n--${boundary}--\r\n`);
  let length = tail.byteLength;
  for (const [index, { start, end }] of ranges.entries()) {
    length += heads[index]!.byteLength + end - start;
  }
  const parts = new Parts(ranges, [...heads, tail], options, open);
  return { length, stream: new ReadableStream(parts, PULLED) };
}

/** Reads nothing ahead. */
const PULLED: QueuingStrategy<Uint8Array> = { highWaterMark: 0 };

function partHead(range: ByteRange, options: MultipartOptions): string {
  const { boundary, contentType, size } = options;
  const type = contentType === undefined ? "" : `Content-Type: ${contentType}\r\n`;
  return `--${boundary}\r\n${type}Content-Range: ${contentRangeHeader(range, size)}\r\n\r\n`;
}

class Parts implements UnderlyingDefaultSource<Uint8Array> {
  readonly #ranges: readonly ByteRange[];
  /** The headers of the parts, and the final boundary. */
  readonly #heads: readonly Uint8Array[];
  readonly #options: MultipartOptions;
  readonly #open: OpenPart;
  /** Aborts when the reader cancels. */
  readonly #cancelled = new AbortController();
  #index = 0;
  #state: "head" | "data" = "head";
  /** Reads the current part, once it is open. */
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  /** Bytes still to come in the current part. */
  #missing = 0;

  constructor(
    ranges: readonly ByteRange[],
    heads: readonly Uint8Array[],
    options: MultipartOptions,
    open: OpenPart,
  ) {
    this.#ranges = ranges;
    this.#heads = heads;
    this.#options = options;
    this.#open = open;
    this.#reader = options.first?.getReader();
  }

  /** Enqueues the headers of a part, a chunk of it, or the final boundary. */
  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    if (this.#state === "data") {
      const chunk = await this.#read().catch((error) => {
        this.#options.onBreak?.("failed");
        throw error;
      });
      if (chunk !== undefined) return controller.enqueue(chunk);
    }
    // The reader may have cancelled during the read.
    if (this.#cancelled.signal.aborted) return;
    const range = this.#ranges[this.#index];
    controller.enqueue(this.#heads[this.#index]!);
    if (range === undefined) return controller.close();
    this.#missing = range.end - range.start;
    this.#state = "data";
  }

  cancel(reason: unknown): Promise<void> | undefined {
    this.#cancelled.abort(reason);
    this.#options.onBreak?.("cancelled");
    return this.#reader?.cancel(reason);
  }

  /** Returns the next bytes of the current part, `undefined` at its end. */
  async #read(): Promise<Uint8Array | undefined> {
    const range = this.#ranges[this.#index]!;
    const { signal } = this.#cancelled;
    if (this.#reader === undefined) {
      const stream = await this.#open(range, signal);
      if (signal.aborted) {
        await stream.cancel(signal.reason);
        return undefined;
      }
      this.#reader = stream.getReader();
    }
    while (true) {
      const { done, value } = await this.#reader.read();
      if (signal.aborted) return undefined;
      if (done) break;
      this.#missing -= value.byteLength;
      if (this.#missing < 0) {
        this.#reader.cancel().catch(() => {});
        throw new Error(`${describe(range)} has too many bytes`);
      }
      if (value.byteLength > 0) return value;
    }
    if (this.#missing > 0) throw new Error(`${describe(range)} ended ${this.#missing} bytes early`);
    this.#reader = undefined;
    this.#index++;
    return undefined;
  }
}

function describe({ start, end }: ByteRange): string {
  return `the part of bytes ${start}-${end - 1}`;
}

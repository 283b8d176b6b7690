/**
 * Several ranges of a file as one body, multipart/byteranges, whose length is known beforehand. It
 * is driven by whoever reads it: a part is opened when its turn has come, one at a time.
 * Follows RFC 9110 sections 14.6 and 15.3.7.2, and RFC 2046 section 5.1.1.
 *
 * @module
 */

import { type ByteRange, contentRangeHeader } from "../../http/byte_range.ts";

/** What is said of every part, and who is told what. */
export interface MultipartOptions {
  /** Content-Type of the file; `undefined` where it is not known, and then left out. */
  readonly contentType: string | undefined;
  /** Size of the whole file, in bytes. */
  readonly size: number;
  /** What stands between the parts; see {@linkcode makeBoundary}. */
  readonly boundary: string;
  /**
   * The bytes of the first range, where they are there before the body.
   *
   * @default {it is opened as the others}
   */
  readonly first?: ReadableStream<Uint8Array> | undefined;
  /**
   * Told that the body ends early: a part failed, or the consumer has left, whether or not a part
   * was open then.
   *
   * @default {nobody is told}
   */
  readonly brokeOff?: ((outcome: "failed" | "cancelled") => void) | undefined;
}

/** Gives the bytes of a range; the signal aborts when they are wanted no more. */
export type OpenPart = (
  range: ByteRange,
  signal: AbortSignal,
) => Promise<ReadableStream<Uint8Array>> | ReadableStream<Uint8Array>;

/** A body of several parts. */
export interface MultipartBody {
  /** Its exact length, in bytes. */
  readonly length: number;
  /** Its bytes. */
  readonly stream: ReadableStream<Uint8Array>;
}

const BOUNDARY_CHARACTERS = "0123456789abcdefghijklmnopqrstuvwxyz";

/**
 * A boundary that occurs in no file, as nobody can guess its 32 characters.
 *
 * @param random gives numbers from 0 up to, but without, 1; they should not be predictable
 */
export function makeBoundary(random: () => number): string {
  const character = () => BOUNDARY_CHARACTERS[Math.floor(random() * BOUNDARY_CHARACTERS.length)];
  return Array.from({ length: 32 }, character).join("");
}

/**
 * Makes a body of several ranges. It fails with the error of a part, and when a part has more or
 * fewer bytes than its range: a body that is not whole never ends as if it were.
 *
 * @param open gives the bytes of one range; is called once for each, in order
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

/** Nothing is read ahead. */
const PULLED: QueuingStrategy<Uint8Array> = { highWaterMark: 0 };

function partHead(range: ByteRange, options: MultipartOptions): string {
  const { boundary, contentType, size } = options;
  const type = contentType === undefined ? "" : `Content-Type: ${contentType}\r\n`;
  return `--${boundary}\r\n${type}Content-Range: ${contentRangeHeader(range, size)}\r\n\r\n`;
}

/** What the stream of a body is fed from. */
class Parts implements UnderlyingDefaultSource<Uint8Array> {
  readonly #ranges: readonly ByteRange[];
  /** The heads of the parts, and what stands behind the last one. */
  readonly #heads: readonly Uint8Array[];
  readonly #options: MultipartOptions;
  readonly #open: OpenPart;
  /** Aborts when the consumer has left. */
  readonly #left = new AbortController();
  /** The part whose turn it is. */
  #index = 0;
  #state: "head" | "data" = "head";
  /** Reads the part whose turn it is, once it is open. */
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  /** Bytes that the part whose turn it is still owes. */
  #owed = 0;

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

  /** Hands over one piece: a head, a chunk of a part, or the tail. */
  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    if (this.#state === "data") {
      const chunk = await this.#read().catch((error) => {
        this.#options.brokeOff?.("failed");
        throw error;
      });
      if (chunk !== undefined) return controller.enqueue(chunk);
    }
    // The consumer may have left while the part was being read.
    if (this.#left.signal.aborted) return;
    const range = this.#ranges[this.#index];
    controller.enqueue(this.#heads[this.#index]!);
    if (range === undefined) return controller.close();
    this.#owed = range.end - range.start;
    this.#state = "data";
  }

  cancel(reason: unknown): Promise<void> | undefined {
    this.#left.abort(reason);
    this.#options.brokeOff?.("cancelled");
    return this.#reader?.cancel(reason);
  }

  /** The next bytes of the part whose turn it is; `undefined` when it has given all of them. */
  async #read(): Promise<Uint8Array | undefined> {
    const range = this.#ranges[this.#index]!;
    const { signal } = this.#left;
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
      this.#owed -= value.byteLength;
      if (this.#owed < 0) {
        // Whether that works is of no interest any more.
        this.#reader.cancel().catch(() => {});
        throw new Error(`${named(range)} has more bytes than that`);
      }
      if (value.byteLength > 0) return value;
    }
    if (this.#owed > 0) throw new Error(`${named(range)} ended ${this.#owed} bytes early`);
    this.#reader = undefined;
    this.#index++;
    return undefined;
  }
}

function named({ start, end }: ByteRange): string {
  return `the part of bytes ${start}-${end - 1}`;
}

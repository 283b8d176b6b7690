/**
 * Several ranges of a file as one body, multipart/byteranges, whose length is known beforehand. It
 * is driven by whoever reads it: a part is opened when its turn has come, one at a time.
 * Follows RFC 9110 sections 14.6 and 15.3.7.2, and RFC 2046 section 5.1.1.
 *
 * @module
 */

import type { ResolvedRange } from "./byte_ranges.ts";

/** What is said of every part. */
export interface MultipartOptions {
  /** Content-Type of the file; `undefined` where it is not known, and then left out. */
  readonly contentType: string | undefined;
  /** Size of the whole file, in bytes. */
  readonly size: number;
  /** What stands between the parts; see {@linkcode makeBoundary}. */
  readonly boundary: string;
}

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
  ranges: readonly ResolvedRange[],
  options: MultipartOptions,
  open: (range: ResolvedRange) => ReadableStream<Uint8Array>,
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
  return { length, stream: new ReadableStream(new Parts(ranges, heads, tail, open), PULLED) };
}

/** Nothing is read ahead. */
const PULLED: QueuingStrategy<Uint8Array> = { highWaterMark: 0 };

function partHead({ start, end }: ResolvedRange, options: MultipartOptions): string {
  const { boundary, contentType, size } = options;
  const type = contentType === undefined ? "" : `Content-Type: ${contentType}\r\n`;
  return `--${boundary}\r\n${type}Content-Range: bytes ${start}-${end - 1}/${size}\r\n\r\n`;
}

/** What the stream of a body is fed from. */
class Parts implements UnderlyingDefaultSource<Uint8Array> {
  readonly #ranges: readonly ResolvedRange[];
  readonly #heads: readonly Uint8Array[];
  readonly #tail: Uint8Array;
  readonly #open: (range: ResolvedRange) => ReadableStream<Uint8Array>;
  /** The part whose turn it is. */
  #index = 0;
  #state: "head" | "data" | "cancelled" = "head";
  /** Reads the part whose turn it is, once it is open. */
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  /** Bytes that the open part still owes. */
  #left = 0;

  constructor(
    ranges: readonly ResolvedRange[],
    heads: readonly Uint8Array[],
    tail: Uint8Array,
    open: (range: ResolvedRange) => ReadableStream<Uint8Array>,
  ) {
    this.#ranges = ranges;
    this.#heads = heads;
    this.#tail = tail;
    this.#open = open;
  }

  /** Hands over one piece: a head, a chunk of a part, or the tail. */
  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    if (this.#state === "data") {
      const chunk = await this.#read();
      if (chunk !== undefined) return controller.enqueue(chunk);
    }
    // The consumer may have left while the part was being read.
    if (this.#state === "cancelled") return;
    const head = this.#heads[this.#index];
    controller.enqueue(head ?? this.#tail);
    if (head === undefined) controller.close();
    this.#state = "data";
  }

  cancel(reason: unknown): Promise<void> | undefined {
    this.#state = "cancelled";
    return this.#reader?.cancel(reason);
  }

  /** The next bytes of the part whose turn it is; `undefined` when it has given all of them. */
  async #read(): Promise<Uint8Array | undefined> {
    const range = this.#ranges[this.#index]!;
    if (this.#reader === undefined) {
      this.#reader = this.#open(range).getReader();
      this.#left = range.end - range.start;
    }
    while (true) {
      const { done, value } = await this.#reader.read();
      if (this.#state === "cancelled") return undefined;
      if (done) break;
      this.#left -= value.byteLength;
      if (this.#left < 0) {
        // Whether that works is of no interest any more.
        this.#reader.cancel().catch(() => {});
        throw new Error(`${named(range)} has more bytes than that`);
      }
      if (value.byteLength > 0) return value;
    }
    if (this.#left > 0) throw new Error(`${named(range)} ended ${this.#left} bytes early`);
    this.#reader = undefined;
    this.#index++;
    return undefined;
  }
}

function named({ start, end }: ResolvedRange): string {
  return `the part of bytes ${start}-${end - 1}`;
}

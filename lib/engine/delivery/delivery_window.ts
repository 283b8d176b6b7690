/**
 * The bytes between the mirrors and the consumer: held in order, at most `windowSize` of them. This is
 * what stops memory from growing: ranges are requested within the window only, and the body of a whole
 * file is read only while there is room.
 *
 * @module
 */

import { CHUNK, FIRST_CHUNK } from "../../transport/responses/body.ts";
import type { BufferPool } from "../../transport/responses/buffer_pool.ts";
import { Origins } from "./origins.ts";
import { PieceProofs, type PieceProofsOptions } from "./piece_proofs.ts";
import { ReorderBuffer } from "./reorder_buffer.ts";
import { deferred } from "../../stand_ins.ts";

/** A window is read in at least this many chunks, as far as the limits below allow. */
const CHUNKS = 16;
/** No chunk is smaller, in bytes. */
const LEAST_CHUNK = 16 * 1024;
/** Where the window has room for so many large chunks, it is read in these: each chunk costs processor time. */
const FEW_CHUNKS = 6;
/** Length of a large chunk, in bytes. */
const LARGE_CHUNK = 2 * FIRST_CHUNK;

/**
 * The consumer takes bytes at most once in this time, in milliseconds, unless there are enough: a small
 * part costs it and the scheduler as much as a large one.
 */
const GATHERING_MS = 4;
/** So many bytes are enough; in a small window, a sixteenth of it. */
const ENOUGH = 64 * 1024;

export interface DeliveryWindowOptions {
  /** Returns the time in milliseconds. @default {performance.now} */
  readonly now?: (() => number) | undefined;
  /** Where pages for small chunks are taken from. @default {new ones} */
  readonly buffers?: BufferPool | undefined;
  /** By what the pieces of the file are proved. @default {they are not} */
  readonly proofs?: Omit<PieceProofsOptions, "start" | "buffer" | "onProved"> | undefined;
  /** Whether it is recorded which mirror has sent which bytes. @default {false} */
  readonly recordOrigins?: boolean | undefined;
}

export class DeliveryWindow {
  readonly buffer: ReorderBuffer;
  windowSize: number;
  /** When the first byte could be delivered, in milliseconds. */
  firstByteAt: number | undefined;
  /** Holds back what is not proved, if digests of the pieces are expected. */
  readonly proofs: PieceProofs | undefined;
  /** Who has sent which bytes, if that is recorded. */
  readonly origins: Origins | undefined;
  readonly #now: () => number;
  #opened = false;
  #isClosed = false;
  #readAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #changed = deferred();

  /** Begins at byte `start`. */
  constructor(
    start: number,
    windowSize: number,
    { now = () => performance.now(), buffers, proofs, recordOrigins }: DeliveryWindowOptions = {},
  ) {
    this.#now = now;
    this.buffer = new ReorderBuffer(start, buffers);
    this.windowSize = windowSize;
    this.origins = recordOrigins ? new Origins() : undefined;
    this.proofs = proofs && new PieceProofs({
      ...proofs,
      start,
      buffer: this.buffer,
      onProved: () => this.#opened && this.#announce(this.#now()),
    });
  }

  /** Adds bytes from `offset` on that `mirror` has sent; those at or behind `end` are dropped. */
  write(offset: number, chunk: Uint8Array<ArrayBuffer>, end: number, mirror = 0): void {
    const wanted = Math.max(0, end - offset);
    const useful = chunk.byteLength > wanted ? chunk.subarray(0, wanted) : chunk;
    this.buffer.write(offset, useful);
    this.proofs?.note(offset, offset + useful.byteLength, mirror);
    this.origins?.note(offset, offset + useful.byteLength, mirror);
    if (this.#opened) this.#announce(this.#now());
  }

  /** Drops what has arrived from the byte `from` on. */
  drop(from: number): void {
    this.buffer.drop(from);
    this.proofs?.forget(from);
    this.origins?.forget(from);
  }

  /** Drops everything that is held. */
  clear(): void {
    this.buffer.clear();
    this.proofs?.forget(0);
    this.origins?.forget(this.buffer.front);
  }

  /** Allows bytes to be delivered from now on. */
  open(): void {
    this.#opened = true;
    this.#announce(this.#now());
  }

  /** Allows all bytes to be delivered at once that have arrived: no more will. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.wake();
  }

  /**
   * Returns the next bytes in order; `undefined` while they are missing, for a moment after the last ones
   * if they are few, and before `open()`.
   */
  read(): Uint8Array<ArrayBuffer> | undefined {
    if (!this.#opened || !this.buffer.ready) return undefined;
    const now = this.#now();
    if (!this.#isDue(now)) {
      this.#wakeIn(this.#readAt + GATHERING_MS - now);
      return undefined;
    }
    const part = this.buffer.read()!;
    this.#readAt = now;
    if (this.buffer.held + part.byteLength >= this.windowSize) this.wake();
    return part;
  }

  #isDue(now: number): boolean {
    return this.#isClosed || now >= this.#readAt + GATHERING_MS || this.buffer.has(ENOUGH) ||
      this.buffer.has(this.windowSize / CHUNKS);
  }

  #wakeIn(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.wake();
    }, Math.ceil(ms));
  }

  /** Changes its size. */
  resize(bytes: number): void {
    if (bytes === this.windowSize) return;
    this.windowSize = bytes;
    this.wake();
  }

  #announce(now: number): void {
    if (!this.buffer.ready) return;
    this.firstByteAt ??= now;
    if (this.#isDue(now)) this.wake();
    else this.#wakeIn(this.#readAt + GATHERING_MS - now);
  }

  /**
   * Returns how many bytes of a whole file's body may still be held; waits until there is room, or
   * `signal` aborts. If the consumer has nothing to take, only this body can change that, however much
   * is held behind what is missing. Ranges do not ask: they were requested within the window.
   */
  room(signal: AbortSignal): number | Promise<number> {
    const { held, ready } = this.buffer;
    const free = this.windowSize - held;
    const room = free <= 0 && !ready ? this.chunkSize : free;
    return room > 0 || signal.aborted ? room : this.#changed.promise.then(() => this.room(signal));
  }

  /**
   * Maximum number of bytes to read at once: what is being read is held besides the window. The platform
   * hands over up to 64 KiB at once: where there is room for a few of them, none is read in two pieces.
   */
  get chunkSize(): number {
    const fewest = this.windowSize / FEW_CHUNKS;
    const least = fewest >= LARGE_CHUNK
      ? LARGE_CHUNK
      : fewest >= FIRST_CHUNK
      ? FIRST_CHUNK
      : LEAST_CHUNK;
    return Math.min(CHUNK, Math.max(least, Math.floor(this.windowSize / CHUNKS)));
  }

  changed(): Promise<void> {
    return this.#changed.promise;
  }

  /** Wakes the consumer and the bodies that wait. */
  wake(): void {
    this.#changed.resolve();
    this.#changed = deferred();
  }
}

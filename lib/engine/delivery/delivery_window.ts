/**
 * The bytes between the mirrors and the consumer: held in order, at most `windowSize` of them. This is
 * what stops memory from growing: ranges are requested within the window only, and the body of a whole
 * file is read only while there is room.
 *
 * @module
 */

import { CHUNK } from "../../transport/responses/body.ts";
import { ReorderBuffer } from "./reorder_buffer.ts";

/** A window is read in at least this many chunks, */
const CHUNKS = 16;

/** unless they would be smaller than this, in bytes. */
const LEAST_CHUNK = 16 * 1024;

export class DeliveryWindow {
  readonly buffer: ReorderBuffer;
  windowSize: number;
  /** When the first byte could be delivered, in milliseconds. */
  firstByteAt: number | undefined;
  readonly #now: () => number;
  #opened = false;
  #changed = Promise.withResolvers<void>();

  /** Begins at byte `start`; `now` returns the time in milliseconds. */
  constructor(start: number, windowSize: number, now: () => number = () => performance.now()) {
    this.#now = now;
    this.buffer = new ReorderBuffer(start);
    this.windowSize = windowSize;
  }

  /** Adds bytes from `offset` on; those at or behind `end` are dropped. */
  write(offset: number, chunk: Uint8Array<ArrayBuffer>, end: number): void {
    const wanted = Math.max(0, end - offset);
    const useful = chunk.byteLength > wanted ? chunk.subarray(0, wanted) : chunk;
    this.buffer.write(offset, useful);
    if (this.#opened) this.#announce(this.#now());
  }

  /** Allows bytes to be delivered from now on. */
  open(): void {
    this.#opened = true;
    this.#announce(this.#now());
  }

  /** Returns the next bytes in order; `undefined` while they are missing, or before `open()`. */
  read(): Uint8Array<ArrayBuffer> | undefined {
    const part = this.#opened ? this.buffer.read() : undefined;
    if (part === undefined) return undefined;
    if (this.buffer.held + part.byteLength >= this.windowSize) this.wake();
    return part;
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
    this.wake();
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

  /** Maximum number of bytes to read at once: what is being read is held besides the window. */
  get chunkSize(): number {
    return Math.min(CHUNK, Math.max(LEAST_CHUNK, Math.floor(this.windowSize / CHUNKS)));
  }

  changed(): Promise<void> {
    return this.#changed.promise;
  }

  /** Wakes the consumer and the bodies that wait. */
  wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

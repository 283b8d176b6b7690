/**
 * Where the bytes of a download wait for its consumer: the reorder buffer, and whoever waits for
 * bytes, for room, or for the end.
 *
 * @module
 */

import { CHUNK } from "../transport/body.ts";
import { RateEstimator } from "../scheduler/link_estimate.ts";
import { ReorderBuffer } from "./reorder_buffer.ts";

/** A window is read in at least so many chunks, */
const CHUNKS = 16;

/** unless they were smaller than this, in bytes. */
const LEAST_CHUNK = 16 * 1024;

/** The bytes that have come. */
export class Inbox {
  readonly buffer: ReorderBuffer;
  /** How fast bytes come, all mirrors together. */
  readonly rate = new RateEstimator();
  /** The most bytes that are held. */
  windowSize: number;
  /** When the first byte could be handed over, in milliseconds of `performance.now()`. */
  firstByteAt: number | undefined;
  #opened = false;
  #changed = Promise.withResolvers<void>();

  constructor(start: number, windowSize: number) {
    this.buffer = new ReorderBuffer(start);
    this.windowSize = windowSize;
  }

  /** Takes bytes that come from `offset` on; what lies at or behind `end` is not wanted. */
  write(offset: number, chunk: Uint8Array<ArrayBuffer>, end: number): void {
    const wanted = Math.max(0, end - offset);
    const useful = chunk.byteLength > wanted ? chunk.subarray(0, wanted) : chunk;
    const kept = this.buffer.write(offset, useful);
    const now = performance.now();
    this.rate.add(kept, now);
    if (this.#opened) this.#tell(now);
  }

  /** From now on, bytes may be handed over. */
  open(): void {
    this.#opened = true;
    this.#tell(performance.now());
  }

  #tell(now: number): void {
    if (!this.buffer.ready) return;
    this.firstByteAt ??= now;
    this.wake();
  }

  /**
   * Bytes that may still be held. Ranges are asked for within the window only; the body of a whole
   * file can reach its end, and waits there for the consumer.
   */
  room(signal: AbortSignal): number | Promise<number> {
    const room = this.windowSize - this.buffer.held;
    return room > 0 || signal.aborted ? room : this.#changed.promise.then(() => this.room(signal));
  }

  /** The most bytes to read at once: what is being read is held besides the window. */
  get chunkSize(): number {
    return Math.min(CHUNK, Math.max(LEAST_CHUNK, Math.floor(this.windowSize / CHUNKS)));
  }

  /** Resolves when something has changed. */
  changed(): Promise<void> {
    return this.#changed.promise;
  }

  /** Wakes whoever waits. */
  wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

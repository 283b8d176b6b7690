/**
 * The receiving end of a simulated response: what has arrived waits in a buffer until it may be read.
 * A probe's first bytes are read at once, and the rest of its body once it is accepted.
 *
 * @module
 */

import type { SchedulerCommand } from "../../../lib/scheduler/messages.ts";

/** What a receiver reports. */
export interface ReceiverOptions {
  readonly command: Extract<SchedulerCommand, { type: "start" }>;
  /** The byte after the last one of the body. */
  readonly bodyEnd: number;
  /** Returns whether the process stands still: nothing is read. */
  readonly standsStill: () => boolean;
  /** Called with each part of a probe's first bytes. */
  readonly progress: () => void;
  /** Called when the first bytes of a probe are complete, with where they end. */
  readonly sampled: (end: number) => void;
  /** Called with the bytes that were read. */
  readonly read: (start: number, end: number) => void;
  /** Called when some of the buffer was read. */
  readonly drained: () => void;
  /** Called at the end: of the body, or of the connection. */
  readonly ended: (isComplete: boolean) => void;
}

/** Receives the body of one response. */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #sampleEnd: number;
  #position: number;
  #readTo: number;
  #buffered = 0;
  /** Whether the first bytes have been read, or there are none to be compared. */
  #isSampled: boolean;
  #isAccepted: boolean;
  #isReading = false;
  #end: "open" | "complete" | "broken" | "over" = "open";

  constructor(options: ReceiverOptions) {
    const { command: { kind, start, readTo }, bodyEnd } = options;
    this.#options = options;
    this.#position = start;
    this.#readTo = readTo;
    this.#sampleEnd = Math.min(readTo, bodyEnd);
    this.#isSampled = this.#isAccepted = kind !== "probe";
  }

  /** Number of bytes that have arrived, but have not been read. */
  get unread(): number {
    return this.#buffered;
  }

  /** Bytes have arrived. */
  arrived(bytes: number): void {
    this.#buffered += bytes;
    this.#read();
  }

  /** The body is complete, or its connection is broken: nothing more arrives. */
  close(isComplete: boolean): void {
    this.#end = isComplete ? "complete" : "broken";
    this.#read();
  }

  /** The rest of a probe's body may be read. */
  accept(): void {
    this.#isAccepted = true;
    this.#read();
  }

  /** The body is held back, until it is accepted. */
  hold(): void {
    this.#isAccepted = false;
  }

  /** The body may be read up to the byte `to`. */
  readTo(to: number): void {
    this.#readTo = to;
    this.#read();
  }

  /** The process does not stand still any more. */
  goOn(): void {
    this.#read();
  }

  cancel(): void {
    this.#end = "over";
  }

  #read(): void {
    // A callback may allow more to be read.
    if (this.#isReading || this.#options.standsStill()) return;
    this.#isReading = true;
    while (this.#step());
    this.#isReading = false;
  }

  /** Reads what may be read, or reports the end; returns whether there may be more to do. */
  #step(): boolean {
    const { bodyEnd, progress, sampled, read, drained, ended } = this.#options;
    if (this.#end === "over") return false;
    const isSample = !this.#isSampled;
    if (isSample && this.#position >= this.#sampleEnd) {
      this.#isSampled = true;
      sampled(this.#position);
      return true;
    }
    const end = isSample ? this.#sampleEnd : this.#isAccepted ? this.#readTo : this.#position;
    const bytes = Math.min(this.#buffered, end - this.#position);
    if (bytes > 0) {
      const start = this.#position;
      this.#position += bytes;
      this.#buffered -= bytes;
      if (isSample) progress();
      else read(start, start + bytes);
      if (this.#end === "open") drained();
      return true;
    }
    if (this.#end === "open" || this.#buffered > 0) return false;
    const isOver = this.#end === "broken" || this.#position >= bodyEnd;
    if (!isOver) return false;
    const isComplete = this.#end === "complete";
    this.#end = "over";
    ended(isComplete);
    return false;
  }
}

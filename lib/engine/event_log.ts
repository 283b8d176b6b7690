/**
 * The events of one download: handed to the caller's listener, and those that are measures of the thesis
 * kept where the caller wants that.
 *
 * @module
 */

import type { TraceEvent } from "../trace/events.ts";

export interface EventLogOptions {
  /** Whether send and receive events are kept. */
  readonly trace: boolean;
  readonly onEvent: (event: TraceEvent) => void;
  /** Returns the mirrors, with the number of bytes used from each. */
  readonly mirrors: () => readonly { readonly url: string; readonly usedBytes: number }[];
}

export class EventLog {
  readonly #options: EventLogOptions;
  readonly #kept: TraceEvent[] = [];
  #hasEnd = false;

  constructor(options: EventLogOptions) {
    this.#options = options;
  }

  /** Whether the end of the download was reported. */
  get hasEnd(): boolean {
    return this.#hasEnd;
  }

  /** A copy of the events that are kept. */
  get trace(): TraceEvent[] {
    return this.#kept.map((event) => ({ ...event }));
  }

  /** Adds an event. What the listener throws passes through. */
  add(event: TraceEvent): void {
    const { trace, onEvent, mirrors } = this.#options;
    if (trace && (event.type === "send" || event.type === "receive")) this.#kept.push(event);
    if (event.type === "end") {
      this.#hasEnd = true;
      event.bytes = Object.fromEntries(mirrors().map(({ url, usedBytes }) => [url, usedBytes]));
    }
    onEvent(event);
  }

  /** Forgets the events that are kept: they were of another file. */
  clear(): void {
    this.#kept.length = 0;
  }
}

/**
 * A shaped link, shared by all responses of one mirror. It is strict: it delivers a quantum of bytes when the link would
 * have carried it, and idle time is lost without a burst to make up for it. It is fair: its flows take turns by quanta.
 * A late timer costs nothing while there are bytes to carry, because the next quantum starts when the last one ended,
 * not when the timer fired. It has no notion of HTTP or sockets.
 *
 * @module
 */

import { type Alarm, alarmAt } from "./alarm.ts";

/** The source of a flow. */
export interface Source {
  /** Takes the next bytes, at most `limit` and at least one; `undefined` at the end. */
  take(limit: number): Uint8Array | undefined;
  /** Lower bound of the remaining bytes; 0 only at the end. */
  readonly left: number;
}

/** The sink of a flow. */
export interface Sink {
  /** Writes bytes; calls `accepted` once when they have left this process. */
  write(bytes: Uint8Array, accepted: () => void): void;
}

/** One response on a link. */
export interface Flow {
  /** True if the sink accepted everything, false if the flow was cancelled. */
  readonly finished: Promise<boolean>;
  /** Takes the flow off the link. */
  cancel(): void;
}

/** Shortest and longest quantum, in bytes. */
const MIN_QUANTUM = 1460;
const MAX_QUANTUM = 64 * 1024;
/** What tests use: a write costs no more than it stands for, and is short beside what they wait for. */
export const QUANTUM_MS = 5;
/** Bytes that a sink may hold unaccepted before its flow counts as blocked. */
const BLOCKED_AT = 256 * 1024;
/** Unshaped: bytes per write, and bytes that a sink may hold. */
const FULL_SPEED_PIECE = 256 * 1024;
const FULL_SPEED_HELD = 1024 * 1024;
/** A timer of one millisecond may take this long, in milliseconds. */
const TIMER_LATE_MS = 3;
/** Maximum time lost to a blocked sink that is made up for, in milliseconds. */
const CATCH_UP_MS = 10;

/** Options of a link. */
export interface LinkOptions {
  /** The link carries so many bytes, and is silent then, until its rate is set. @default no limit */
  readonly silentAfter?: number | undefined;
  /** A quantum takes about this long on the link, in milliseconds: longer ones cost less. @default 1 */
  readonly quantumMs?: number | undefined;
}

/** A link with one rate, shared by any number of flows. */
export class Link {
  readonly #quantumMs: number;
  #bytesPerSecond: number | undefined;
  /** Bytes that it still carries before it falls silent. */
  #allowance: number;
  #flows: LinkFlow[] = [];
  /** When the link finished its last quantum, in milliseconds of `performance.now()`. */
  #freeAt = -Infinity;
  /**
   * Set while the link carries nothing: the allowed lateness of its next quantum, in milliseconds. 0 if no flow has
   * bytes; if sinks block all flows that have, the lateness before, or at least {@linkcode CATCH_UP_MS}.
   */
  #restLateMs: number | undefined = 0;
  #current: { flow: LinkFlow; bytes: Uint8Array; endsAt: number } | undefined;
  #wake: Alarm | undefined;
  #pumping = false;

  /** @param bytesPerSecond the rate; `undefined` is full speed, 0 is silence */
  constructor(
    bytesPerSecond?: number,
    { silentAfter = Infinity, quantumMs = 1 }: LinkOptions = {},
  ) {
    this.#bytesPerSecond = checkedRate(bytesPerSecond);
    this.#allowance = silentAfter;
    this.#quantumMs = quantumMs;
  }

  /** The current rate, in bytes per second; `undefined` is full speed. */
  get bytesPerSecond(): number | undefined {
    return this.#bytesPerSecond;
  }

  /** Changes the rate, also of the current quantum; the link is silent again after so many bytes. */
  setRate(bytesPerSecond: number | undefined, silentAfter = Infinity): void {
    const after = checkedRate(bytesPerSecond);
    this.#pump();
    this.#allowance = Math.max(0, silentAfter - (this.#current?.bytes.length ?? 0));
    const before = this.#bytesPerSecond;
    this.#bytesPerSecond = after;
    const current = this.#current;
    if (current !== undefined) {
      const now = performance.now();
      // A quantum starts over after a silence.
      const left = before ? (current.endsAt - now) * before / 1000 : current.bytes.length;
      current.endsAt = now + carryMs(Math.min(Math.max(1, left), current.bytes.length), after);
    }
    this.#pump();
  }

  /** Puts a new flow on the link. */
  send(source: Source, sink: Sink): Flow {
    const flow = new LinkFlow(source, sink, {
      ready: () => {
        if (this.#current === undefined) this.#pump();
      },
      left: () => this.#leave(flow),
    });
    this.#flows.push(flow);
    this.#pump();
    return flow;
  }

  /** Cancels every flow. */
  close(): void {
    for (const flow of [...this.#flows]) flow.cancel();
    this.#wake?.cancel();
    this.#wake = undefined;
  }

  #leave(flow: LinkFlow): void {
    this.#flows = this.#flows.filter((other) => other !== flow);
    if (this.#current?.flow === flow) {
      this.#current = undefined;
      this.#freeAt = performance.now();
    }
    this.#pump();
  }

  /** Delivers everything that the link has carried by now, and sets the alarm for the next quantum. */
  #pump(): void {
    // A sink may accept or cancel from within write(): the loop below continues by itself then.
    if (this.#pumping) return;
    this.#pumping = true;
    this.#wake?.cancel();
    this.#wake = undefined;
    try {
      if (this.#bytesPerSecond === undefined) this.#atFullSpeed();
      else this.#shaped();
    } finally {
      this.#pumping = false;
    }
  }

  #atFullSpeed(): void {
    if (this.#current !== undefined) {
      const { flow, bytes } = this.#current;
      this.#current = undefined;
      flow.write(bytes);
    }
    for (const flow of [...this.#flows]) {
      while (flow.held < FULL_SPEED_HELD && this.#allowance > 0) {
        const bytes = this.#take(flow, FULL_SPEED_PIECE);
        if (bytes === undefined) break;
        flow.write(bytes);
      }
      flow.endIfDone();
    }
    this.#fallSilent();
    this.#freeAt = performance.now();
    this.#restLateMs = 0;
  }

  #shaped(): void {
    for (;;) {
      this.#current ??= this.#nextQuantum();
      const current = this.#current;
      if (current === undefined) return;
      const { flow, bytes, endsAt } = current;
      const now = performance.now();
      if (endsAt > now) {
        const toEndMs = endsAt - now + carryMs(flow.source.left, this.#bytesPerSecond);
        this.#sleep(endsAt, endsAt - now, toEndMs < TIMER_LATE_MS || bytes.length < MIN_QUANTUM);
        return;
      }
      this.#current = undefined;
      this.#freeAt = endsAt;
      // To the end of the queue: flows take turns.
      this.#flows.push(...this.#flows.splice(this.#flows.indexOf(flow), 1));
      flow.write(bytes);
      flow.endIfDone();
    }
  }

  /** Falls silent if that is due. */
  #fallSilent(): void {
    if (this.#allowance > 0) return;
    this.#bytesPerSecond = 0;
    this.#allowance = Infinity;
  }

  #take(flow: LinkFlow, limit: number): Uint8Array | undefined {
    const bytes = flow.take(Math.min(limit, this.#allowance));
    this.#allowance -= bytes?.length ?? 0;
    return bytes;
  }

  /** Takes the next quantum. */
  #nextQuantum(): { flow: LinkFlow; bytes: Uint8Array; endsAt: number } | undefined {
    this.#fallSilent();
    const rate = this.#bytesPerSecond ?? 0;
    const limit = quantumBytes(rate, this.#quantumMs);
    for (const flow of [...this.#flows]) {
      if (flow.held >= BLOCKED_AT) continue;
      const bytes = this.#take(flow, limit);
      if (bytes === undefined) {
        flow.endIfDone();
        continue;
      }
      if (this.#restLateMs !== undefined) {
        this.#freeAt = Math.max(this.#freeAt, performance.now() - this.#restLateMs);
        this.#restLateMs = undefined;
      }
      return { flow, bytes, endsAt: this.#freeAt + carryMs(bytes.length, rate) };
    }
    const blocked = this.#flows.some((flow) => flow.held >= BLOCKED_AT && flow.source.left > 0);
    if (!blocked) this.#restLateMs = 0;
    else this.#restLateMs ??= Math.max(CATCH_UP_MS, performance.now() - this.#freeAt);
    return undefined;
  }

  /** The head and the end of a response are timed precisely, the rest by plain timers. */
  #sleep(atMs: number, forMs: number, precisely: boolean): void {
    if (forMs === Infinity) return;
    if (precisely) {
      this.#wake = alarmAt(atMs, () => this.#pump());
    } else {
      const timeout = setTimeout(() => this.#pump(), Math.min(0x7fffffff, Math.max(1, forMs)));
      this.#wake = { cancel: () => clearTimeout(timeout) };
    }
  }
}

/** Events of a flow for its link. */
interface FlowEvents {
  /** The sink accepted bytes: there may be room again. */
  ready(): void;
  /** The flow is over. */
  left(): void;
}

class LinkFlow implements Flow {
  readonly source: Source;
  readonly finished: Promise<boolean>;
  /** Bytes taken from the source and not yet accepted by the sink. */
  held = 0;
  readonly #sink: Sink;
  readonly #events: FlowEvents;
  readonly #resolve: (complete: boolean) => void;
  #over = false;

  constructor(source: Source, sink: Sink, events: FlowEvents) {
    this.source = source;
    this.#sink = sink;
    this.#events = events;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.finished = promise;
    this.#resolve = resolve;
  }

  take(limit: number): Uint8Array | undefined {
    const bytes = this.source.take(limit);
    this.held += bytes?.length ?? 0;
    return bytes;
  }

  write(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#sink.write(bytes, () => {
      this.held -= bytes.length;
      if (this.#over) return;
      this.endIfDone();
      this.#events.ready();
    });
  }

  endIfDone(): void {
    if (this.source.left === 0 && this.held === 0) this.#end(true);
  }

  cancel(): void {
    this.#end(false);
  }

  #end(complete: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.left();
    this.#resolve(complete);
  }
}

/** Returns the bytes of one turn of this time at this rate. */
export function quantumBytes(bytesPerSecond: number, ms = 1): number {
  return Math.min(MAX_QUANTUM, Math.max(MIN_QUANTUM, Math.round(bytesPerSecond * ms / 1000)));
}

function carryMs(bytes: number, bytesPerSecond: number | undefined): number {
  return bytesPerSecond === undefined ? 0 : bytes / bytesPerSecond * 1000;
}

function checkedRate(bytesPerSecond: number | undefined): number | undefined {
  if (bytesPerSecond === undefined) return undefined;
  if (Number.isFinite(bytesPerSecond) && bytesPerSecond >= 0) return bytesPerSecond;
  throw new RangeError(`A rate must be 0 or more bytes per second, got ${bytesPerSecond}`);
}

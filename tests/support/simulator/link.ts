/**
 * The link of a simulated mirror in virtual time. It is strict (idle time is lost) and shared fairly
 * by all requests to the mirror, each on its own connection. A new connection takes one round trip more
 * than an idle one.
 *
 * @module
 */

import { Bottleneck } from "./bottleneck.ts";
import type { EventQueue } from "./event_queue.ts";
import { RateTimeline } from "./rate_timeline.ts";
import { SimulatedConnection } from "./connection.ts";
import type { SimulatedMirror } from "./mirror.ts";
import { mulberry32 } from "../random.ts";

/** What the simulator needs of a mirror's link. */
export interface Link {
  /** Sends a request; returns a function that cancels it. */
  request(options: TransferOptions): () => void;
  /** A receiver has read some of what had arrived. */
  wake(): void;
}

/** Options of a link. */
export interface LinkOptions {
  readonly queue: EventQueue;
  /** Random numbers for jitter. */
  readonly random: () => number;
  /** Whether connections have slow start. */
  readonly slowStart: boolean;
  /** A bottleneck shared with other links. */
  readonly bottleneck?: Bottleneck | undefined;
}

/** A request and its callbacks. */
export interface TransferOptions {
  /** Size of the body. */
  readonly bytes: number;
  /** Bytes after which the connection is reset; `Infinity` for never. */
  readonly resetAfterBytes: number;
  /** Returns how many of the bytes that arrived have not been read. */
  readonly unread: () => number;
  /** Called with the headers. */
  readonly answered: () => void;
  /** Called with the next bytes of the body. */
  readonly arrived: (bytes: number) => void;
  /** Called at the end of the body. */
  readonly ended: () => void;
  /** Called when the connection is reset. */
  readonly reset: () => void;
}

interface Transfer {
  readonly options: TransferOptions;
  readonly connection: SimulatedConnection;
  sent: number;
  arrived: number;
  /** No more callbacks. */
  cancelled: boolean;
}

/** Time for which the link serves one connection, in milliseconds. */
const QUANTUM_MS = 1;

/** Minimum quantum, in bytes: a segment. */
const LEAST_QUANTUM = 1460;

/** Maximum number of quanta that wait at the bottleneck; the link waits beyond that. */
const MOST_WAITING = 2;

/** Size of the buffer of a receiver, in bytes: the link pauses while it is full. */
const RECEIVE_BUFFER = 256 * 1024;

/** Links, and what they have in common. */
export interface FluidLinks {
  readonly links: readonly SimulatedMirror[];
  readonly slowStart?: boolean | undefined;
  /** Rate of a shared bottleneck. */
  readonly clientBytesPerSecond?: number | undefined;
}

/** Returns the links of mirrors, each with random numbers of its own. */
export function connectFluid(
  { links, slowStart = false, clientBytesPerSecond }: FluidLinks,
  queue: EventQueue,
  seed: number,
): SimulatedLink[] {
  const bottleneck = clientBytesPerSecond === undefined
    ? undefined
    : new Bottleneck(queue, clientBytesPerSecond);
  return links.map((mirror, index) => {
    const random = mulberry32(seed + 7919 * (index + 1));
    return new SimulatedLink(mirror, { queue, random, slowStart, bottleneck });
  });
}

/** A mirror's link. */
export class SimulatedLink implements Link {
  readonly #mirror: SimulatedMirror;
  readonly #options: LinkOptions;
  readonly #queue: EventQueue;
  readonly #rates: RateTimeline;
  /** Idle connections, the last used one at the end. */
  readonly #idle: SimulatedConnection[] = [];
  /** Requests with bytes to send, the next turn first. */
  readonly #sending: Transfer[] = [];
  #busy = false;
  /** The requests under way. */
  readonly #live = new Set<Transfer>();
  /** Quanta that wait at the bottleneck. */
  #waiting = 0;
  #wakeAt = Infinity;

  constructor(mirror: SimulatedMirror, options: LinkOptions) {
    this.#mirror = mirror;
    this.#options = options;
    this.#queue = options.queue;
    this.#rates = new RateTimeline(mirror.bytesPerSecond, mirror.ratesAt);
    this.#at(mirror.resetsAtMs ?? Infinity, () => {
      for (const transfer of [...this.#live]) this.#reset(transfer);
      this.#idle.length = 0;
    });
  }

  /** Sends a request; returns a function that cancels it. */
  request(options: TransferOptions): () => void {
    const { roundTripMs, thinkMs = 0, jitterMs = 0 } = this.#mirror;
    const { behind = Infinity, bytesPerSecond } = this.#mirror.trickle ?? {};
    const trickles = this.#live.size >= behind;
    const kept = trickles ? undefined : this.#takeIdle();
    const connection = kept ?? this.#connect(trickles ? bytesPerSecond : undefined);
    const transfer = { options, connection, sent: 0, arrived: 0, cancelled: false };
    this.#live.add(transfer);
    const trips = kept === undefined ? 2 : 1;
    const latencyMs = trips * roundTripMs + thinkMs + jitterMs * this.#options.random();
    const { resetsAtMs = Infinity, resetsNew = false } = this.#mirror;
    if (resetsNew && this.#queue.now >= resetsAtMs) {
      this.#queue.after(roundTripMs, () => this.#reset(transfer));
    } else {this.#at(this.#rates.flowsFrom(this.#queue.now + latencyMs), () =>
        this.#answer(transfer));}
    return () => this.#cancel(transfer);
  }

  /** A receiver may have room again. */
  wake(): void {
    this.#serve();
  }

  #connect(
    bytesPerSecond = this.#mirror.connectionBytesPerSecond ?? Infinity,
  ): SimulatedConnection {
    const { roundTripMs } = this.#mirror;
    return new SimulatedConnection({
      openedAtMs: this.#queue.now,
      roundTripMs,
      slowStart: this.#options.slowStart,
      bytesPerSecond,
    });
  }

  #takeIdle(): SimulatedConnection | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined || !this.#isDead(connection)) return connection;
    }
  }

  #isDead({ openedAtMs }: SimulatedConnection): boolean {
    const { silentFromMs = Infinity, deadFromMs = Infinity, returnsAtMs = Infinity } = this.#mirror;
    const { now } = this.#queue;
    return now >= silentFromMs || (now >= deadFromMs && openedAtMs < returnsAtMs);
  }

  #answer(transfer: Transfer): void {
    if (transfer.cancelled || this.#isDead(transfer.connection)) return;
    transfer.options.answered();
    if (transfer.cancelled) return;
    this.#sending.push(transfer);
    this.#serve();
  }

  /** Sends one quantum of the next request that may send, and continues while there is one. */
  #serve(): void {
    if (this.#busy || this.#waiting >= MOST_WAITING) return;
    const { now } = this.#queue;
    const turn = this.#sending.findIndex(({ connection, options }) =>
      options.bytes === 0 || (connection.room(now) > 0 && roomOf(options) > 0)
    );
    if (turn < 0) return this.#sleep();
    const [transfer] = this.#sending.splice(turn, 1);
    const { connection, options, sent } = transfer!;
    const rate = this.#rates.at(now) || this.#mirror.bytesPerSecond;
    const { connectionBytesPerSecond: most = Infinity } = this.#mirror;
    const quantum = Math.max(LEAST_QUANTUM, Math.floor(Math.min(rate, most) * QUANTUM_MS / 1000));
    const bytes = Math.min(quantum, options.bytes - sent, connection.room(now), roomOf(options));
    connection.sent(bytes, now);
    transfer!.sent += bytes;
    if (transfer!.sent < options.bytes) this.#sending.push(transfer!);
    this.#busy = true;
    this.#at(this.#rates.finishAt(now, bytes), () => {
      this.#busy = false;
      this.#pass(transfer!, bytes);
      this.#serve();
    });
  }

  #pass(transfer: Transfer, bytes: number): void {
    const { bottleneck } = this.#options;
    if (bottleneck === undefined) return this.#deliver(transfer, bytes);
    this.#waiting++;
    bottleneck.carry(this, bytes, () => {
      this.#waiting--;
      this.#deliver(transfer, bytes);
      this.#serve();
    });
  }

  #deliver(transfer: Transfer, bytes: number): void {
    const { options, connection } = transfer;
    if (transfer.cancelled) return;
    if (this.#isDead(connection)) return this.#leave(transfer);
    connection.delivered(bytes, this.#queue.now);
    transfer.arrived += bytes;
    const complete = transfer.arrived >= options.bytes;
    const reset = !complete && transfer.arrived >= options.resetAfterBytes;
    if (complete) this.#idle.push(connection);
    if (complete || reset) this.#live.delete(transfer);
    if (reset) this.#leave(transfer);
    if (bytes > 0) options.arrived(bytes);
    if (transfer.cancelled) return;
    if (complete) options.ended();
    if (reset) this.#reset(transfer);
  }

  #reset(transfer: Transfer): void {
    if (transfer.cancelled) return;
    this.#cancel(transfer);
    transfer.options.reset();
  }

  #cancel(transfer: Transfer): void {
    transfer.cancelled = true;
    this.#live.delete(transfer);
    this.#leave(transfer);
  }

  #leave(transfer: Transfer): void {
    const index = this.#sending.indexOf(transfer);
    if (index >= 0) this.#sending.splice(index, 1);
  }

  /** Sleeps until a connection has room. */
  #sleep(): void {
    const { now } = this.#queue;
    let wakeAt = Infinity;
    for (const { connection, options } of this.#sending) {
      if (roomOf(options) <= 0) continue;
      wakeAt = Math.min(wakeAt, connection.roomFrom(now));
    }
    if (wakeAt >= this.#wakeAt) return;
    this.#wakeAt = wakeAt;
    this.#at(wakeAt, () => {
      this.#wakeAt = Infinity;
      this.#serve();
    });
  }

  /** Schedules an action, unless it is never due. */
  #at(ms: number, action: () => void): void {
    if (ms < Infinity) this.#queue.at(ms, action);
  }
}

function roomOf({ unread }: TransferOptions): number {
  return RECEIVE_BUFFER - unread();
}

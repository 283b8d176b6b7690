/**
 * Both ends of one connection of the TCP model: handshake, requests one after the other, and the
 * responses to them.
 *
 * @module
 */

import type { EventQueue } from "../event_queue.ts";
import type { TransferOptions } from "../link.ts";
import type { Excess } from "./mirror.ts";
import type { Packet, PacketSink } from "./packet.ts";
import { ReceivingEnd } from "./receiving_end.ts";
import type { Acknowledgement } from "./scoreboard.ts";
import { Sender } from "./sender.ts";

/** Size of the head of a response. */
const HEAD_BYTES = 320;
/** Time after which the client reads what arrives, in milliseconds: at least, and on average more. */
const READ_MS = 0.2;
const READ_NOISE_MS = 0.6;
/** Time after which the client repeats what may be lost: a handshake, and a request on top of the round trip. */
const HANDSHAKE_TIMEOUT_MS = 1000;
const REQUEST_TIMEOUT_MS = 200;
/** A server with a limit per connection looks for room in the send buffer so often, in milliseconds. */
const LOOK_MS = 5;

/** What a connection needs of its link. */
export interface ConnectionHost {
  readonly queue: EventQueue;
  readonly roundTripMs: number;
  /** Payload of a full segment. */
  readonly segmentBytes: number;
  readonly thinkMs: number;
  /** Maximum rate of the connection; `Infinity` for none. */
  readonly connectionBytesPerSecond: number;
  /** Number of requests after which the server closes it; `Infinity` for never. */
  readonly requestsPerConnection: number;
  /** Returns a number in [0, 1). */
  random(): number;
  /** Passes something on to the server; returns whether it will arrive. */
  up(arrive: () => void): boolean;
  /** Passes a packet on to the client. */
  down(packet: Packet): void;
  /** The connection can take another request. */
  released(connection: Connection): void;
}

/** A response under way. */
interface Response {
  readonly options: TransferOptions;
  /** Whether the server has its request. */
  isRequested: boolean;
  /** Its segments, once it is written. */
  first: number;
  end: number;
  readonly bytes: number;
  /** Bytes that are in order, and those of them that the client has read. */
  arrived: number;
  read: number;
  isCancelled: boolean;
}

/** Numbers of packets that are no segments. */
const HANDSHAKE = -1;
const RESET = -2;

export class Connection implements PacketSink {
  readonly #host: ConnectionHost;
  readonly #sender: Sender;
  readonly #end: ReceivingEnd;
  readonly #excess: Excess | undefined;
  #isOpen = false;
  #isClosed = false;
  #response: Response | undefined;
  #requests = 0;
  #isReading = false;

  /** With `excess`, the server has too many connections already. */
  constructor(host: ConnectionHost, excess?: Excess) {
    this.#host = host;
    this.#excess = excess;
    this.#sender = new Sender(host.queue, host.segmentBytes, (segment) => this.#transmit(segment));
    this.#end = new ReceivingEnd(host.queue, {
      roundTripMs: host.roundTripMs,
      segmentBytes: host.segmentBytes,
      unread: () => this.#unread(),
      acknowledge: (acknowledgement) => this.#acknowledge(acknowledgement),
    });
    this.#connect(HANDSHAKE_TIMEOUT_MS);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Sends a request, as soon as the connection is open; returns a function that cancels it. */
  request(options: TransferOptions): () => void {
    const response: Response = {
      options,
      isRequested: false,
      first: Infinity,
      end: Infinity,
      bytes: HEAD_BYTES + Math.min(options.bytes, options.resetAfterBytes),
      arrived: 0,
      read: 0,
      isCancelled: false,
    };
    this.#requests++;
    this.#response = response;
    if (this.#isOpen) this.#ask(response, this.#host.roundTripMs + REQUEST_TIMEOUT_MS);
    return () => {
      response.isCancelled = true;
      if (this.#response === response) this.close();
    };
  }

  /** Closes the client's end; the server learns of it half a round trip later. */
  close(): void {
    this.#isClosed = true;
    this.#response = undefined;
    this.#host.up(() => this.#sender.close());
  }

  /** A packet has arrived at the client. */
  arrived(segment: number): void {
    // The server has not learned yet that the connection is closed.
    if (this.#isClosed) this.#host.up(() => this.#sender.close());
    else if (segment === HANDSHAKE) this.#open();
    else if (segment === RESET) this.#reset();
    else this.#take(segment);
  }

  /** Bytes that had arrived were read. */
  wake(): void {
    if (!this.#isClosed && this.#isOpen) this.#end.opened();
  }

  #connect(timeoutMs: number): void {
    const { queue } = this.#host;
    const segment = this.#excess === "refuse" ? RESET : HANDSHAKE;
    this.#host.up(() => this.#host.down({ to: this, segment, bytes: 0 }));
    queue.after(timeoutMs, () => {
      if (!this.#isOpen && !this.#isClosed) this.#connect(timeoutMs);
    });
  }

  #open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    const { queue, roundTripMs } = this.#host;
    this.#sender.open(Math.max(1, roundTripMs), this.#end.windowEnd());
    if (this.#response !== undefined) this.#ask(this.#response, roundTripMs + REQUEST_TIMEOUT_MS);
    this.#end.window.read(0, queue.now);
  }

  /** The server has closed the connection. */
  #reset(): void {
    const response = this.#response;
    this.#isClosed = true;
    this.#response = undefined;
    response?.options.reset();
  }

  /** Sends a request, and again if it may be lost. */
  #ask(response: Response, timeoutMs: number): void {
    const { queue, thinkMs } = this.#host;
    this.#end.flushWaiting();
    const arrives = this.#host.up(() => {
      if (response.isRequested) return;
      response.isRequested = true;
      if (this.#excess === "reset") this.#host.down({ to: this, segment: RESET, bytes: 0 });
      if (this.#excess !== undefined) return;
      if (thinkMs > 0) queue.after(thinkMs, () => this.#respond(response));
      else this.#respond(response);
    });
    if (arrives) return;
    queue.after(timeoutMs, () => {
      if (this.#response === response) this.#ask(response, 2 * timeoutMs);
    });
  }

  #respond(response: Response): void {
    if (this.#response !== response) return;
    const { connectionBytesPerSecond, segmentBytes, queue } = this.#host;
    const segments = Math.ceil(response.bytes / segmentBytes);
    response.first = this.#end.next;
    response.end = response.first + segments;
    if (connectionBytesPerSecond < Infinity) this.#pace(response, segments, queue.now);
    else this.#sender.write(segments);
  }

  /**
   * Writes a response at the server's limit, as nginx does with `limit_rate`: what the send buffer takes, at
   * most what the limit allows for the seconds that have begun, and then nothing for as long as that
   * takes at the limit. So a short response on a connection with a large buffer is not limited.
   */
  #pace(response: Response, left: number, startedAt: number): void {
    if (this.#response !== response) return;
    const { queue, connectionBytesPerSecond, segmentBytes } = this.#host;
    const seconds = Math.floor(queue.now / 1000) - Math.floor(startedAt / 1000) + 1;
    const sent = response.end - response.first - left;
    const allowed = Math.floor(connectionBytesPerSecond * seconds / segmentBytes) - sent;
    const count = Math.max(0, Math.min(left, allowed, this.#sender.room));
    if (count > 0) this.#sender.write(count);
    if (count === left) return;
    const waitMs = count * segmentBytes * 1000 / connectionBytesPerSecond;
    queue.after(Math.max(LOOK_MS, waitMs), () => this.#pace(response, left - count, startedAt));
  }

  #transmit(segment: number): void {
    const bytes = this.#bytesOf(segment);
    this.#host.down({ to: this, segment, bytes });
  }

  #bytesOf(segment: number): number {
    const response = this.#response;
    const { segmentBytes } = this.#host;
    if (response === undefined || segment !== response.end - 1) return segmentBytes;
    return response.bytes - (response.end - 1 - response.first) * segmentBytes;
  }

  #acknowledge(acknowledgement: Acknowledgement): void {
    if (this.#isClosed) return;
    const arrives = this.#host.up(() => this.#sender.acknowledged(acknowledgement));
    if (!arrives) this.#end.lost(acknowledgement);
  }

  #take(segment: number): void {
    const before = this.#end.next;
    const count = this.#end.take(segment);
    const response = this.#response;
    if (count === 0 || response === undefined) return;
    const endsAt = before + count;
    response.arrived = endsAt === response.end
      ? response.bytes
      : (endsAt - response.first) * this.#host.segmentBytes;
    if (this.#isReading) return;
    this.#isReading = true;
    this.#host.queue.after(this.#readMs(), () => this.#read());
  }

  #readMs(): number {
    return READ_MS - READ_NOISE_MS * Math.log(1 - this.#host.random());
  }

  #unread(): number {
    const response = this.#response;
    if (response === undefined) return 0;
    return response.options.unread() + response.arrived - response.read;
  }

  /** Reads all that has arrived in order. */
  #read(): void {
    this.#isReading = false;
    const response = this.#response;
    if (response === undefined || response.read >= response.arrived) return;
    const { options } = response;
    const { queue, requestsPerConnection } = this.#host;
    const isFirst = response.read === 0;
    const before = Math.max(HEAD_BYTES, response.read);
    this.#end.window.read(response.arrived - response.read, queue.now);
    response.read = response.arrived;
    const bytes = response.read - before;
    if (isFirst) options.answered();
    if (this.#response !== response) return;
    const isComplete = response.read >= response.bytes;
    const isReset = isComplete && options.resetAfterBytes < options.bytes;
    if (isReset) this.close();
    else if (isComplete) {
      this.#response = undefined;
      if (this.#requests < requestsPerConnection) this.#host.released(this);
      else this.close();
    }
    if (bytes > 0) options.arrived(bytes);
    if (response.isCancelled) return;
    if (!isComplete) this.#end.opened();
    if (isReset) options.reset();
    else if (isComplete) options.ended();
  }
}

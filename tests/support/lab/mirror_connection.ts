/**
 * One connection of a mirror: takes the requests from the socket one after the other, lets each wait for its round
 * trip, puts the answer on the mirror's link, and ends as the answer says. What is answered is decided elsewhere.
 *
 * @module
 */

import type { Socket } from "node:net";
import { type Alarm, alarmAt } from "./alarm.ts";
import { type Answer, plainAnswer, SegmentSource } from "./answer.ts";
import { type ByteRange, type RequestHead, RequestReader } from "./http_wire.ts";
import type { Flow, Link, Sink } from "./link.ts";

/** One request that a mirror got. */
export interface RequestRecord {
  /** Place in `requests`, from 0. */
  readonly index: number;
  readonly method: string;
  /** The request target, with its query. */
  readonly path: string;
  /** What its Range field asks for, `[start, end)`, if that can be satisfied, whether or not it was granted. */
  readonly range: ByteRange | undefined;
  /** All request fields, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Number of the connection that it came on, from 0. */
  readonly connection: number;
  /** When it came, in milliseconds of `performance.now()`. */
  readonly atMs: number;
  /** Bytes of the body that were put on the link so far. */
  readonly bytesSent: number;
  /** How it ended; undefined while it is under way, or when the mirror was closed before. */
  readonly ended: "complete" | "client closed" | "fault" | undefined;
}

/** A record while its request is answered. */
export type MutableRecord = { -readonly [K in keyof RequestRecord]: RequestRecord[K] };

/** What becomes of a request. */
export interface Decision {
  /** Undefined: the connection is closed instead. */
  readonly answer: Answer | undefined;
  /** What the request asks for, for its record. */
  readonly range: ByteRange | undefined;
  /** How much longer than a round trip the answer waits, in milliseconds. */
  readonly delayMs: number;
}

/** What a connection needs of its mirror. */
export interface Site {
  readonly link: Link;
  /** In milliseconds. */
  readonly roundTripMs: number;
  /** Every request so far. */
  readonly requests: MutableRecord[];
  /** What becomes of the request that `requests` has not got yet. */
  decide(head: RequestHead): Decision;
}

/** A connection that a mirror has accepted. */
export class Connection {
  /** Settles when the socket is closed. */
  readonly closed: Promise<void>;
  readonly #site: Site;
  readonly #socket: Socket;
  readonly #number: number;
  readonly #reader = new RequestReader();
  readonly #sink: Sink;
  #served = 0;
  /** The request that is being answered; the next one waits in the reader. */
  #record: MutableRecord | undefined;
  #busy = false;
  #arrivedAt = 0;
  #alarm: Alarm | undefined;
  #flow: Flow | undefined;

  constructor(site: Site, socket: Socket, number: number) {
    this.#site = site;
    this.#socket = socket;
    this.#number = number;
    this.#sink = {
      write: (bytes, accepted) => {
        socket.write(bytes, (error) => {
          if (!error) accepted();
        });
      },
    };
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    socket.on("data", (bytes: Uint8Array) => this.#arrived(bytes));
    socket.on("end", () => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#stop("client closed");
      resolve();
    });
  }

  /** RST. */
  reset(): void {
    this.#stop("fault");
    this.#socket.resetAndDestroy();
  }

  /** The mirror is closing. */
  destroy(): void {
    this.#stop(undefined);
    this.#socket.destroy();
  }

  #stop(ended: RequestRecord["ended"]): void {
    if (this.#record !== undefined) this.#record.ended = ended;
    this.#record = undefined;
    this.#busy = true;
    this.#alarm?.cancel();
    this.#flow?.cancel();
  }

  #arrived(bytes: Uint8Array): void {
    this.#arrivedAt = performance.now();
    this.#reader.push(bytes);
    this.#next();
  }

  #next(): void {
    if (this.#busy) return;
    let head: RequestHead | undefined;
    try {
      head = this.#reader.next();
    } catch (error) {
      this.#busy = true;
      this.#send(plainAnswer(undefined, 400, {}, String(error)));
      return;
    }
    if (head === undefined) return;
    this.#busy = true;
    this.#serve(head);
  }

  #serve(head: RequestHead): void {
    const { requests, roundTripMs } = this.#site;
    const { answer, range, delayMs } = this.#site.decide(head);
    this.#record = {
      index: requests.length,
      method: head.method,
      path: head.path,
      range,
      headers: head.headers,
      connection: this.#number,
      atMs: this.#arrivedAt,
      bytesSent: 0,
      ended: undefined,
    };
    requests.push(this.#record);
    if (answer === undefined) {
      this.#stop("fault");
      this.#socket.destroy();
      return;
    }
    // The first request of a connection pays for the handshake, too.
    const roundTrips = this.#served++ === 0 ? 2 : 1;
    const waitMs = roundTrips * roundTripMs + delayMs;
    if (waitMs > 0) this.#alarm = alarmAt(this.#arrivedAt + waitMs, () => this.#send(answer));
    else this.#send(answer);
  }

  #send(answer: Answer): void {
    const record = this.#record;
    const source = new SegmentSource(answer.segments, (bytes) => {
      if (record !== undefined) record.bytesSent += bytes;
    });
    this.#flow = this.#site.link.send(source, this.#sink);
    this.#flow.finished.then((finished) => {
      if (finished) this.#sent(answer);
    });
  }

  #sent(answer: Answer): void {
    if (this.#socket.destroyed) return;
    if (this.#record !== undefined) this.#record.ended = answer.byFault ? "fault" : "complete";
    this.#record = undefined;
    switch (answer.end) {
      case "complete":
        this.#busy = false;
        this.#next();
        break;
      case "close":
        this.#socket.end(() => this.#socket.destroy());
        break;
      case "reset":
        this.#socket.resetAndDestroy();
        break;
      case "stall":
        break;
    }
  }
}

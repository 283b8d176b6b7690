/**
 * One connection of a mirror: reads requests one after the other, delays each by the round trip, and sends the response
 * over the mirror's link. `answer.ts` decides what the response is.
 *
 * @module
 */

import type { Socket } from "node:net";
import type { ByteRange } from "../../../lib/http/byte_range.ts";
import { type Alarm, alarmAt } from "./alarm.ts";
import { type Answer, plainAnswer, SegmentSource } from "./answer.ts";
import { type RequestHead, RequestReader } from "./http_wire.ts";
import type { Flow, Link, Sink } from "./link.ts";

/** One request to a mirror. */
export interface RequestRecord {
  /** Index in `requests`. */
  readonly index: number;
  readonly method: string;
  /** The request target, with its query. */
  readonly path: string;
  /** The requested range `[start, end)` if it is satisfiable, whether or not it was served. */
  readonly range: ByteRange | undefined;
  /** All fields, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Index of its connection. */
  readonly connection: number;
  /** Time of arrival, in milliseconds of `performance.now()`. */
  readonly atMs: number;
  /** Bytes of the body that were put on the link. */
  readonly bytesSent: number;
  /** How it ended; `undefined` while it runs, or if the mirror was closed. */
  readonly ended: "complete" | "client closed" | "fault" | undefined;
}

/** A record while its request is answered. */
export type MutableRecord = { -readonly [K in keyof RequestRecord]: RequestRecord[K] };

/** The decision on a request. */
export interface Decision {
  /** The response; `undefined` closes the connection. */
  readonly answer: Answer | undefined;
  /** The requested range, for the record. */
  readonly range: ByteRange | undefined;
  /** Delay beyond the round trip, in milliseconds. */
  readonly delayMs: number;
}

/** The mirror of a connection. */
export interface Site {
  readonly link: Link;
  readonly roundTripMs: number;
  /** All requests so far. */
  readonly requests: MutableRecord[];
  /** Decides on the next request, before it is added to `requests`. */
  decide(head: RequestHead): Decision;
}

/** An accepted connection. */
export class Connection {
  /** Settles when the socket is closed. */
  readonly closed: Promise<void>;
  readonly #site: Site;
  readonly #socket: Socket;
  readonly #number: number;
  readonly #reader = new RequestReader();
  readonly #sink: Sink;
  #served = 0;
  /** The current request; the next one waits in the reader. */
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

  /** Sends a RST. */
  reset(): void {
    this.#stop("fault");
    this.#socket.resetAndDestroy();
  }

  /** Closes the connection with its mirror. */
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
    // The first request of a connection includes the handshake.
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

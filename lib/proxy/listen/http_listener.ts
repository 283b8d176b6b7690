/**
 * Accepts clients, and knows every one of their connections. It goes on when the process has too many files
 * and connections open, and closes connections to make room for others: first those that have been idle for
 * longest.
 *
 * @module
 */

import { delay } from "@std/async/delay";
import { describeError } from "../../http/address/redact.ts";
import { problemResponse } from "../answer/problem_response.ts";
import type { ConnectionCounts } from "../observe/metrics.ts";
import { overloaded } from "../problem.ts";
import {
  ClientConnection,
  type ConnectionOptions,
  type Handler,
  IdleRank,
} from "./client_connection.ts";
import { type Certificate, mayRelay, TlsRelay } from "./tls_relay.ts";

export interface ListenerOptions {
  readonly hostname: string;
  /** The port; 0 picks a free one. */
  readonly port: number;
  /** To use TLS. */
  readonly tls?: Certificate | undefined;
  /** How long a request may take to arrive, in milliseconds. */
  readonly headerTimeoutMs: number;
  /** How long a connection may be idle between requests, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** A client that takes nothing of a response for this long makes way for others, in milliseconds. */
  readonly stallTimeoutMs: number;
  /**
   * How long a connection may wait for its first request before it may make way for others, in milliseconds:
   * those of a crowd that comes at once must not push out one another.
   *
   * @default {250}
   */
  readonly graceMs?: number | undefined;
  /** Maximum number of connections. When all are in use, others get a 503. */
  readonly maxConnections: number;
  /** Responds to requests. It does not reject. */
  readonly handler: Handler;
  /** Reports what the operator should know. */
  readonly say: (line: string) => void;
}

/** Time after which accepting is tried again when it has failed, in milliseconds. */
const PAUSE_MS = 100;
/** Time after which a place is looked for again, in milliseconds. */
const LOOK_MS = 10;
const GRACE_MS = 250;
/** Minimum time between messages about clients that could not be accepted, in milliseconds. */
const REPORT_MS = 10_000;
/** The part of the idle connections that is closed when the process cannot open another one. */
const MAKE_ROOM = 1 / 8;
/** Maximum number of connections beyond the limit that get a 503; further ones are closed at once. */
const REFUSED = 16;
/** How long their requests may take to arrive, in milliseconds. */
const REFUSED_MS = 1000;

/** A connection that can be chosen to be closed. */
type Connection = Pick<
  ClientConnection,
  "serve" | "end" | "close" | "idleSince" | "idleRank" | "writingSince"
>;

export class HttpListener {
  readonly #options: ListenerOptions;
  readonly #listener: Deno.Listener;
  readonly #stopped = new AbortController();
  readonly #connections = new Set<Connection>();
  readonly #refusing = new Set<Connection>();
  readonly #counts = { accepted: 0, evicted: 0, refused: 0, failed: 0 };
  readonly #relay: TlsRelay | undefined;
  #reportedAt = -Infinity;
  #onNone = () => {};

  /** Listens. Throws if that is not possible. */
  constructor(options: ListenerOptions) {
    const { hostname, port, tls } = options;
    this.#options = options;
    this.#relay = tls !== undefined && mayRelay()
      ? new TlsRelay(options.handler, tls, (error) => this.#fail(error))
      : undefined;
    // Without a relay, the platform keeps connections on which there is no handshake.
    this.#listener = tls === undefined || this.#relay !== undefined
      ? Deno.listen({ hostname, port })
      : Deno.listenTls({ hostname, port, ...tls, alpnProtocols: ["http/1.1"] });
    void this.#accept();
  }

  get addr(): Deno.NetAddr {
    return this.#listener.addr as Deno.NetAddr;
  }

  get counts(): ConnectionCounts {
    return { open: this.#connections.size + this.#refusing.size, ...this.#counts };
  }

  /** Accepts no more clients; resolves when those that have a request have their response. */
  async shutdown(): Promise<void> {
    if (this.#stopped.signal.aborted) return;
    this.#stopped.abort();
    this.#listener.close();
    const none = new Promise<void>((resolve) => this.#onNone = resolve);
    for (const connection of [...this.#connections, ...this.#refusing]) connection.end();
    if (this.counts.open > 0) await none;
    await this.#relay?.close();
  }

  async #accept(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        const socket = await this.#listener.accept();
        this.#counts.accepted++;
        const hasPlace = await this.#findPlace();
        if (signal.aborted) return socket.close();
        void this.#serve(socket, hasPlace);
      } catch (error) {
        if (signal.aborted) return;
        this.#fail(error);
        await delay(PAUSE_MS, { signal }).catch(() => {});
      }
    }
  }

  /** Waits until there is a place for another connection; reports whether there is, as all may be in use. */
  async #findPlace(): Promise<boolean> {
    while (this.#connections.size >= this.#options.maxConnections && !this.#evict()) {
      if (this.#connections.values().every(({ idleSince }) => idleSince === undefined)) {
        return false;
      }
      await delay(LOOK_MS);
      if (this.#stopped.signal.aborted) return false;
    }
    return true;
  }

  async #serve(socket: Deno.Conn, hasPlace: boolean): Promise<void> {
    const { headerTimeoutMs, idleTimeoutMs, tls, handler } = this.#options;
    const isFull = !hasPlace;
    if (isFull) this.#counts.refused++;
    if (isFull && this.#refusing.size >= REFUSED) return socket.close();
    const options: ConnectionOptions = {
      scheme: tls === undefined ? "http" : "https",
      host: hostOf(this.addr),
      remoteAddr: socket.remoteAddr,
      headerTimeoutMs: isFull ? REFUSED_MS : headerTimeoutMs,
      idleTimeoutMs,
      handler: isFull ? refuse : handler,
    };
    // Over TLS, the response would have to come from the relay.
    if (isFull && this.#relay !== undefined) return socket.close();
    const connection = this.#relay === undefined
      ? new ClientConnection(socket, options)
      : this.#relay.accept(socket, options);
    const kind = isFull ? this.#refusing : this.#connections;
    kind.add(connection);
    await connection.serve();
    kind.delete(connection);
    if (this.counts.open === 0) this.#onNone();
  }

  /** Goes on when a connection could not be opened. */
  #fail(error: unknown): void {
    this.#counts.failed++;
    this.#report(error);
    this.#makeRoom();
  }

  #report(error: unknown): void {
    const now = performance.now();
    if (now < this.#reportedAt + REPORT_MS) return;
    this.#reportedAt = now;
    const { open } = this.counts;
    this.#options.say(
      `cannot accept another client beside ${open}, trying again: ${describeError(error)}`,
    );
  }

  /** Closes some connections that are idle, or one whose client has stalled. */
  #makeRoom(): void {
    let idle = 0;
    for (const { idleSince } of this.#connections) if (idleSince !== undefined) idle++;
    for (let count = Math.max(1, Math.ceil(idle * MAKE_ROOM)); count > 0 && this.#evict(); count--);
  }

  /**
   * Closes an idle connection, of those that wait for the least the one that has waited for longest; or else
   * the one whose client has taken nothing for longest, and too long. Reports whether there was one.
   */
  #evict(): boolean {
    const { stallTimeoutMs, graceMs = GRACE_MS } = this.#options;
    const now = performance.now();
    const stalledBefore = now - stallTimeoutMs;
    let idle: Connection | undefined;
    let stalled: Connection | undefined;
    for (const connection of this.#connections) {
      const { idleSince, idleRank, writingSince = Infinity } = connection;
      const isDue = idleSince !== undefined &&
        (idleRank === IdleRank.BETWEEN || now >= idleSince + graceMs);
      if (isDue && (idle === undefined || goesBefore(connection, idle))) idle = connection;
      if (writingSince <= Math.min(stalledBefore, stalled?.writingSince ?? Infinity)) {
        stalled = connection;
      }
    }
    const chosen = idle ?? stalled;
    if (chosen === undefined) return false;
    // Its place is free at once.
    this.#connections.delete(chosen);
    this.#counts.evicted++;
    chosen.close();
    return true;
  }
}

function goesBefore(one: Connection, other: Connection): boolean {
  return one.idleRank - other.idleRank < 0 ||
    (one.idleRank === other.idleRank && one.idleSince! < other.idleSince!);
}

/** Returns the host and port of an address as URLs have them. */
export function hostOf({ hostname, port }: Deno.NetAddr): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

/** Responds with a 503, as all connections are in use. */
function refuse({ method }: Request): Promise<Response> {
  const response = problemResponse(
    overloaded("the proxy is at its limit of connections; try again later"),
    method,
  );
  response.headers.set("connection", "close");
  return Promise.resolve(response);
}

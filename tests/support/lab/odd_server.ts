/**
 * A server as odd as the world: what it answers is a function of the request and of what went before. It sends any head
 * and any body over a shaped link, and records requests and bytes. `odd_reply.ts` has the replies.
 *
 * @module
 */

import { createServer, type Server, type Socket } from "node:net";
import type { Content } from "./content.ts";
import { parseRange, type RequestHead, RequestReader } from "./http_wire.ts";
import { type Flow, Link, QUANTUM_MS, type Sink, type Source } from "./link.ts";
import type { Arrive } from "./meeting.ts";
import { type Ask, type OddRecord, type Piece, pieceLength, type Reply } from "./odd_reply.ts";

/** Options of {@linkcode startOddServer}. */
export interface OddServerOptions {
  /** The file. */
  content: Content;
  /** Returns the reply to a request. */
  serve: (ask: Ask) => Reply;
  /** Path and query of the file. @default "/file.bin" */
  path?: string | undefined;
  /** Rate shared by all replies. @default full speed */
  bytesPerSecond?: number | undefined;
  /** Number of ports. @default 1 */
  origins?: number | undefined;
  /** If true, a connection is refused (RST) while that many are open. @default no limit */
  maxConnections?: number | undefined;
  /** Called at each request, whose reply waits for the promise. @default replies wait for nothing */
  arrive?: Arrive | undefined;
}

/** A running server. */
export interface OddServer extends AsyncDisposable {
  /** The URL of the file at the first origin. */
  readonly url: string;
  /** All requests so far, in order of arrival. */
  readonly requests: readonly OddRecord[];
  /** Bytes of bodies that were written. */
  readonly bytesSent: number;
  /** Number of connections so far. */
  readonly connectionsAccepted: number;
  /** Closes the listeners, every connection, and every timer. */
  close(): Promise<void>;
}

type MutableRecord = { -readonly [Key in keyof OddRecord]: OddRecord[Key] };

/** Starts a server on free ports of 127.0.0.1. */
export async function startOddServer(options: OddServerOptions): Promise<OddServer> {
  const server = new Odd(options);
  await server.listen();
  return server;
}

class Odd implements OddServer {
  readonly requests: MutableRecord[] = [];
  connectionsAccepted = 0;
  readonly link: Link;
  readonly #options: OddServerOptions;
  readonly #servers: Server[];
  readonly #connections = new Set<OddConnection>();
  #origins: string[] = [];
  #firstAt: number | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: OddServerOptions) {
    this.#options = options;
    this.link = new Link(options.bytesPerSecond, { quantumMs: QUANTUM_MS });
    this.#servers = Array.from(
      { length: options.origins ?? 1 },
      (_, index) => createServer({ noDelay: true }, (socket) => this.#accept(socket, index)),
    );
  }

  get url(): string {
    return this.#origins[0]! + (this.#options.path ?? "/file.bin");
  }

  get bytesSent(): number {
    return this.requests.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
  }

  async listen(): Promise<void> {
    this.#origins = await Promise.all(this.#servers.map((server) => {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      server.once("error", reject);
      server.listen(0, "127.0.0.1", 511, () => {
        const address = server.address();
        if (address === null || typeof address === "string") return reject(new Error("closed"));
        resolve(`http://127.0.0.1:${address.port}`);
      });
      return promise;
    }));
  }

  /** Returns what a reply waits for. */
  arrive(): Promise<void> | undefined {
    return this.#options.arrive?.();
  }

  /** Decides on a request and records it. */
  decide(head: RequestHead, origin: number, connection: number): [Reply, MutableRecord] {
    const now = performance.now();
    this.#firstAt ??= now;
    const { content } = this.#options;
    const range = parseRange(head.headers["range"], content.size);
    const reply = this.#options.serve({
      head,
      origin,
      connection,
      content,
      range,
      path: head.path.split("?", 1)[0]!,
      index: this.requests.length,
      live: this.requests.filter(({ live }) => live).length,
      connections: this.#connections.size,
      sinceMs: now - this.#firstAt,
      origins: this.#origins,
      earlier: [...this.requests],
    });
    const record: MutableRecord = {
      path: head.path,
      headers: head.headers,
      range: range === "unsatisfiable" ? undefined : range,
      status: reply.status,
      connection,
      atMs: now - this.#firstAt,
      bytesSent: 0,
      live: true,
    };
    this.requests.push(record);
    return [reply, record];
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const listeners = this.#servers.map((server) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      return promise;
    });
    const open = [...this.#connections];
    for (const connection of open) connection.destroy();
    this.link.close();
    await Promise.all([...listeners, ...open.map(({ closed }) => closed)]);
  }

  #accept(socket: Socket, origin: number): void {
    const number = this.connectionsAccepted++;
    const { maxConnections = Infinity } = this.#options;
    if (this.#closed !== undefined || this.#connections.size >= maxConnections) {
      socket.on("error", () => {});
      socket.resetAndDestroy();
      return;
    }
    const connection = new OddConnection(this, socket, origin, number);
    this.#connections.add(connection);
    connection.closed.then(() => this.#connections.delete(connection));
  }
}

class OddConnection {
  /** Settles when the socket is closed. */
  readonly closed: Promise<void>;
  readonly #server: Odd;
  readonly #socket: Socket;
  readonly #origin: number;
  readonly #number: number;
  readonly #reader = new RequestReader();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #busy = false;
  #record: MutableRecord | undefined;
  #flow: Flow | undefined;

  constructor(server: Odd, socket: Socket, origin: number, number: number) {
    this.#server = server;
    this.#socket = socket;
    this.#origin = origin;
    this.#number = number;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    socket.on("data", (bytes: Uint8Array) => {
      this.#reader.push(bytes);
      this.#next();
    });
    socket.on("end", () => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#stop();
      resolve();
    });
  }

  destroy(): void {
    this.#stop();
    this.#socket.destroy();
  }

  #stop(): void {
    this.#busy = true;
    if (this.#record !== undefined) this.#record.live = false;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#flow?.cancel();
  }

  #next(): void {
    if (this.#busy) return;
    const head = this.#reader.next();
    if (head === undefined) return;
    this.#busy = true;
    const [reply, record] = this.#server.decide(head, this.#origin, this.#number);
    this.#record = record;
    const send = () => {
      if (this.#socket.destroyed) return;
      this.#later(reply.delayMs, () => this.#send(reply, record, head.method === "HEAD"));
    };
    const others = this.#server.arrive();
    if (others === undefined) send();
    else others.then(send);
  }

  #later(delayMs: number, run: () => void): void {
    if (delayMs <= 0) return run();
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, delayMs);
    this.#timers.add(timer);
  }

  #send(reply: Reply, record: MutableRecord, headOnly: boolean): void {
    const body = headOnly ? [] : reply.body;
    if (reply.lastsMs !== undefined) {
      this.#later(reply.lastsMs, () => {
        if (this.#record === record) this.#socket.destroy();
      });
    }
    this.#socket.write(reply.headBytes(), () => this.#sendBody(body, 0, reply, record));
  }

  #sendBody(pieces: readonly Piece[], index: number, reply: Reply, record: MutableRecord): void {
    // What was written before it was closed is reported later.
    if (this.#socket.destroyed) return;
    const piece = pieces[index];
    const next = () => this.#sendBody(pieces, index + 1, reply, record);
    if (piece === undefined) return this.#sent(reply, record);
    if (!(piece instanceof Uint8Array) && "pauseMs" in piece) {
      return this.#later(piece.pauseMs, next);
    }
    const sink: Sink = {
      write: (bytes, accepted) => {
        record.bytesSent += bytes.length;
        this.#socket.write(bytes, (error) => {
          if (!error) accepted();
        });
      },
    };
    this.#flow = this.#server.link.send(new PieceSource(piece), sink);
    this.#flow.finished.then((finished) => {
      if (finished && !this.#socket.destroyed) next();
    });
  }

  #sent(reply: Reply, record: MutableRecord): void {
    if (this.#socket.destroyed) return;
    switch (reply.end) {
      case "keep":
        record.live = false;
        this.#record = undefined;
        this.#busy = false;
        return this.#next();
      case "close":
        this.#socket.end(() => this.#socket.destroy());
        break;
      case "half-close":
        this.#socket.end();
        break;
      case "reset":
        this.#socket.resetAndDestroy();
        break;
      case "stall":
        return;
    }
    record.live = false;
  }
}

/** One piece of a body as the source of a flow. */
class PieceSource implements Source {
  readonly #piece: Exclude<Piece, { pauseMs: number }>;
  readonly #length: number;
  #at = 0;

  constructor(piece: Exclude<Piece, { pauseMs: number }>) {
    this.#piece = piece;
    this.#length = pieceLength(piece);
  }

  get left(): number {
    return this.#length - this.#at;
  }

  take(limit: number): Uint8Array | undefined {
    const from = this.#at;
    if (from === this.#length) return undefined;
    this.#at = Math.min(this.#length, from + limit);
    const piece = this.#piece;
    if (piece instanceof Uint8Array) return piece.subarray(from, this.#at);
    const { content, range: { start } } = piece;
    return content.read(start + from, start + this.#at);
  }
}

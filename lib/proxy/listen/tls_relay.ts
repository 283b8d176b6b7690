/**
 * Serves clients that use TLS, by either version of HTTP. The platform's server has both, but can neither
 * close connections nor go on when there are too many: it listens on a loopback address, and the encrypted
 * bytes of clients are relayed to it over connections that can be closed at any time.
 *
 * @module
 */

import { afterRunning } from "../../after_running.ts";
import {
  type ConnectionOptions,
  type Handler,
  IdleRank,
  type Socket,
} from "./client_connection.ts";

const BUFFER_SIZE = 64 * 1024;
/** Number of descriptors that a relayed connection of a client takes. */
export const RELAYED_DESCRIPTORS = 3;
/** How long more bytes of a response may follow, in milliseconds. */
const RELAYING_MS = 500;
const LOOPBACK = "127.0.0.1";

/** Reports whether the process may relay to itself. */
export function mayRelay(): boolean {
  return Deno.permissions.querySync({ name: "net", host: LOOPBACK }).state === "granted";
}

/** A certificate and its private key, in PEM format. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export class TlsRelay {
  readonly #handler: Handler;
  readonly #certificate: Certificate;
  readonly #onFailure: (error: unknown) => void;
  #server: Deno.HttpServer<Deno.NetAddr> | undefined;
  /** By the port from which they are relayed. */
  readonly #connections = new Map<number, TlsConnection>();

  /**
   * Throws if the certificate or the key is invalid.
   *
   * @param onFailure called when a connection cannot be relayed
   */
  constructor(
    handler: Handler,
    certificate: Certificate,
    onFailure: (error: unknown) => void,
  ) {
    this.#handler = handler;
    this.#onFailure = onFailure;
    this.#certificate = certificate;
    this.#server = this.#listen();
  }

  /** Returns the connection of a client; it is relayed once something comes over it. */
  accept(client: Socket, options: ConnectionOptions): TlsConnection {
    return new TlsConnection(client, options, (connection) => this.#connect(connection));
  }

  async #connect(connection: TlsConnection): Promise<Relayed> {
    try {
      this.#server ??= this.#listen();
      const { hostname, port } = this.#server.addr;
      const socket = await Deno.connect({ hostname, port });
      socket.setNoDelay(true);
      const key = (socket.localAddr as Deno.NetAddr).port;
      this.#connections.set(key, connection);
      return { socket, close: () => this.#connections.delete(key) };
    } catch (error) {
      this.#onFailure(error);
      throw error;
    }
  }

  /** Accepts nothing more; resolves when no connection is left. */
  async close(): Promise<void> {
    await this.#server?.shutdown();
  }

  #listen(): Deno.HttpServer<Deno.NetAddr> {
    const server = Deno.serve({
      hostname: LOOPBACK,
      port: 0,
      ...this.#certificate,
      onListen: () => {},
      onError: () => new Response(null, { status: 500 }),
    }, (request, info) => this.#handle(request, info));
    // When it could not accept a connection it ends; responses that are being sent go on.
    server.finished.catch(() => {
      if (this.#server === server) this.#server = undefined;
    });
    return server;
  }

  async #handle(request: Request, info: Deno.ServeHandlerInfo): Promise<Response> {
    const { port } = info.remoteAddr as Deno.NetAddr;
    const connection = this.#connections.get(port);
    // Other processes on this machine are refused.
    if (connection === undefined) return new Response(null, { status: 421 });
    connection.began();
    info.completed.then(() => connection.ended(), () => connection.ended());
    const { remoteAddr } = connection;
    return await this.#handler(request, {
      remoteAddr,
      completed: info.completed,
    });
  }
}

/** The connection to which that of a client is relayed. */
interface Relayed {
  readonly socket: Socket;
  /** Forgets it. */
  readonly close: () => void;
}

/** The connection of a client. */
class TlsConnection {
  readonly #client: Socket;
  readonly #options: ConnectionOptions;
  readonly #connect: (connection: TlsConnection) => Promise<Relayed>;
  #relayed: Relayed | undefined;
  #requests = 0;
  #stopTimer = () => {};
  #isClosed = false;
  #isLast = false;
  #isSilent = true;
  #hasServed = false;
  #idleSince: number | undefined = performance.now();
  #writingSince: number | undefined;
  #writtenAt = -Infinity;

  constructor(
    client: Socket,
    options: ConnectionOptions,
    connect: (connection: TlsConnection) => Promise<Relayed>,
  ) {
    this.#client = client;
    this.#options = options;
    this.#connect = connect;
  }

  get remoteAddr(): Deno.Addr {
    return this.#options.remoteAddr;
  }

  /** Since when there has been no request; `undefined` while there is one. */
  get idleSince(): number | undefined {
    return this.#writingSince === undefined ? this.#idleSince : undefined;
  }

  /** How much would be lost if it were closed now, where it is idle. */
  get idleRank(): IdleRank {
    if (this.#hasServed) return IdleRank.BETWEEN;
    return this.#isSilent ? IdleRank.SILENT : IdleRank.BEGUN;
  }

  /** Since when the client has taken nothing of what is written to it; `undefined` if nothing is. */
  get writingSince(): number | undefined {
    return this.#writingSince;
  }

  /** Relays until one side ends. Never rejects. */
  async serve(): Promise<void> {
    this.#wait(this.#options.headerTimeoutMs);
    await this.#serve().catch(() => {});
    this.close();
  }

  async #serve(): Promise<void> {
    const buffer = new Uint8Array(BUFFER_SIZE);
    const count = await this.#client.read(buffer);
    if (count === null) return;
    this.#isSilent = false;
    const relayed = await this.#connect(this);
    this.#relayed = relayed;
    if (this.#isClosed) return this.#closeRelayed();
    await writeAll(relayed.socket, buffer.subarray(0, count));
    const toClient = {
      write: async (bytes: Uint8Array) => {
        this.#writingSince = performance.now();
        const written = await this.#client.write(bytes);
        this.#writingSince = undefined;
        this.#writtenAt = performance.now();
        return written;
      },
    };
    const both = [
      relay(this.#client, relayed.socket, buffer),
      relay(relayed.socket, toClient, new Uint8Array(BUFFER_SIZE)),
    ];
    await Promise.race(both).catch(() => {});
    this.close();
    await Promise.allSettled(both);
  }

  began(): void {
    this.#requests++;
    this.#hasServed = true;
    this.#idleSince = undefined;
    this.#stopTimer();
  }

  ended(): void {
    if (--this.#requests > 0 || this.#isClosed) return;
    this.#idleSince = performance.now();
    this.#wait(this.#isLast ? RELAYING_MS : this.#options.idleTimeoutMs);
  }

  /** Ends it after the requests that are under way. */
  end(): void {
    this.#isLast = true;
    if (this.#requests > 0) return;
    if (this.#isRelaying()) this.#wait(RELAYING_MS);
    else this.close();
  }

  /** Whether a response that has left the server may still be on its way through here. */
  #isRelaying(): boolean {
    const isFresh = performance.now() < this.#writtenAt + RELAYING_MS;
    return this.#hasServed && (isFresh || this.#writingSince !== undefined);
  }

  /** Closes it at once. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopTimer();
    this.#client.close();
    this.#closeRelayed();
  }

  #closeRelayed(): void {
    this.#relayed?.close();
    this.#relayed?.socket.close();
    this.#relayed = undefined;
  }

  #wait(ms: number): void {
    this.#stopTimer();
    if (ms === Infinity || this.#isClosed) return;
    this.#stopTimer = afterRunning(ms, () => this.#isRelaying() ? this.#wait(ms) : this.close());
  }
}

async function relay(
  from: Pick<Socket, "read">,
  to: Pick<Socket, "write">,
  buffer: Uint8Array,
): Promise<void> {
  for (;;) {
    const count = await from.read(buffer);
    if (count === null) return;
    await writeAll(to, buffer.subarray(0, count));
  }
}

async function writeAll(to: Pick<Socket, "write">, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength;) at += await to.write(bytes.subarray(at));
}

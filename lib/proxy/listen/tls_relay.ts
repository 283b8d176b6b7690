/**
 * Serves clients that have chosen HTTP/2. The platform has it in its own server only, which can neither close
 * connections nor go on when there are too many: it listens on a loopback address for connections from here,
 * over which the bytes of clients are relayed. Follows RFC 9113 section 3.3.
 *
 * @module
 */

import type { ConnectionOptions, Handler, Socket } from "./client_connection.ts";

const BUFFER_SIZE = 64 * 1024;
const LOOPBACK = "127.0.0.1";

/** Reports whether the process may relay to itself. */
export function mayRelay(): boolean {
  return Deno.permissions.querySync({ name: "net", host: LOOPBACK }).state === "granted";
}

export class Http2Relay {
  readonly #handler: Handler;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  /** By the port from which they are relayed. */
  readonly #connections = new Map<number, Http2Connection>();

  constructor(handler: Handler) {
    this.#handler = handler;
    this.#server = Deno.serve({
      hostname: LOOPBACK,
      port: 0,
      onListen: () => {},
      onError: () => new Response(null, { status: 500 }),
    }, (request, info) => this.#handle(request, info));
    // When it cannot accept, nothing can be relayed any more.
    this.#server.finished.catch(() => {});
  }

  /** Opens the connection over which those of a client are relayed. */
  async connect(socket: Socket, options: ConnectionOptions): Promise<Http2Connection> {
    const { hostname, port } = this.#server.addr;
    const inner = await Deno.connect({ hostname, port });
    const key = (inner.localAddr as Deno.NetAddr).port;
    const connection = new Http2Connection(socket, inner, options, () => {
      this.#connections.delete(key);
    });
    this.#connections.set(key, connection);
    return connection;
  }

  /** Ends when no connection is left. */
  close(): void {
    void this.#server.shutdown();
  }

  async #handle(request: Request, info: Deno.ServeHandlerInfo): Promise<Response> {
    const { port } = info.remoteAddr as Deno.NetAddr;
    const connection = this.#connections.get(port);
    // Others on this machine cannot come in here.
    if (connection === undefined) return new Response(null, { status: 421 });
    connection.began();
    info.completed.then(() => connection.ended(), () => connection.ended());
    const url = request.url.replace(/^http:/, "https:");
    const { remoteAddr } = connection;
    return await this.#handler(new Request(url, request), {
      remoteAddr,
      completed: info.completed,
    });
  }
}

/** The connection of a client that speaks HTTP/2. */
export class Http2Connection {
  readonly #client: Socket;
  readonly #inner: Socket;
  readonly #options: ConnectionOptions;
  readonly #onClose: () => void;
  #requests = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;
  #isLast = false;
  #idleSince: number | undefined = performance.now();
  #writingSince: number | undefined;

  constructor(client: Socket, inner: Socket, options: ConnectionOptions, onClose: () => void) {
    this.#client = client;
    this.#inner = inner;
    this.#options = options;
    this.#onClose = onClose;
  }

  get remoteAddr(): Deno.Addr {
    return this.#options.remoteAddr;
  }

  /** Since when there has been no request; `undefined` while there is one. */
  get idleSince(): number | undefined {
    return this.#idleSince;
  }

  /** Since when the client has taken nothing of what is written to it; `undefined` if nothing is. */
  get writingSince(): number | undefined {
    return this.#writingSince;
  }

  /** Relays until one side ends. Never rejects. */
  async serve(): Promise<void> {
    this.#wait(this.#options.headerTimeoutMs);
    const write = async (bytes: Uint8Array) => {
      this.#writingSince = performance.now();
      const written = await this.#client.write(bytes);
      this.#writingSince = undefined;
      return written;
    };
    const both = [
      relay(this.#client, { write: (bytes) => this.#inner.write(bytes) }),
      relay(this.#inner, { write }),
    ];
    await Promise.race(both).catch(() => {});
    this.close();
    await Promise.allSettled(both);
  }

  began(): void {
    this.#requests++;
    this.#idleSince = undefined;
    clearTimeout(this.#timer);
  }

  ended(): void {
    if (--this.#requests > 0 || this.#isClosed) return;
    if (this.#isLast) return this.close();
    this.#idleSince = performance.now();
    this.#wait(this.#options.idleTimeoutMs);
  }

  /** Ends it after the requests that are under way. */
  end(): void {
    this.#isLast = true;
    if (this.#requests === 0) this.close();
  }

  /** Closes it at once. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#onClose();
    this.#client.close();
    this.#inner.close();
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    if (ms !== Infinity) this.#timer = setTimeout(() => this.close(), ms);
  }
}

async function relay(
  from: Pick<Socket, "read">,
  to: Pick<Socket, "write">,
): Promise<void> {
  const buffer = new Uint8Array(BUFFER_SIZE);
  for (;;) {
    const count = await from.read(buffer);
    if (count === null) return;
    for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
  }
}

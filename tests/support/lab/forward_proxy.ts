/**
 * Forward proxies on loopback: HTTP (absolute form and CONNECT), SOCKS5 (RFC 1928 and 1929), and one
 * with a fixed response. They resolve names that end in `.test` to loopback, so that a test can tell
 * which side resolved a name.
 *
 * @module
 */

import { connect, createServer, type Socket } from "node:net";

/** A running proxy. */
export interface LabProxy extends AsyncDisposable {
  /** Its address, like `127.0.0.1:12345`. */
  readonly host: string;
  /** Requested targets, in order. */
  readonly seen: readonly string[];
}

/** Serves one connection. */
type Serve = (client: Conversation, seen: string[]) => Promise<void>;

/** Starts an HTTP proxy; with `credentials`, it requires them. */
export function startHttpProxy(credentials?: string): Promise<LabProxy> {
  const expected = credentials && `Basic ${btoa(credentials)}`;
  return start(async (client, seen) => {
    const head = await client.head();
    const [request, ...fields] = head.split("\r\n");
    const [method, target] = request!.split(" ");
    const sent = fields.find((field) => /^proxy-authorization:/i.test(field))?.split(": ")[1];
    seen.push(`${method} ${target}`);
    if (sent !== expected) {
      const challenge = 'Proxy-Authenticate: Basic realm="lab"\r\nContent-Length: 0\r\n\r\n';
      return client.write(`HTTP/1.1 407 Proxy Authentication Required\r\n${challenge}`);
    }
    const url = new URL(method === "CONNECT" ? `http://${target}` : target!);
    const server = await client.connect(url.hostname, Number(url.port));
    if (method === "CONNECT") client.write("HTTP/1.1 200 Connection established\r\n\r\n");
    // One request for each connection is enough for a test.
    else {server.write(
        head.replace(target!, url.pathname).replace(/\r\n/, "\r\nconnection: close\r\n"),
      );}
    client.join(server);
  });
}

/** Starts a SOCKS5 proxy; with `credentials`, it requires them. */
export function startSocksProxy(credentials?: string): Promise<LabProxy> {
  const [NONE, LOGIN] = [0, 2];
  return start(async (client, seen) => {
    const [, count] = await client.read(2);
    const offered = await client.read(count!);
    const method = credentials === undefined ? NONE : LOGIN;
    if (!offered.includes(method)) return client.write([5, 0xff]);
    client.write([5, method]);
    if (method === LOGIN) {
      const text = async () =>
        new TextDecoder().decode(await client.read((await client.read(1))[0]!));
      await client.read(1);
      const right = `${await text()}:${await text()}` === credentials;
      client.write([1, right ? 0 : 1]);
      if (!right) return;
    }
    const kind = (await client.read(4))[3];
    const name = kind === 3;
    const length = name ? (await client.read(1))[0]! : kind === 1 ? 4 : 16;
    const address = await client.read(length);
    const host = name ? new TextDecoder().decode(address) : address.join(".");
    const [high, low] = await client.read(2);
    const port = 256 * high! + low!;
    seen.push(`${name ? "name" : "address"} ${host}:${port}`);
    const server = await client.connect(host, port);
    client.write([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    client.join(server);
  });
}

/** Starts a proxy that answers the first bytes of every connection with `text`, and closes it. */
export function startStubbornProxy(text: string): Promise<LabProxy> {
  return start(async (client) => {
    await client.read(1);
    client.write(text);
  });
}

async function start(serve: Serve): Promise<LabProxy> {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const client = new Conversation(socket, sockets);
    void serve(client, seen).catch(() => socket.destroy()).finally(() => client.leave());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    host: `127.0.0.1:${port}`,
    seen,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const ends = [...sockets].map((socket) =>
        new Promise<void>((resolve) => {
          socket.once("close", () => resolve());
          socket.destroy();
        })
      );
      await Promise.all([closed, ...ends]);
    },
  };
}

/** One connection of a client. */
class Conversation {
  readonly #socket: Socket;
  readonly #sockets: Set<Socket>;
  #pending = new Uint8Array();
  #joined = false;
  #changed = Promise.withResolvers<void>();

  constructor(socket: Socket, sockets: Set<Socket>) {
    this.#socket = socket;
    this.#sockets = sockets;
    this.#keep(socket);
    socket.on("data", this.#onData);
    socket.on("close", () => this.#changed.reject(new Error("closed")));
    this.#changed.promise.catch(() => {});
  }

  readonly #onData = (data: Uint8Array): void => {
    this.#pending = new Uint8Array([...this.#pending, ...data]);
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
    this.#changed.promise.catch(() => {});
  };

  /** The next bytes. */
  async read(length: number): Promise<Uint8Array> {
    while (this.#pending.length < length) await this.#changed.promise;
    const bytes = this.#pending.slice(0, length);
    this.#pending = this.#pending.slice(length);
    return bytes;
  }

  /** The head of a request, with the empty line behind it. */
  async head(): Promise<string> {
    let text = "";
    while (!text.endsWith("\r\n\r\n")) text += new TextDecoder().decode(await this.read(1));
    return text;
  }

  write(data: string | readonly number[]): void {
    this.#socket.write(typeof data === "string" ? data : new Uint8Array(data));
  }

  /** Connects to a server. */
  async connect(host: string, port: number): Promise<Socket> {
    const server = connect(port, host.endsWith(".test") ? "127.0.0.1" : host);
    this.#keep(server);
    await new Promise<void>((resolve, reject) => {
      server.once("connect", resolve);
      server.once("error", reject);
    });
    return server;
  }

  /** From now on, what comes from one side goes to the other. */
  join(server: Socket): void {
    this.#joined = true;
    this.#socket.off("data", this.#onData);
    if (this.#pending.length > 0) server.write(this.#pending);
    this.#socket.pipe(server);
    server.pipe(this.#socket);
    this.#socket.on("close", () => server.destroy());
    server.on("close", () => this.#socket.end());
  }

  /** Nothing more is said here, unless both sides have been joined. */
  leave(): void {
    if (!this.#joined) this.#socket.end();
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
  }
}

/**
 * A SOCKS5 server on loopback, inside the process, that the platform's HTTP client connects through:
 * the way to choose the address of a connection. The client itself has only a `tcp` transport for that
 * (Deno 2.9), which speaks no TLS. Through the relay, URL, SNI, certificate and HTTP version are those of
 * any request. Other processes cannot use it: it requires a random password. It costs processor time for each
 * byte, so it is used only where a rule or a dead address calls for it. Sockets are those that Deno has of
 * Node.js, since its own cannot pass on a reset. Follows RFC 1928 and RFC 1929.
 *
 * @module
 */

import type { Server, Socket } from "node:net";
import { mayConnect } from "../../environment.ts";
import { addressIn } from "../../http/address/host.ts";
import type { Dial, DialError } from "./dialer.ts";
import { SocketReader } from "./socket_reader.ts";

/** Connections beyond these are refused: far more than a download has. */
const MOST_CONNECTIONS = 512;
/** The failures of this many hosts are remembered. */
const MOST_FAILURES = 256;
/** Time for greeting, login and request, in milliseconds. */
const HANDSHAKE_MS = 10_000;
/** Maximum length of these. */
const MAX_BYTES = 600;

const VERSION = 5;
const BY_PASSWORD = 2;
const LOGIN_VERSION = 1;
const CONNECT = 1;
/** Where the relay listens. */
const HOST = "127.0.0.1";

const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;

/** Replies of RFC 1928 section 6, by the code of the system. */
const REPLY: Readonly<Record<string, number>> = {
  ENETUNREACH: 3,
  ENOTFOUND: 4,
  EHOSTUNREACH: 4,
  ECONNREFUSED: 5,
};
const GENERAL_FAILURE = 1;

export class Relay {
  readonly #server: Server;
  readonly #dial: Dial;
  readonly #password = crypto.randomUUID();
  readonly #clients = new Set<Socket>();
  readonly #failures = new Map<string, DialError>();
  readonly #controller = new AbortController();
  #port = 0;

  private constructor(server: Server, dial: Dial) {
    this.#server = server;
    this.#dial = dial;
  }

  /** Starts a relay whose connections `dial` opens. Rejects if Deno's permissions do not allow it. */
  static async open(dial: Dial): Promise<Relay> {
    // Node's listener would throw this where nothing can catch it.
    if (!mayConnect(HOST)) {
      throw new Deno.errors.NotCapable(
        `Requires net access to "${HOST}", where addresses are chosen, run again with --allow-net=${HOST} added`,
      );
    }
    const { createServer } = await import("node:net");
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const relay = new Relay(server, dial);
    server.on("connection", (client: Socket) => relay.#accept(client));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, HOST, resolve);
    });
    relay.#port = (server.address() as { port: number }).port;
    return relay;
  }

  /** The proxy for `Deno.createHttpClient`. */
  get proxy(): Deno.Proxy {
    return {
      transport: "socks5",
      url: `socks5h://${HOST}:${this.#port}`,
      basicAuth: { username: "sphttp", password: this.#password },
    };
  }

  /** Returns why the last connection to a host failed; `undefined` if it did not. */
  failure(host: string, port: number): DialError | undefined {
    return this.#failures.get(`${host} ${port}`);
  }

  /** Closes the server and every connection. */
  async close(): Promise<void> {
    this.#controller.abort(new Error("the relay was closed"));
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const client of this.#clients) client.destroy();
    await closed;
  }

  #accept(client: Socket): void {
    client.on("error", () => {});
    client.setTimeout(HANDSHAKE_MS, () => client.destroy());
    if (this.#clients.size >= MOST_CONNECTIONS) return void client.destroy();
    this.#clients.add(client);
    const left = new AbortController();
    client.on("close", () => {
      this.#clients.delete(client);
      left.abort(new Error("the client has left"));
    });
    const signal = AbortSignal.any([this.#controller.signal, left.signal]);
    this.#serve(client, signal).catch(() => client.destroy());
  }

  async #serve(client: Socket, signal: AbortSignal): Promise<void> {
    const reader = new SocketReader(client, MAX_BYTES);
    if (!await this.#login(reader, client)) return void client.end();
    const [, command, , kind] = await reader.bytes(4);
    const host = await readHost(reader, kind!);
    const [high, low] = await reader.bytes(2);
    const port = 256 * high! + low!;
    client.setTimeout(0);
    if (command !== CONNECT || host === undefined) return void client.end(reply(GENERAL_FAILURE));
    let server: Socket;
    try {
      server = await this.#dial(host, port, signal);
    } catch (error) {
      if (!signal.aborted) this.#note(host, port, error as DialError);
      return void client.end(reply(REPLY[(error as DialError).code ?? ""] ?? GENERAL_FAILURE));
    }
    this.#failures.delete(`${host} ${port}`);
    if (signal.aborted) return void server.destroy();
    client.write(reply(0));
    reader.release();
    join(client, server);
  }

  async #login(reader: SocketReader, client: Socket): Promise<boolean> {
    const [version, count] = await reader.bytes(2);
    if (version !== VERSION) return false;
    const methods = await reader.bytes(count!);
    if (!methods.includes(BY_PASSWORD)) return false;
    client.write(new Uint8Array([VERSION, BY_PASSWORD]));
    await reader.bytes(1);
    await readText(reader);
    const password = await readText(reader);
    if (password !== this.#password) return false;
    client.write(new Uint8Array([LOGIN_VERSION, 0]));
    return true;
  }

  #note(host: string, port: number, error: DialError): void {
    const key = `${host} ${port}`;
    this.#failures.delete(key);
    const [oldest] = this.#failures.keys();
    if (this.#failures.size >= MOST_FAILURES) this.#failures.delete(oldest!);
    this.#failures.set(key, error);
  }
}

/** Copies bytes both ways; the end, or the reset, of one side becomes that of the other. */
function join(client: Socket, server: Socket): void {
  for (const [from, to] of [[client, server], [server, client]] as const) {
    from.pipe(to);
    let failed = false;
    from.on("error", () => {
      failed = true;
      // An end without an error would make an incomplete body look complete.
      to.resetAndDestroy();
    });
    from.on("close", () => {
      if (!failed && !to.writableEnded) to.destroy();
    });
  }
}

function reply(code: number): Uint8Array {
  return new Uint8Array([VERSION, code, 0, 1, 0, 0, 0, 0, 0, 0]);
}

/** Reads a text behind its length. */
async function readText(reader: SocketReader): Promise<string> {
  const [length] = await reader.bytes(1);
  return new TextDecoder().decode(await reader.bytes(length!));
}

/** Reads a name or an address; `undefined` for one of another kind. */
async function readHost(reader: SocketReader, kind: number): Promise<string | undefined> {
  if (kind === NAME) return await readText(reader);
  if (kind === IPV4) return (await reader.bytes(4)).join(".");
  if (kind !== IPV6) return undefined;
  const bytes = await reader.bytes(16);
  const groups = Array.from(
    { length: 8 },
    (_, group) => (256 * bytes[2 * group]! + bytes[2 * group + 1]!).toString(16),
  );
  // Shortened, as in URLs.
  return addressIn(groups.join(":"));
}

/**
 * A listener of the proxy in a test, and clients of it that send and read text.
 *
 * @module
 */

import { HttpListener, type ListenerOptions } from "../../../lib/proxy/listen/http_listener.ts";

/** Encodes text. */
export const ENCODER = new TextEncoder();

/** The connection of a client, which writes and reads text. */
export class Client implements Disposable {
  readonly #socket: Deno.Conn;
  #text = "";
  #hasLeft = false;

  constructor(socket: Deno.Conn) {
    this.#socket = socket;
  }

  /** Sends all of a text. */
  async send(text: string): Promise<void> {
    for (let bytes = ENCODER.encode(text); bytes.byteLength > 0;) {
      bytes = bytes.subarray(await this.#socket.write(bytes));
    }
  }

  /** Reads until it matches; removes everything up to the end of the match. */
  async read(what: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = what.exec(this.#text);
      if (match !== null) {
        this.#text = this.#text.slice(match.index + match[0].length);
        return match;
      }
      const more = await this.#more();
      if (more === undefined) throw new Error(`the end came before ${what}: ${this.#text}`);
      this.#text += more;
    }
  }

  /** Reads to the end. */
  async rest(): Promise<string> {
    for (;;) {
      const more = await this.#more();
      if (more === undefined) return this.#text;
      this.#text += more;
    }
  }

  async #more(): Promise<string | undefined> {
    const bytes = new Uint8Array(65536);
    const count = await this.#socket.read(bytes).catch(() => null);
    return count === null ? undefined : new TextDecoder().decode(bytes.subarray(0, count));
  }

  /** Closes the connection; once is enough. */
  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.leave();
  }
}

/** A running listener. */
export interface Scene {
  readonly listener: HttpListener;
  /** The lines of its log. */
  readonly said: string[];
  /** Opens a connection, without TLS. */
  connect(): Promise<Client>;
}

/** Runs a listener, whose handler tells what was requested, and ends it. */
export async function withListener(
  run: (scene: Scene) => Promise<void>,
  options: Partial<ListenerOptions> = {},
): Promise<void> {
  const said: string[] = [];
  const listener = new HttpListener({
    hostname: "127.0.0.1",
    port: 0,
    headerTimeoutMs: 60_000,
    idleTimeoutMs: 60_000,
    stallTimeoutMs: 60_000,
    maxConnections: 100,
    graceMs: 0,
    handler: async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/stream") {
        return new Response(
          ReadableStream.from(["one", "", "two"].map((text) => ENCODER.encode(text))),
        );
      }
      return text(`${request.method} ${pathname} ${await request.text()}`);
    },
    say: (line) => said.push(line),
    ...options,
  });
  const { hostname, port } = listener.addr;
  const connect = async () => new Client(await Deno.connect({ hostname, port }));
  try {
    await run({ listener, said, connect });
  } finally {
    await listener.shutdown();
  }
}

/** Returns a response with a text, and its length. */
export function text(content: string): Response {
  return new Response(content, { headers: { "content-length": `${content.length}` } });
}

/** Returns a request; `more` are further fields. */
export const get = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;

/** Opens a connection and sends a text. */
export async function connectAnd(connect: Scene["connect"], text: string): Promise<Client> {
  const client = await connect();
  await client.send(text);
  return client;
}

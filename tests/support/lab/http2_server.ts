/**
 * A server of HTTP/2 over TLS (RFC 9113), as much as a mirror needs. Not node:http2: Deno's ends the whole process by a
 * failed assertion of nghttp2 where sessions end while requests come in.
 *
 * @module
 */

import { testCertificates } from "./certificates.ts";
import { fieldSection, RangeFieldReader } from "./hpack.ts";
import { RequestReader } from "./http_wire.ts";

/**
 * A reset of the stream; GOAWAY and the end of the connection; or both, with resets that say that there is no error.
 */
export type Http2End = "rst" | "goaway" | "goaway and rst";

/** The reply to a request. */
export interface Http2Reply {
  /** @default no head */
  readonly status?: number | undefined;
  readonly fields?: Readonly<Record<string, string | number>>;
  readonly body?: Uint8Array;
  /** What comes behind the body in the place of its end. */
  readonly end?: Http2End | undefined;
}

/** Options of {@linkcode startHttp2Server}. */
export interface Http2ServerOptions {
  /** Returns the reply to a request for a range, or for the whole file. */
  readonly serve: (range: string | undefined) => Http2Reply;
  /** The status of every reply by HTTP/1.1. @default that is refused in TLS */
  readonly http1Status?: number | undefined;
}

/** A running server, with the certificate of {@linkcode testCertificates}. */
export interface Http2Server extends AsyncDisposable {
  /** Where it listens: a scheme, a host and a port. */
  readonly origin: string;
  /** The version of HTTP of each request so far. */
  readonly versions: readonly ("1.1" | "2")[];
  /** Number of connections of HTTP/2 so far. */
  readonly sessions: number;
}

/** Starts a server on a free port of 127.0.0.1. */
export async function startHttp2Server(options: Http2ServerOptions): Promise<Http2Server> {
  const { certPem: cert, keyPem: key } = await testCertificates();
  const alpnProtocols = options.http1Status === undefined ? ["h2"] : ["h2", "http/1.1"];
  const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key, alpnProtocols });
  const connections = new Map<Deno.TlsConn, Promise<void>>();
  const versions: ("1.1" | "2")[] = [];
  let sessions = 0;
  const talk = async (connection: Deno.TlsConn) => {
    const { alpnProtocol } = await connection.handshake();
    if (alpnProtocol !== "h2") {
      return await talkHttp1(connection, options.http1Status!, () => versions.push("1.1"));
    }
    sessions++;
    const serve = (range: string | undefined) => {
      versions.push("2");
      return options.serve(range);
    };
    await new Session(connection, serve).run();
  };
  const accepting = (async () => {
    for await (const connection of listener) {
      // A client may end at any time.
      const talking = talk(connection).catch((error) => {
        if (!isEnd(error)) throw error;
      }).finally(() => {
        close(connection);
        connections.delete(connection);
      });
      connections.set(connection, talking);
    }
  })();
  return {
    origin: `https://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    versions,
    get sessions() {
      return sessions;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      const talks = [...connections.values()];
      for (const connection of connections.keys()) close(connection);
      await Promise.all(talks);
    },
  };
}

/** Reports whether an error says that a connection has ended, by either side. */
function isEnd(error: unknown): boolean {
  return [
    Deno.errors.BadResource,
    Deno.errors.BrokenPipe,
    Deno.errors.ConnectionAborted,
    Deno.errors.ConnectionReset,
    Deno.errors.Interrupted,
    Deno.errors.InvalidData,
    Deno.errors.NotConnected,
    Deno.errors.UnexpectedEof,
  ].some((type) => error instanceof type);
}

function close(connection: Deno.TlsConn): void {
  try {
    connection.close();
  } catch {
    // It is closed.
  }
}

async function talkHttp1(
  connection: Deno.TlsConn,
  status: number,
  onRequest: () => void,
): Promise<void> {
  const reader = new RequestReader();
  for await (const bytes of readsOf(connection)) {
    reader.push(bytes);
    while (reader.next() !== undefined) {
      onRequest();
      const reply = `HTTP/1.1 ${status} No\r\nContent-Length: 2\r\n\r\nno`;
      await writeAll(connection, new TextEncoder().encode(reply));
    }
  }
}

/** Yields what a client sends. */
async function* readsOf(connection: Deno.TlsConn): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(0x4000);
  for (let count; (count = await connection.read(buffer)) !== null;) yield buffer.slice(0, count);
}

async function writeAll(connection: Deno.TlsConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

// Types of frames, flags and settings.
const [DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE] = [0, 1, 3, 4, 6, 7, 8];
const [END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY] = [0x1, 0x1, 0x4, 0x8, 0x20];
const [HEADER_TABLE_SIZE, INITIAL_WINDOW_SIZE] = [1, 4];
const PREFACE_BYTES = 24;
const HEAD_BYTES = 9;
const MAX_FRAME_BYTES = 0x4000;
const DEFAULT_WINDOW = 0xffff;
const [NO_ERROR, INTERNAL_ERROR] = [0, 2];
/** The highest number of a stream. */
const LAST_STREAM = 2 ** 31 - 1;

/** A reply under way. */
interface Stream {
  readonly body: Uint8Array;
  readonly end: Http2Reply["end"];
  at: number;
  window: number;
}

/** A connection of HTTP/2. */
class Session {
  readonly #connection: Deno.TlsConn;
  readonly #serve: Http2ServerOptions["serve"];
  readonly #fields = new RangeFieldReader();
  readonly #streams = new Map<number, Stream>();
  #out: Uint8Array[] = [];
  #window = DEFAULT_WINDOW;
  #streamWindow = DEFAULT_WINDOW;
  #goesAway = false;

  constructor(connection: Deno.TlsConn, serve: Http2ServerOptions["serve"]) {
    this.#connection = connection;
    this.#serve = serve;
  }

  /** Serves until the client ends. */
  async run(): Promise<void> {
    this.#put(SETTINGS, 0, 0, Uint8Array.of(0, HEADER_TABLE_SIZE, 0, 0, 0, 0));
    let held = new Uint8Array();
    // Where the next frame begins.
    let at = PREFACE_BYTES;
    for await (const bytes of readsOf(this.#connection)) {
      // What comes behind GOAWAY is read, and no more: unread bytes would take the frame with them.
      if (this.#goesAway) continue;
      const all = new Uint8Array(held.length + bytes.length);
      all.set(held);
      all.set(bytes, held.length);
      for (let end; (end = frameEnd(all, at)) <= all.length; at = end) {
        const view = new DataView(all.buffer, at);
        const payload = all.slice(at + HEAD_BYTES, end);
        this.#take(view.getUint8(3), view.getUint8(4), view.getUint32(5), payload);
      }
      const taken = Math.min(at, all.length);
      held = all.slice(taken);
      at -= taken;
      await this.#send();
    }
  }

  /** Takes a frame. */
  #take(type: number, flags: number, id: number, payload: Uint8Array<ArrayBuffer>): void {
    const view = new DataView(payload.buffer);
    switch (type) {
      case HEADERS:
        return this.#answer(id, flags, payload);
      case RST_STREAM:
        this.#streams.delete(id);
        return;
      case SETTINGS:
        if ((flags & ACK) !== 0) return;
        for (let at = 0; at < payload.length; at += 6) {
          if (view.getUint16(at) !== INITIAL_WINDOW_SIZE) continue;
          const size = view.getUint32(at + 2);
          for (const stream of this.#streams.values()) stream.window += size - this.#streamWindow;
          this.#streamWindow = size;
        }
        return this.#put(SETTINGS, ACK, 0);
      case PING:
        if ((flags & ACK) === 0) this.#put(PING, ACK, 0, payload);
        return;
      case WINDOW_UPDATE: {
        const stream = this.#streams.get(id);
        if (id === 0) this.#window += view.getUint32(0);
        else if (stream !== undefined) stream.window += view.getUint32(0);
      }
    }
  }

  #answer(id: number, flags: number, payload: Uint8Array): void {
    if ((flags & END_HEADERS) === 0) throw new Error("Too long a request");
    const start = ((flags & PADDED) === 0 ? 0 : 1) + ((flags & PRIORITY) === 0 ? 0 : 5);
    const padding = (flags & PADDED) === 0 ? 0 : payload[0]!;
    const section = payload.subarray(start, payload.length - padding);
    const { status, fields, body, end } = this.#serve(this.#fields.read(section));
    if (status !== undefined) {
      this.#put(HEADERS, END_HEADERS, id, fieldSection({ ":status": status, ...fields }));
    }
    const stream = { body: body ?? new Uint8Array(), end, at: 0, window: this.#streamWindow };
    this.#streams.set(id, stream);
  }

  /** Sends what the windows let pass, and all other frames. */
  async #send(): Promise<void> {
    for (const [id, stream] of this.#streams) {
      this.#putData(id, stream);
      if (stream.at < stream.body.length) continue;
      this.#streams.delete(id);
      if (stream.end === undefined) this.#put(DATA, END_STREAM, id);
      else if (stream.end === "rst") this.#put(RST_STREAM, 0, id, uint32s(INTERNAL_ERROR));
      else {
        // As servers do that shut down: requests that are under way may be finished, which this one then does not.
        this.#put(GOAWAY, 0, 0, uint32s(LAST_STREAM, NO_ERROR));
        for (const other of stream.end === "goaway" ? [] : [id, ...this.#streams.keys()]) {
          this.#put(RST_STREAM, 0, other, uint32s(NO_ERROR));
        }
        this.#goesAway = true;
        break;
      }
    }
    const out = this.#out;
    this.#out = [];
    for (const frame of out) await writeAll(this.#connection, frame);
    if (this.#goesAway) await this.#connection.closeWrite();
  }

  #putData(id: number, stream: Stream): void {
    for (;;) {
      const left = stream.body.length - stream.at;
      const length = Math.min(left, this.#window, stream.window, MAX_FRAME_BYTES);
      if (length <= 0) return;
      this.#put(DATA, 0, id, stream.body.subarray(stream.at, stream.at + length));
      stream.at += length;
      stream.window -= length;
      this.#window -= length;
    }
  }

  #put(type: number, flags: number, id: number, payload: Uint8Array = new Uint8Array()): void {
    const frame = new Uint8Array(HEAD_BYTES + payload.length);
    const view = new DataView(frame.buffer);
    view.setUint32(0, payload.length << 8 | type);
    view.setUint8(4, flags);
    view.setUint32(5, id);
    frame.set(payload, HEAD_BYTES);
    this.#out.push(frame);
  }
}

/** Returns where a frame ends; behind all bytes, if its head is not there yet. */
function frameEnd(bytes: Uint8Array<ArrayBuffer>, at: number): number {
  if (bytes.length < at + HEAD_BYTES) return Infinity;
  return at + HEAD_BYTES + (new DataView(bytes.buffer, at).getUint32(0) >>> 8);
}

function uint32s(...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  for (const [index, value] of values.entries()) view.setUint32(4 * index, value);
  return new Uint8Array(view.buffer);
}

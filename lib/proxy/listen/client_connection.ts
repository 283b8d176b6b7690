/**
 * One connection of a client: reads its requests, one after another, and writes the responses. It is closed
 * when a request does not come in time, and may be closed by others at any time; that also ends a response
 * whose client reads nothing.
 *
 * @module
 */

import { afterRunning } from "../../after_running.ts";
import { problemResponse } from "../answer/problem_response.ts";
import { Problem } from "../problem.ts";
import { ByteSource } from "./byte_source.ts";
import { readBody } from "./request_body.ts";
import {
  emptyLines,
  findHeadEnd,
  MOST_HEAD,
  parseRequestHead,
  type RequestHead,
} from "./request_head.ts";
import { ResponseWriter } from "./response_writer.ts";

/** Responds to a request. It does not reject. */
export type Handler = (request: Request, info: Deno.ServeHandlerInfo) => Promise<Response>;

/** What a connection is used for; a `Deno.TcpConn` or a `Deno.TlsConn` is one. */
export type Socket = Pick<Deno.Conn, "read" | "write" | "close" | "closeWrite">;

export interface ConnectionOptions {
  readonly scheme: "http" | "https";
  /** The client's address. */
  readonly remoteAddr: Deno.Addr;
  /** The host in URLs of requests that name none. */
  readonly host: string;
  /** How long the head and the body of a request may take, in milliseconds; `Infinity` for any time. */
  readonly headerTimeoutMs: number;
  /** How long the connection may be idle between requests, in milliseconds. */
  readonly idleTimeoutMs: number;
  readonly handler: Handler;
}

/** What an idle connection waits for: those that are lower make way first. */
export enum IdleRank {
  /** For the first byte. */
  SILENT,
  /** For another request. */
  BETWEEN,
  /** For the rest of a request. */
  BEGUN,
}

/** How long a client may take to read a refusal, in milliseconds. */
const DRAIN_MS = 1000;

export class ClientConnection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #source: ByteSource;
  #stopTimer = () => {};
  /** The request that is being handled. */
  #request: AbortController | undefined;
  #writer: ResponseWriter | undefined;
  #isClosed = false;
  #isLast = false;
  #isFirst = true;
  #idleSince: number | undefined = performance.now();
  #writingSince: number | undefined;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#source = new ByteSource(socket, () => this.close());
  }

  /** Since when it has waited for a complete request; `undefined` while there is one. */
  get idleSince(): number | undefined {
    return this.#idleSince;
  }

  /** How much would be lost if it were closed now, where it is idle. */
  get idleRank(): IdleRank {
    if (this.#source.bytes.byteLength > 0) return IdleRank.BEGUN;
    return this.#isFirst ? IdleRank.SILENT : IdleRank.BETWEEN;
  }

  /** Since when the client has taken nothing of what is written to it; `undefined` if nothing is. */
  get writingSince(): number | undefined {
    return this.#writingSince;
  }

  /** Serves requests until the connection ends. Never rejects. */
  async serve(): Promise<void> {
    try {
      this.#limit(this.#options.headerTimeoutMs);
      while (await this.#serveNext() && !this.#isLast) this.#isFirst = false;
    } catch {
      // The client has gone, or what it sent is no request.
    }
    this.close();
  }

  /** Ends it after the response that is being sent; at once if there is none. */
  end(): void {
    this.#isLast = true;
    if (this.#idleSince !== undefined) this.close();
  }

  /** Closes it at once. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopTimer();
    this.#request?.abort(new DOMException("the client has disconnected", "AbortError"));
    this.#writer?.cancel();
    this.#socket.close();
  }

  /** Closes it after this time, unless this is called again before. */
  #limit(ms: number): void {
    this.#stopTimer();
    if (ms === Infinity || this.#isClosed) return;
    this.#stopTimer = afterRunning(ms, () => this.close());
  }

  /** Reads a request, and responds; reports whether another one may follow. */
  async #serveNext(): Promise<boolean> {
    let head: RequestHead | undefined;
    try {
      head = await this.#readHead();
      if (head === undefined) return false;
      this.#idleSince = undefined;
      const body = await readBody(
        this.#source,
        head.framing,
        head.expectsContinue ? () => this.#continue() : undefined,
      );
      this.#stopTimer();
      return await this.#respond(head, this.#createRequest(head, body));
    } catch (error) {
      if (!(error instanceof Problem) || this.#isClosed) throw error;
      // What follows cannot be understood.
      const { method, minor } = head ?? { method: "GET", minor: 1 };
      await this.#write(problemResponse(error, method), { method, minor }, false);
      await this.#drain();
      return false;
    } finally {
      this.#idleSince = performance.now();
    }
  }

  /** Tells a client that waits for it to send the body. */
  async #continue(): Promise<void> {
    await this.#socket.write(new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n"));
  }

  /** Reads the head of the next request; `undefined` if there is none. */
  async #readHead(): Promise<RequestHead | undefined> {
    const source = this.#source;
    for (let searched = 0, isLimited = this.#isFirst;;) {
      if (searched === 0) source.take(emptyLines(source.bytes));
      const { bytes } = source;
      if (!isLimited && bytes.byteLength > 0) {
        this.#limit(this.#options.headerTimeoutMs);
        isLimited = true;
      }
      const end = findHeadEnd(bytes, Math.max(0, searched - 2));
      if (end >= 0 && end <= MOST_HEAD) return parseRequestHead(source.take(end));
      if (end >= 0 || bytes.byteLength > MOST_HEAD) {
        throw new Problem(431, `the header of the request has more than ${MOST_HEAD} bytes`);
      }
      searched = bytes.byteLength;
      if (!await source.fill()) return undefined;
    }
  }

  #createRequest(
    { method, target, headers, host = this.#options.host }: RequestHead,
    body: Uint8Array<ArrayBuffer> | undefined,
  ): Request {
    const { scheme } = this.#options;
    const isPath = target.startsWith("/") || target === "*";
    const url = isPath ? `${scheme}://${host}${target === "*" ? "/*" : target}` : target;
    this.#request = new AbortController();
    const init = { method, headers, body: body ?? null, signal: this.#request.signal };
    // A body of a GET or HEAD has no meaning, and `Request` does not accept one.
    if (method === "GET" || method === "HEAD") init.body = null;
    try {
      if (URL.canParse(url)) return new Request(url, init);
      return new UnnamedRequest(url, init);
    } catch {
      throw new Problem(400, "the request cannot be understood");
    }
  }

  async #respond(head: RequestHead, request: Request): Promise<boolean> {
    const completed = Promise.withResolvers<void>();
    // A handler that ignores it must not cause an unhandled rejection.
    completed.promise.catch(() => {});
    const { remoteAddr, handler } = this.#options;
    this.#source.watch();
    try {
      const info = { remoteAddr, completed: completed.promise };
      const response = await handler(request, info);
      const continues = await this.#write(response, head, head.keepAlive);
      completed.resolve();
      this.#limit(this.#options.idleTimeoutMs);
      return continues;
    } catch (error) {
      completed.reject(error);
      throw error;
    } finally {
      this.#source.unwatch();
      this.#request = undefined;
    }
  }

  /**
   * Reads on for a moment after the last response: a connection that is closed before everything was read
   * is reset, and the response with it.
   */
  async #drain(): Promise<void> {
    this.#limit(DRAIN_MS);
    await this.#socket.closeWrite();
    while (await this.#source.fill()) this.#source.take(Infinity);
  }

  /** Writes a response; reports whether another request may follow. */
  async #write(
    response: Response,
    asked: Pick<RequestHead, "method" | "minor">,
    keepAlive: boolean,
  ): Promise<boolean> {
    const socket = { write: (bytes: Uint8Array) => this.#send(bytes) };
    const writer = new ResponseWriter(socket, response, asked, () => this.close());
    if (this.#isClosed || this.#source.isGone) {
      writer.cancel();
      throw new Error("the client has disconnected");
    }
    this.#writer = writer;
    try {
      const continues = keepAlive && writer.mayContinue && !this.#isLast;
      await writer.write(continues);
      return continues;
    } finally {
      this.#writer = undefined;
    }
  }

  async #send(bytes: Uint8Array): Promise<number> {
    this.#writingSince = performance.now();
    try {
      return await this.#socket.write(bytes);
    } finally {
      this.#writingSince = undefined;
    }
  }
}

/** A request whose `Host` is no host: its URL is as it was sent, so that the handler can refuse it. */
class UnnamedRequest extends Request {
  readonly #url: string;

  constructor(url: string, init: RequestInit) {
    super("http://invalid.invalid/", init);
    this.#url = url;
  }

  override get url(): string {
    return this.#url;
  }
}

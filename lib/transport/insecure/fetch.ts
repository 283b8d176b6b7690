/**
 * A `fetch` that accepts any certificate. The platform's own does so only if Deno was started with a flag
 * for it, for the whole process; `node:tls` can do so for one connection.
 *
 * @module
 */

import type { IncomingMessage } from "node:http";
import { Agent, request as sendRequest } from "node:https";
import type { Socket } from "node:net";
import type { ProxySource } from "../../http/address/proxy_url.ts";
import type { Dial } from "../connections/dialer.ts";
import { openInsecureTls, setFlow } from "./socket.ts";
import { openTunnel } from "./tunnel.ts";
import { deferred } from "../../stand_ins.ts";

export interface InsecureOptions {
  /** Returns the proxy for requests to a URL. */
  readonly proxyFor: (url: URL) => ProxySource | undefined;
  /** Opens connections to servers and proxies. */
  readonly dial: Dial;
  /** A certificate of the client, in PEM, and its private key. */
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** A `fetch`, and the connections that it keeps open until it is disposed. */
export interface InsecureFetch extends Disposable {
  /** Sends GET requests, without following redirects. */
  readonly fetch: typeof fetch;
}

/** Largest header of a response, as in the platform's client. */
const MAX_HEADER_BYTES = 400_000;

/** Statuses whose responses have no body. */
const BODILESS = new Set([101, 204, 205, 304]);

export class InsecureClient implements InsecureFetch {
  readonly #options: InsecureOptions;
  readonly #closing = new AbortController();
  /** By proxy: a connection through one is not one through another. */
  readonly #agents = new Map<string, Agent>();

  constructor(options: InsecureOptions) {
    this.#options = options;
  }

  readonly fetch: typeof fetch = async (input, init = {}) => {
    const isRequest = input instanceof Request;
    const url = new URL(isRequest ? input.url : input);
    if (url.protocol !== "https:") return await fetch(input, init);
    const own: RequestInit = isRequest ? { headers: input.headers, signal: input.signal } : {};
    return await send(url, { ...own, ...init }, this.#agentFor(url));
  };

  [Symbol.dispose](): void {
    this.#closing.abort(new Error("the client was closed"));
    for (const agent of this.#agents.values()) agent.destroy();
  }

  #agentFor(url: URL): Agent {
    const proxy = this.#options.proxyFor(url);
    const key = proxy?.client.url ?? "";
    const known = this.#agents.get(key);
    if (known !== undefined) return known;
    const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
    agent.createConnection = (wanted, done) => {
      this.#connect(wanted as Wanted, proxy)
        .then((socket) => done!(null, socket), (error) => done!(error, NONE));
      // It comes by the callback.
      return NONE;
    };
    this.#agents.set(key, agent);
    return agent;
  }

  async #connect(wanted: Wanted, proxy?: ProxySource): Promise<Socket> {
    const { dial, cert, key } = this.#options;
    const { host, port, servername, wantedUntil = this.#closing.signal } = wanted;
    const signal = AbortSignal.any([this.#closing.signal, wantedUntil]);
    let opened: Socket | undefined;
    const abort = () => opened?.destroy();
    signal.addEventListener("abort", abort);
    const dialHere = async (host: string, port: number) => opened = await dial(host, port, signal);
    try {
      const socket = proxy === undefined
        ? await dialHere(host, Number(port))
        : await openTunnel(proxy, host, Number(port), dialHere);
      return await openInsecureTls(socket, { servername: servername || undefined, cert, key });
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }
}

/** What an agent asks for: the options of the request that needs a connection. */
interface Wanted {
  readonly host: string;
  readonly port: number | string;
  readonly servername: string | undefined;
  /** Aborts with the request: a connection that is not open by then is closed. */
  readonly wantedUntil?: AbortSignal | undefined;
}

/** No socket, beside an error. */
const NONE = undefined as unknown as Socket;

async function send(url: URL, init: RequestInit, agent: Agent): Promise<Response> {
  const signal = init.signal ?? undefined;
  signal?.throwIfAborted();
  const { promise, resolve, reject } = deferred<Response>();
  const request = sendRequest(url, {
    ...{ agent, maxHeaderSize: MAX_HEADER_BYTES, wantedUntil: signal },
    headers: Object.fromEntries(new Headers(init.headers)),
  });
  const abort = () => {
    reject(signal!.reason);
    request.destroy();
  };
  signal?.addEventListener("abort", abort);
  request.once("close", () => signal?.removeEventListener("abort", abort));
  request.on("response", (message) => resolve(responseOf(message, signal)));
  request.on("upgrade", (message, socket) => {
    socket.destroy();
    resolve(responseOf(message, signal));
  });
  // Stays: after a response, its body has the error, too.
  request.on("error", (cause) => reject(new TypeError("fetch failed", { cause })));
  request.end();
  return await promise;
}

function responseOf(message: IncomingMessage, signal: AbortSignal | undefined): Response {
  const { statusCode: status = 0, statusMessage = "", rawHeaders } = message;
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    headers.append(rawHeaders[i]!, rawHeaders[i + 1]!);
  }
  const bodiless = BODILESS.has(status);
  if (bodiless) message.resume();
  const response = new Response(bodiless ? null : bodyOf(message, signal), {
    statusText: statusMessage,
    headers,
  });
  // The constructor accepts no status outside 200-599, but servers send them.
  Object.defineProperty(response, "status", { value: status });
  Object.defineProperty(response, "ok", { value: status >= 200 && status < 300 });
  return response;
}

/** Returns the body as a stream that is read no faster than its consumer reads. */
function bodyOf(
  message: IncomingMessage,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { socket } = message;
  message.pause();
  let over = false;
  return new ReadableStream({
    start(controller) {
      const finish = (error?: unknown) => {
        if (over) return;
        over = true;
        // Another response may follow.
        setFlow(socket, true);
        if (error === undefined) controller.close();
        else controller.error(error);
      };
      const broken = (cause?: unknown) =>
        signal?.aborted
          ? signal.reason
          : new TypeError("error reading a body from connection", { cause });
      message.on("data", (chunk: Uint8Array) => {
        if (over) return;
        message.pause();
        setFlow(socket, false);
        // This asks for more, if a reader waits. The reader keeps the bytes: never those of a larger
        // buffer that others use.
        controller.enqueue(new Uint8Array(chunk));
      });
      message.on("end", () => finish(message.complete ? undefined : broken()));
      message.on("error", (cause) => finish(broken(cause)));
      message.on("close", () => finish(broken()));
    },
    pull() {
      setFlow(socket, true);
      message.resume();
    },
    cancel() {
      over = true;
      message.destroy();
    },
  }, { highWaterMark: 0 });
}

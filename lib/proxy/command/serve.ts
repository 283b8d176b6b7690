/**
 * Runs a handler as an HTTP server with a graceful shutdown: after a signal it accepts no new
 * connections and gives running requests some time to finish.
 *
 * @module
 */

import { deadline } from "@std/async/deadline";
import { CommandError } from "../../command_line/command_error.ts";
import { StopSignals, stopSignals } from "../../command_line/process.ts";
import { describeError, redactLogText } from "../../http/address/redact.ts";
import { problemResponse } from "../answer/problem_response.ts";
import { hostOf, HttpListener } from "../listen/http_listener.ts";
import type { ConnectionCounts } from "../observe/metrics.ts";
import { asProblem } from "../problem.ts";
import { routeOf } from "../request/path.ts";
import { ExitCode } from "./flags.ts";

type Handler = (request: Request, info: Deno.ServeHandlerInfo) => Promise<Response>;

export interface ServeOptions {
  readonly host: string;
  /** The port; 0 picks a free one. */
  readonly port: number;
  /** A certificate and its private key, in PEM format. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** How long a request may take to arrive, in milliseconds. */
  readonly headerTimeoutMs: number;
  /** How long a connection may be idle between requests, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** A client that takes nothing for this long makes way for others, in milliseconds. */
  readonly stallTimeoutMs: number;
  readonly maxConnections: number;
  /** How long running requests may continue after a signal, in milliseconds. */
  readonly drainTimeoutMs: number;
  /** Called with the URL once the server listens. */
  readonly onListen: (url: string, connections: () => ConnectionCounts) => void;
  /** Called when the process is about to exit with requests still running. */
  readonly onCut?: (() => void) | undefined;
  readonly say: (line: string) => void;
}

/** How long to wait for idle connections to close, in milliseconds. */
const CLOSE_TIMEOUT_MS = 1000;

/**
 * Serves until SIGINT or SIGTERM. Requests still running after the drain timeout are aborted by the
 * process exit, which must follow.
 *
 * Rejects with a {@linkcode CommandError} when it cannot listen.
 */
export async function serve(handler: Handler, options: ServeOptions): Promise<void> {
  const { drainTimeoutMs, say, onCut = () => {} } = options;
  const stopped = Promise.withResolvers<void>();
  using _signals = new StopSignals(stopSignals("SIGINT", "SIGTERM"), {
    first: () => stopped.resolve(),
    again: onCut,
  });
  using _bugs = new BugReports(say);
  const running = new RunningRequests(handler, say);
  const server = listen(options, running);
  options.onListen(urlOf(server.addr, options), () => server.counts);
  await stopped.promise;
  const closed = server.shutdown();
  if (running.size > 0) {
    const seconds = drainTimeoutMs / 1000;
    say(`stopping: waiting up to ${seconds} s for ${requests(running.size)} to finish`);
    await deadline(running.none(), drainTimeoutMs).catch(() => {});
  }
  if (running.size > 0) {
    onCut();
    return say(`${requests(running.size)} aborted`);
  }
  running.endStreams();
  await deadline(closed, CLOSE_TIMEOUT_MS).catch(() => {});
}

function urlOf(address: Deno.NetAddr, { tls }: ServeOptions): string {
  return `${tls === undefined ? "http" : "https"}://${hostOf(address)}/`;
}

function requests(count: number): string {
  return count === 1 ? "1 request" : `${count} requests`;
}

function listen(options: ServeOptions, running: RunningRequests): HttpListener {
  const { host, port, tls } = options;
  try {
    return new HttpListener({
      ...options,
      hostname: host,
      handler: (request, info) => running.handle(request, info),
    });
  } catch (cause) {
    const why = cause instanceof Deno.errors.AddrInUse
      ? "already in use; choose another with --port, or a free one with --port 0"
      : describeError(cause);
    const how = tls === undefined ? "" : " with this certificate and key";
    throw new CommandError(
      ExitCode.FAILED,
      `cannot listen on ${host} port ${port}${how}: ${why}`,
      { cause },
    );
  }
}

/** Tracks requests until the last byte of their body is sent. */
class RunningRequests {
  readonly #handler: Handler;
  readonly #say: (line: string) => void;
  readonly #running = new Set<Deno.ServeHandlerInfo>();
  readonly #streams = new AbortController();
  #onNone = () => {};

  constructor(handler: Handler, say: (line: string) => void) {
    this.#handler = handler;
    this.#say = say;
  }

  /** Returns the number of running requests, without event streams, which never end. */
  get size(): number {
    return this.#running.size;
  }

  async handle(request: Request, info: Deno.ServeHandlerInfo): Promise<Response> {
    this.#running.add(info);
    const leave = () => this.#leave(info);
    info.completed.then(leave, leave);
    try {
      const response = await this.#handler(request, info);
      if (!response.ok || !isEndless(request)) return response;
      leave();
      return endable(response, this.#streams.signal);
    } catch (error) {
      this.#say(describeBug(error));
      return problemResponse(asProblem(error), request.method);
    }
  }

  none(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onNone = resolve;
    if (this.size === 0) resolve();
    return promise;
  }

  endStreams(): void {
    this.#streams.abort();
  }

  #leave(info: Deno.ServeHandlerInfo): void {
    this.#running.delete(info);
    if (this.size === 0) this.#onNone();
  }
}

/** Reports whether a request is for a stream that never ends, whatever a mirror calls its file. */
function isEndless({ url }: Request): boolean {
  return routeOf(url) === "/live";
}

/** Returns the response with a body that breaks off when the signal aborts. */
function endable(response: Response, signal: AbortSignal): Response {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  response.body?.pipeTo(writable, { signal }).catch(() => {});
  return new Response(readable, response);
}

/** Reports uncaught errors in a line each and keeps the process alive. */
class BugReports implements Disposable {
  readonly #report: (event: Event) => void;

  constructor(say: (line: string) => void) {
    this.#report = (event) => {
      event.preventDefault();
      const { reason, error = reason } = event as ErrorEvent & PromiseRejectionEvent;
      say(describeBug(error));
    };
    for (const name of KINDS) addEventListener(name, this.#report);
  }

  [Symbol.dispose](): void {
    for (const name of KINDS) removeEventListener(name, this.#report);
  }
}

const KINDS = ["error", "unhandledrejection"];

function describeBug(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `${redactLogText(text.replace(/\s+/g, " "))}; this is a bug in sphttp; still serving`;
}

/**
 * Listens, and ends well: after a signal nobody new is let in, and who is being served has some
 * time to get the rest. It knows nothing of what is served.
 *
 * @module
 */

import { CommandError } from "../../command_line/command_error.ts";
import { StopSignals, stopSignals } from "../../command_line/stop_signals.ts";
import { ExitCode } from "./flags.ts";
import { problemResponse } from "../answer/problem_response.ts";
import { asProblem } from "../problem.ts";
import { redactLogText } from "../../http/redact.ts";

/** Answers requests. */
type Handler = (request: Request, info: Deno.ServeHandlerInfo) => Promise<Response>;

/** Where and how to serve. */
export interface ServeOptions {
  /** The address to listen on. */
  readonly host: string;
  /** The port; 0 is any that is free. */
  readonly port: number;
  /** A certificate and its key, both in PEM. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** How long requests may go on after the signal, in milliseconds. */
  readonly drainTimeoutMs: number;
  /** Told the URL when it listens. */
  readonly onListen: (url: string) => void;
  /** Told that the process ends before all requests have been answered. */
  readonly onCut?: () => void;
  /** Takes what the operator is told, a line each. */
  readonly say: (line: string) => void;
}

/** For how long connections are waited for that have nothing more to get, in milliseconds. */
const CLOSING_MS = 1000;

/**
 * Serves until a signal says that it is enough. Requests that have not ended after the drain
 * timeout are cut when the process exits, which is to follow.
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
  options.onListen(urlOf(server.addr, options));
  await Promise.race([stopped.promise, server.finished]);
  const closed = server.shutdown();
  if (running.size > 0) {
    const seconds = drainTimeoutMs / 1000;
    say(`ends when ${requests(running.size)} ended, in ${seconds} s at the latest`);
    await within(drainTimeoutMs, running.none());
  }
  if (running.size > 0) {
    onCut();
    return say(`${requests(running.size)} been cut`);
  }
  running.endStreams();
  await within(CLOSING_MS, closed);
}

function urlOf({ hostname, port }: Deno.NetAddr, { tls }: ServeOptions): string {
  const scheme = tls === undefined ? "http" : "https";
  return `${scheme}://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}/`;
}

/** A number of requests, as a part of a sentence. */
function requests(count: number): string {
  return count === 1 ? "1 request has" : `${count} requests have`;
}

function listen(
  { host, port, tls }: ServeOptions,
  running: RunningRequests,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({
      hostname: host,
      port,
      ...tls,
      onListen: () => {},
      // Handlers do not throw: this is a body that breaks off, which the log has told of.
      onError: () => new Response(null, { status: 500 }),
    }, (request, info) => running.answer(request, info));
  } catch (cause) {
    const why = cause instanceof Deno.errors.AddrInUse
      ? "it is in use already; another one with --port, a free one with --port 0"
      : cause instanceof Error
      ? cause.message.replace(/\s+/g, " ")
      : String(cause);
    const how = tls === undefined ? "" : " with this certificate and key";
    throw new CommandError(
      ExitCode.FAILED,
      `cannot listen on port ${port} of ${host}${how}: ${why}`,
      { cause },
    );
  }
}

/** The requests that are being answered, to the last byte of the body. */
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

  /** How many there are; streams of events, which never end, are not counted. */
  get size(): number {
    return this.#running.size;
  }

  /** Answers a request. */
  async answer(request: Request, info: Deno.ServeHandlerInfo): Promise<Response> {
    this.#running.add(info);
    const leave = () => this.#leave(info);
    info.completed.then(leave, leave);
    try {
      const response = await this.#handler(request, info);
      if (response.headers.get("content-type") !== "text/event-stream") return response;
      leave();
      return endable(response, this.#streams.signal);
    } catch (error) {
      this.#say(bug(error));
      return problemResponse(asProblem(error), { head: request.method === "HEAD" });
    }
  }

  /** Fulfils when there are none. */
  none(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onNone = resolve;
    if (this.size === 0) resolve();
    return promise;
  }

  /** Ends the streams of events: who watched has nothing more to see. */
  endStreams(): void {
    this.#streams.abort();
  }

  #leave(info: Deno.ServeHandlerInfo): void {
    this.#running.delete(info);
    if (this.size === 0) this.#onNone();
  }
}

/** The response, whose body ends when the signal aborts. */
function endable(response: Response, signal: AbortSignal): Response {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  response.body?.pipeTo(writable, { signal }).catch(() => {});
  return new Response(readable, response);
}

/** What nobody caught is told in a line, and everybody else is served on. */
class BugReports implements Disposable {
  readonly #report: (event: Event) => void;

  constructor(say: (line: string) => void) {
    this.#report = (event) => {
      event.preventDefault();
      say(bug(event instanceof PromiseRejectionEvent ? event.reason : (event as ErrorEvent).error));
    };
    for (const name of KINDS) addEventListener(name, this.#report);
  }

  [Symbol.dispose](): void {
    for (const name of KINDS) removeEventListener(name, this.#report);
  }
}

const KINDS = ["error", "unhandledrejection"];

function bug(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `${redactLogText(text.replace(/\s+/g, " "))}; this is a bug in sphttp, it goes on`;
}

/** Waits for a promise, but not longer. */
async function within(milliseconds: number, promise: Promise<void>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

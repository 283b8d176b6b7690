/**
 * The request handler of the proxy: `/proxy/NAME?host=URL,URL`, its page, live progress, metrics and
 * health check. It can be mounted in any `Deno.serve`.
 *
 * @module
 */

import { keepConnections } from "../../mod.ts";
import { ClientSignal } from "./request/client_signal.ts";
import { FileService, type ProxyRequest } from "./answer/file_service.ts";
import { corsHeaders, isPreflight, protect } from "./answer/headers.ts";
import { HostCheck } from "./guard/host_check.ts";
import { LiveDownloads } from "./observe/live_downloads.ts";
import { type ConnectionCounts, Metrics } from "./observe/metrics.ts";
import { type ProxyOptions, resolveProxyOptions } from "./options.ts";
import { parsePath } from "./request/path.ts";
import { type BodyListener, CLIENT_CLOSED_REQUEST, RequestLog } from "./observe/request_log.ts";
import { problemResponse } from "./answer/problem_response.ts";
import { asProblem, Problem } from "./problem.ts";
import { Admission, type Ways } from "./request/admission.ts";

/** Handles requests to the proxy, and keeps connections to mirrors between downloads. */
export interface ProxyHandler extends AsyncDisposable {
  /** Responds to a request. */
  (request: Request, info?: Deno.ServeHandlerInfo): Promise<Response>;
  /** Logs the requests that are still running; call it before the process exits. */
  logUnfinished(): void;
  /** Returns the metrics, to serve them elsewhere than at `metricsPath`. */
  metrics(): Promise<Response>;
  /** Includes the connections of the server in the metrics. */
  countConnections(counts: () => ConnectionCounts): void;
  /**
   * Waits for the end of what it runs, also for clients that have gone, and closes the connections that it keeps. To
   * be called when the server has shut down; where the process ends then, it need not be.
   */
  [Symbol.asyncDispose](): Promise<void>;
}

const SESSION_METHODS = ["GET", "HEAD", "POST", "DELETE"];

/** How requests for files are admitted. */
const FILE_WAYS: Ways = { token: true, link: true };

type Route = (request: ProxyRequest) => Promise<Response> | Response;
type Routes = Readonly<Record<string, Route>>;

/**
 * Creates a handler.
 *
 * @example Serve the proxy beside other things
 * ```ts ignore
 * import { createHandler } from "@x/sphttp/server";
 *
 * const proxy = createHandler({ allowHosts: ["*.example.org"] });
 * Deno.serve((request) => new URL(request.url).pathname === "/hello"
 *   ? new Response("hello")
 *   : proxy(request));
 * ```
 *
 * @throws {TypeError | RangeError} when an option is invalid
 */
export function createHandler(options: ProxyOptions = {}): ProxyHandler {
  const { token, cors, onError, metricsPath, ...resolved } = resolveProxyOptions(options);
  const hosts = new HostCheck(resolved.ownHosts);
  const metrics = new Metrics();
  const live = new LiveDownloads();
  const log = new RequestLog(resolved);
  const running = new RunningWork();
  const files = new FileService({ token, cors, onError, metricsPath, ...resolved }, {
    metrics,
    live,
    running,
  });
  const admission = new Admission({ token, maxMirrors: resolved.maxMirrors });
  const metricsResponse = async () => textResponse(await metrics.text(), metrics.contentType);
  const routes: Routes = {
    ...routesOf(files, admission, resolved.maxMirrors),
    ...metricsPath !== false && { [metricsPath]: admitted(admission, metricsResponse) },
  };
  // A seek is a new download. Nothing below throws: what is held would be held for ever.
  const connections = keepConnections();
  const answer = async (request: Request, info?: Deno.ServeHandlerInfo): Promise<Response> => {
    const entry = log.start(request, info);
    using client = new ClientSignal(request);
    const { signal } = client;
    const response = await respond(request, { routes, hosts }, signal, entry).catch((error) => {
      if (signal.aborted) {
        entry.ended("cancelled");
        return new Response(null, { status: CLIENT_CLOSED_REQUEST });
      }
      const problem = asProblem(error);
      if (problem.status === 500) onError(problem.cause ?? problem);
      return problemResponse(problem, request.method);
    });
    protect(response.headers);
    for (const [name, value] of corsHeaders(cors, request)) response.headers.append(name, value);
    metrics.request(response.status);
    entry.responded(response);
    return request.method === "HEAD" ? unlessLength(response) : response;
  };
  const handle = (request: Request, info?: Deno.ServeHandlerInfo) =>
    running.add(answer(request, info));
  return Object.assign(handle, {
    logUnfinished: () => log.cancelAll(),
    metrics: metricsResponse,
    countConnections: (counts: () => ConnectionCounts) => metrics.countConnections(counts),
    [Symbol.asyncDispose]: async () => {
      await running.ended();
      connections[Symbol.dispose]();
    },
  });
}

/** Returns what responds at each path, but for the metrics. */
function routesOf(files: FileService, admission: Admission, maxMirrors: number): Routes {
  return {
    "/": async ({ request }) => {
      // Loaded on demand: players never ask for it.
      const { pageResponse } = await import("./page/page.ts");
      return pageResponse(request);
    },
    "/session": async ({ request }) => {
      const { sessionResponse } = await import("./page/session.ts");
      return await sessionResponse(request, admission);
    },
    "/link": admitted(admission, async ({ url }) => {
      const { linkResponse } = await import("./page/session.ts");
      return await linkResponse(url, admission, maxMirrors);
    }),
    "/proxy": admitted(admission, (request) => files.serve(request), FILE_WAYS),
    // A cache in front asks this before it hands out what it has.
    "/admission": async ({ request, url }) => await admission.check(request, url, FILE_WAYS),
    "/live": admitted(admission, (request) => files.watch(request), { link: true }),
    "/healthz": () => textResponse("ok\n", "text/plain"),
  };
}

/** Returns a route that requests take only if they are admitted. */
function admitted(admission: Admission, route: Route, ways: Ways = {}): Route {
  return async (request) => {
    await admission.admit(request.request, request.url, ways);
    return await route(request);
  };
}

/** What the proxy runs: each request until it has a response, and each download until it has ended. */
class RunningWork {
  readonly #running = new Set<Promise<void>>();

  /** Counts work as running until its promise settles; returns that. */
  add<Result>(work: Promise<Result>): Promise<Result> {
    const leave = () => void this.#running.delete(ended);
    const ended: Promise<void> = work.then(leave, leave);
    this.#running.add(ended);
    return work;
  }

  /** Resolves when nothing runs any more. */
  async ended(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}

async function respond(
  request: Request,
  { routes, hosts }: {
    readonly routes: Routes;
    readonly hosts: HostCheck;
  },
  signal: AbortSignal,
  listener: BodyListener,
): Promise<Response> {
  const url = URL.parse(request.url);
  if (url === null) throw new Problem(400, "the Host header is invalid");
  const { route: path, name } = parsePath(url.pathname);
  // A health check may use any name.
  if (path !== "/healthz") hosts.check(url);
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) {
    throw new Problem(
      404,
      "unknown path; files are at /proxy?host=URL,URL or /proxy/NAME?host=URL,URL",
    );
  }
  if (isPreflight(request)) return new Response(null, { status: 204 });
  const methods = path === "/session" ? SESSION_METHODS : ["GET", "HEAD"];
  if (!methods.includes(request.method)) {
    throw new Problem(405, `this path supports ${methods.join(", ")}`, {
      headers: { allow: methods.join(", ") },
    });
  }
  const response = await route({ request, url, name, signal, listener });
  if (request.method !== "HEAD" || response.body === null) return response;
  await response.body.cancel();
  return new Response(null, response);
}

/**
 * Keeps the server from adding `Content-Length: 0` to the response to a HEAD whose GET has a body of
 * unknown length: it does so for a response without a body, and does not read the body of others.
 */
function unlessLength(response: Response): Response {
  const hasBody = response.ok && response.status !== 204 && response.status !== 205;
  if (!hasBody || response.headers.has("content-length")) return response;
  return new Response(new ReadableStream(), response);
}

function textResponse(text: string, contentType: string): Response {
  const body = new TextEncoder().encode(text);
  const headers = { "content-type": contentType, "content-length": `${body.byteLength}` };
  return new Response(body, { headers });
}

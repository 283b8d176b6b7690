/**
 * What the proxy answers: `GET|HEAD /proxy?host=URL,URL` and what belongs to it. It mounts in
 * anybody's `Deno.serve`. Follows RFC 9110 sections 13 (preconditions), 14 (ranges) and 15.
 *
 * @module
 */

import { accessLine } from "./access_log.ts";
import { corsHeaders, isPreflight } from "./headers.ts";
import type { DeliveryOutcome } from "./delivery.ts";
import { FileService } from "./file_service.ts";
import { LiveDownloads } from "./live.ts";
import { Metrics } from "./metrics.ts";
import type { ProxyOptions } from "./options.ts";
import { pageResponse } from "./page.ts";
import { asProblem, Problem, problemResponse } from "./problem.ts";
import { isAuthorized } from "./token.ts";

/** Answers requests. */
export interface ProxyHandler {
  /** Answers one request. */
  (request: Request, info?: Deno.ServeHandlerInfo): Promise<Response>;
}

/** Ends of requests, for the log. */
export type Ended = (outcome: DeliveryOutcome, bytes: number) => void;

type Route = (request: Request, url: URL, ended: Ended) => Promise<Response> | Response;

/**
 * Makes a handler.
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
 */
export function createHandler(options: ProxyOptions = {}): ProxyHandler {
  const metrics = new Metrics();
  const live = new LiveDownloads();
  const files = new FileService(options, { metrics, live });
  const guarded = (route: Route): Route => (request, url, ended) => {
    if (!isAuthorized(request, url, options.token)) {
      throw new Problem(401, "this proxy wants its token, as token=… or Authorization: Bearer …", {
        headers: { "www-authenticate": "Bearer" },
      });
    }
    url.searchParams.delete("token");
    return route(request, url, ended);
  };
  const routes: Readonly<Record<string, Route>> = {
    "/": () => pageResponse(),
    "/proxy": guarded((request, url, ended) => files.answer(request, url, ended)),
    "/live": guarded((_request, url, ended) => files.watch(url, ended)),
    "/healthz": () => textResponse("ok\n", "text/plain"),
    "/metrics": guarded(async () => textResponse(await metrics.text(), metrics.contentType)),
  };
  return async (request, info) => {
    const log = startEntry(request, info, options);
    const response = await respond(request, routes, log.ended).catch((error) => {
      const problem = asProblem(error);
      if (problem.status === 500) options.onError?.(problem.cause ?? problem);
      return problemResponse(problem, { head: request.method === "HEAD" });
    });
    for (const [name, value] of corsHeaders(options.cors, request)) {
      response.headers.append(name, value);
    }
    metrics.request(response.status);
    log.answered(response);
    return response;
  };
}

async function respond(
  request: Request,
  routes: Readonly<Record<string, Route>>,
  ended: Ended,
): Promise<Response> {
  const url = new URL(request.url);
  const route = Object.hasOwn(routes, url.pathname) ? routes[url.pathname] : undefined;
  if (route === undefined) {
    throw new Problem(404, `there is nothing at this path; files are at /proxy?host=URL,URL`);
  }
  if (isPreflight(request)) return new Response(null, { status: 204 });
  if (request.method !== "GET" && request.method !== "HEAD") {
    throw new Problem(405, "only GET and HEAD are answered here", {
      headers: { allow: "GET, HEAD" },
    });
  }
  const response = await route(request, url, ended);
  if (request.method === "GET" || response.body === null) return response;
  await response.body.cancel();
  return new Response(null, response);
}

function textResponse(text: string, contentType: string): Response {
  const body = new TextEncoder().encode(text);
  const headers = { "content-type": contentType, "content-length": `${body.byteLength}` };
  return new Response(body, { headers });
}

/** Routes whose answers last; they tell when they have ended. */
const STREAMING = ["/proxy", "/live"];

/** Gathers what the log says of a request: its end comes after its answer. */
function startEntry(
  request: Request,
  info: Deno.ServeHandlerInfo | undefined,
  { log, logFormat }: ProxyOptions,
): { answered: (response: Response) => void; ended: Ended } {
  const time = Date.now();
  const startedAt = performance.now();
  // Not known any more when the client has left.
  const remote = info?.remoteAddr;
  const client = remote !== undefined && "hostname" in remote ? remote.hostname : "-";
  let status: number | undefined;
  let body: { outcome: DeliveryOutcome; bytes: number } | undefined;
  let streamed = false;
  let length = 0;
  const write = () => {
    if (status === undefined || (streamed && body === undefined)) return;
    const {
      outcome = status < 400 ? "complete" : status === 503 ? "refused" : "failed",
      bytes = length,
    } = body ?? {};
    const { method, url, headers } = request;
    const range = headers.get("range") ?? undefined;
    const durationMs = performance.now() - startedAt;
    log?.(accessLine(
      { time, client, method, url, status, bytes, durationMs, range, outcome },
      logFormat,
    ));
  };
  return {
    answered: (response) => {
      status = response.status;
      if (response.body !== null) {
        streamed = response.ok && STREAMING.includes(new URL(request.url).pathname);
        length = Number(response.headers.get("content-length"));
      }
      write();
    },
    ended: (outcome, bytes) => {
      if (body !== undefined) return;
      body = { outcome, bytes };
      write();
    },
  };
}

/**
 * Where the command serves its metrics: at a path of the proxy, or at an address of their own. They
 * name the hosts of mirrors that others use, so clients of an open proxy do not get them.
 *
 * @module
 */

import { CommandError, usageError } from "../../command_line/command_error.ts";
import { describeError } from "../../http/address/redact.ts";
import { problemResponse } from "../answer/problem_response.ts";
import { HostCheck } from "../guard/host_check.ts";
import { parseHostPattern } from "../guard/host_pattern.ts";
import { parseIpAddress } from "../guard/ip_address.ts";
import { HttpListener } from "../listen/http_listener.ts";
import { isMetricsPath } from "../options.ts";
import { asProblem, Problem } from "../problem.ts";
import { ExitCode } from "./flags.ts";

/** A path of the proxy, an address of their own, or nowhere. */
export type MetricsPlace =
  | { readonly type: "path"; readonly path: string }
  | { readonly type: "address"; readonly hostname: string; readonly port: number }
  | { readonly type: "none" };

/** Parses `/PATH`, `PORT`, `HOST:PORT` or `none`. */
export function parseMetricsPlace(flag: string, text: string): MetricsPlace {
  if (text === "none") return { type: "none" };
  if (isMetricsPath(text)) return { type: "path", path: text };
  const [, host = "127.0.0.1", digits] = /^(?:(\[[\da-f:.]+\]|[\w.-]+):)?(\d{1,5})$/i.exec(text) ??
    [];
  const hostname = host.replace(/^\[(.*)\]$/, "$1");
  if (digits !== undefined && Number(digits) <= 65535) {
    return { type: "address", hostname, port: Number(digits) };
  }
  throw usageError(`${flag} is "${text}", but must be a /PATH, a PORT, HOST:PORT or none`);
}

/** Returns patterns of the names and addresses at which a listener at `host` is reached. */
export function listenedOn(host: string): string[] {
  const address = parseIpAddress(host);
  // A name of another site cannot be one of these addresses.
  if (address?.bits === 0n) return ["0.0.0.0/0", "::/0"];
  return parseHostPattern(host) === undefined ? [] : [host];
}

/** Few programs collect metrics, and each reads them at once. */
const LIMITS = {
  maxConnections: 8,
  headerTimeoutMs: 15_000,
  idleTimeoutMs: 120_000,
  stallTimeoutMs: 15_000,
};

/** Serves metrics at an address of their own, until it is disposed of; `say` reports what the operator should know. */
export function serveMetrics(
  { hostname, port }: Extract<MetricsPlace, { type: "address" }>,
  metrics: () => Promise<Response>,
  say: (line: string) => void,
): AsyncDisposable {
  const hosts = new HostCheck(listenedOn(hostname));
  const respond = async (request: Request): Promise<Response> => {
    const url = URL.parse(request.url);
    if (url === null) throw new Problem(400, "the Host header is invalid");
    hosts.check(url);
    if (url.pathname !== "/metrics") throw new Problem(404, "only /metrics is here");
    if (request.method !== "GET") {
      throw new Problem(405, "this path supports GET", { headers: { allow: "GET" } });
    }
    return await metrics();
  };
  const handler = (request: Request) =>
    respond(request).catch((error) => problemResponse(asProblem(error), request.method));
  try {
    const listener = new HttpListener({
      ...LIMITS,
      hostname,
      port,
      handler,
      say: (line) => say(`metrics: ${line}`),
    });
    return { [Symbol.asyncDispose]: () => listener.shutdown() };
  } catch (cause) {
    throw new CommandError(
      ExitCode.FAILED,
      `cannot listen on ${hostname} port ${port} for the metrics: ${describeError(cause)}`,
      { cause },
    );
  }
}

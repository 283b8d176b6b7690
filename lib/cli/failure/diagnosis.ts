/**
 * Finds out why a mirror could not be reached. `fetch` reports that as text only, so each step is tried
 * again: the name lookup, the connection, the TLS handshake. Sends no request.
 *
 * @module
 */

import { bareHost, portOf } from "../../http/address/host.ts";
import { parseProxyUrl } from "../../http/address/proxy_url.ts";
import { ExitCode } from "./exit_code.ts";
import { deferred } from "../../stand_ins.ts";

/** The time limit for one diagnosis, in milliseconds. */
const LIMIT_MS = 2000;

/** Returns the exit code for a mirror that did not respond. */
export async function diagnoseConnection(
  url: string,
  phase: "connect" | "headers",
  caCerts: readonly string[] = [],
): Promise<ExitCode> {
  return await inTime((signal) => diagnose(new URL(url), phase, caCerts, signal));
}

/** Returns the exit code for a mirror that could not be reached through a proxy. */
export async function diagnoseProxy(proxy: string | URL): Promise<ExitCode> {
  return await inTime(async () => {
    const { host, port } = parseProxyUrl(proxy);
    return await resolves(host) ? await diagnoseSilence(host, port) : ExitCode.PROXY;
  });
}

/** Limits the time of a diagnosis; a host that does not respond in time cannot be connected to. */
async function inTime(diagnose: (signal: AbortSignal) => Promise<ExitCode>): Promise<ExitCode> {
  const limit = deferred<ExitCode>();
  const timer = setTimeout(() => limit.resolve(ExitCode.CONNECT), LIMIT_MS);
  const controller = new AbortController();
  try {
    return await Promise.race([limit.promise, diagnose(controller.signal)]);
  } finally {
    clearTimeout(timer);
    controller.abort();
  }
}

async function diagnose(
  url: URL,
  phase: "connect" | "headers",
  caCerts: readonly string[],
  signal: AbortSignal,
): Promise<ExitCode> {
  const host = bareHost(url.hostname);
  const port = portOf(url);
  if (!await resolves(host)) return ExitCode.HOST;
  if (phase === "headers") return await diagnoseSilence(host, port);
  if (url.protocol !== "https:") return ExitCode.CONNECT;
  return await diagnoseTls(host, port, caCerts, signal);
}

async function resolves(host: string): Promise<boolean> {
  const { lookup } = await import("node:dns/promises");
  return await lookup(host).then(() => true, () => false);
}

/** Checks whether a host that has responded before still accepts connections. */
async function diagnoseSilence(hostname: string, port: number): Promise<ExitCode> {
  try {
    using _connection = await Deno.connect({ hostname, port });
    return ExitCode.RECEIVE;
  } catch {
    return ExitCode.CONNECT;
  }
}

/**
 * Tries a handshake that accepts any certificate: if it succeeds, the certificate was the problem.
 * `Deno.connectTls` has the same class of error for both.
 */
async function diagnoseTls(
  host: string,
  port: number,
  caCerts: readonly string[],
  signal: AbortSignal,
): Promise<ExitCode> {
  const { connect } = await import("node:tls");
  const { isIP } = await import("node:net");
  const { promise, resolve } = deferred<ExitCode>();
  let connected = false;
  const socket = connect({
    host,
    port,
    rejectUnauthorized: false,
    servername: isIP(host) === 0 ? host : undefined,
    ca: caCerts.length > 0 ? [...caCerts] : undefined,
  });
  const destroy = () => socket.destroy();
  signal.addEventListener("abort", destroy);
  socket.once("connect", () => connected = true);
  socket.once("secureConnect", () => resolve(ExitCode.CERTIFICATE));
  socket.once("error", () => resolve(connected ? ExitCode.TLS : ExitCode.CONNECT));
  socket.once("close", () => resolve(connected ? ExitCode.TLS : ExitCode.CONNECT));
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", destroy);
    socket.destroy();
  }
}

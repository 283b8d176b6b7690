/**
 * Parses the arguments of the proxy's command. A usage error names the option, its value, and what is
 * accepted instead.
 *
 * @module
 */

import type { DeliverAfter } from "../../../mod.ts";
import { type CommandError, usageError } from "../../command_line/command_error.ts";
import { type ParsedFlags, parseFlags } from "../../command_line/flag_parser.ts";
import { parseFile, parsePositive, parseSeconds, readSize } from "../../command_line/values.ts";
import { LEAST_SHARE } from "../capacity/memory_budget.ts";
import { HOST_PATTERNS, parseHostPattern } from "../guard/host_pattern.ts";
import { ANY_HOST } from "../guard/host_check.ts";
import { isLoopback } from "../guard/ip_address.ts";
import type { ProxyOptions } from "../options.ts";
import { FLAGS } from "./flags.ts";
import { type LinkArguments, parseLinkArguments } from "./link.ts";
import { listenedOn, type MetricsPlace, parseMetricsPlace } from "./metrics_place.ts";
import { parseToken, type TokenSource, tokenSource } from "./token_source.ts";

/** The parsed arguments: what the command should do. */
export type ProxyArguments =
  | { readonly type: "help"; readonly topic: "common" | "all" }
  | { readonly type: "version" }
  | LinkArguments
  | ServeArguments;

export interface ServeArguments {
  readonly type: "serve";
  readonly host: string;
  /** The port; 0 picks a free one. */
  readonly port: number;
  /** The files with the certificate and its private key. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** A file with CA certificates to trust when connecting to mirrors. */
  readonly caCertFile: string | undefined;
  /** The time that downloads get to finish after a signal, in milliseconds. */
  readonly drainTimeoutMs: number;
  /** How long a request may take to arrive, in milliseconds. */
  readonly headerTimeoutMs: number;
  /** How long a connection may be idle between requests, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** A client that takes nothing for this long makes way for others, in milliseconds. */
  readonly stallTimeoutMs: number;
  /** Maximum number of connections of clients; `undefined` for the default. */
  readonly maxConnections: number | undefined;
  /** The format of the access log; `undefined` for none. */
  readonly logFormat: "text" | "json" | undefined;
  readonly warning: string | undefined;
  /** The address for metrics alone, if there is one. */
  readonly metrics: Extract<MetricsPlace, { readonly type: "address" }> | undefined;
  /** `undefined` if no token is required. */
  readonly token: TokenSource | undefined;
  readonly options: ProxyOptions;
}

/**
 * Parses the command line. Rejects with a usage error when it is invalid.
 *
 * @param environmentToken the token in the environment
 */
export async function parseArguments(
  args: readonly string[],
  environmentToken?: string,
): Promise<ProxyArguments> {
  if (args[0] === "link") return await parseLinkArguments(args.slice(1), environmentToken);
  const flags = await parseFlags("sphttp-proxy", args, FLAGS);
  const { rest, has, given } = flags;
  if (has("help")) return { type: "help", topic: rest[0] === "all" ? "all" : "common" };
  if (rest.length > 0) {
    throw usageError(
      `unexpected argument "${rest[0]}"; name mirrors in requests: /proxy?host=URL,URL`,
    );
  }
  if (has("version")) return { type: "version" };
  const host = given("host", parseHost) ?? "127.0.0.1";
  const certFile = given("cert", parseFile);
  const keyFile = given("key", parseFile);
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw usageError("--cert and --key must be used together: a certificate and its private key");
  }
  const options = handlerOptions(flags, host);
  const token = tokenSource(
    given("token", parseToken),
    given("token-file", parseFile),
    environmentToken,
  );
  const isLocal = isLoopback(host) || host.toLowerCase() === "localhost";
  const guarded = token !== undefined || options.allowHosts !== undefined;
  if (!guarded && !has("open") && !isLocal) throw unguarded(host);
  // Everyone may come to loopback, too, through a server in front.
  const isPrivate = token !== undefined || (isLocal && !has("open"));
  const metrics = given("metrics", parseMetricsPlace) ??
    (isPrivate ? { type: "path", path: "/metrics" } as const : { type: "none" } as const);
  return {
    type: "serve",
    host,
    port: given("port", parsePort) ?? 8080,
    tls: certFile === undefined ? undefined : { certFile, keyFile: keyFile! },
    caCertFile: given("cacert", parseFile),
    drainTimeoutMs: given("drain-timeout", parseWait) ?? 30_000,
    headerTimeoutMs: given("header-timeout", parseTimeout) ?? 15_000,
    idleTimeoutMs: given("idle-timeout", parseTimeout) ?? 60_000,
    stallTimeoutMs: options.stallTimeoutMs ?? 120_000,
    maxConnections: given("max-connections", parsePositive),
    logFormat: has("log") ? given("log", parseLogFormat) : "text",
    warning: guarded || isLocal
      ? undefined
      : `--open on ${host} lets everyone who can reach it fetch from every ` +
        (options.allowPrivate ? "host, including those on your network" : "public host"),
    metrics: metrics.type === "address" ? metrics : undefined,
    token,
    options: { ...options, metricsPath: metrics.type === "path" ? metrics.path : false },
  };
}

/** Returns the options of the handler, but for the metrics. */
function handlerOptions(
  { has, given, each }: ParsedFlags<typeof FLAGS[number]["name"]>,
  host: string,
): ProxyOptions {
  const hosts = each("allow-host", parsePattern);
  const origins = each("cors", parseOrigin);
  return {
    allowPrivate: has("allow-private") ? true : undefined,
    allowDowngrade: has("allow-downgrade") ? true : undefined,
    discoverMirrors: has("discover-mirrors") ? true : undefined,
    allowHosts: hosts.length > 0 ? hosts : undefined,
    ownHosts: [...listenedOn(host), ...each("public-name", parsePublicName)],
    maxMirrors: given("max-mirrors", parsePositive),
    maxDownloads: given("max-downloads", parsePositive),
    memory: given("memory", parseMemory),
    cors: origins.length === 0 ? undefined : origins.includes("*") ? "*" as const : origins,
    rememberMs: given("remember", parseWait),
    trustDates: has("trust-dates") ? true : undefined,
    retryMaxMs: given("retry-max-time", parseWait),
    stallTimeoutMs: given("stall-timeout", parseWait),
    download: { deliverAfter: given("deliver-after", parseDeliverAfter) },
  };
}

function unguarded(host: string): CommandError {
  return usageError(
    `--host ${host} lets others reach the proxy, and every public host through it; also use ` +
      "--token-file FILE or --token TOKEN (clients that have it), --allow-host PATTERN (these " +
      "mirrors only) or --open (everyone)",
  );
}

/** Parses a size like `256M`, at least enough for one download. */
function parseMemory(flag: string, text: string): number {
  const size = readSize(text);
  if (size === undefined || size < LEAST_SHARE) {
    throw usageError(
      `${flag} is "${text}", but must be a size of at least ${
        LEAST_SHARE / 2 ** 20
      }M, like 256M or 1G`,
    );
  }
  return size;
}

function parsePort(flag: string, text: string): number {
  if (!/^\d+$/.test(text) || Number(text) > 65535) {
    throw usageError(`${flag} is "${text}", but must be a port from 0 to 65535`);
  }
  return Number(text);
}

/** Parses seconds, 0 included, into milliseconds. */
function parseWait(flag: string, text: string): number {
  return parseSeconds(flag, text, 0);
}

/** Parses seconds, at least a hundredth, into milliseconds. */
function parseTimeout(flag: string, text: string): number {
  return parseSeconds(flag, text, 10);
}

/** Parses an address to listen on, or its name. */
function parseHost(flag: string, text: string): string {
  if (!/^[\w.:%[\]-]+$/.test(text)) {
    throw usageError(`${flag} is "${text}", but must be an address like 127.0.0.1 or 0.0.0.0`);
  }
  return text;
}

function parsePublicName(flag: string, text: string): string {
  if (text !== ANY_HOST && parseHostPattern(text) === undefined) {
    throw usageError(`${flag} is "${text}", but must be * or ${HOST_PATTERNS}`);
  }
  return text;
}

function parsePattern(flag: string, text: string): string {
  if (parseHostPattern(text) === undefined) {
    throw usageError(`${flag} is "${text}", but must be ${HOST_PATTERNS}`);
  }
  return text;
}

/** Parses the origin of pages, or `*` for all. */
function parseOrigin(flag: string, text: string): string {
  if (text === "*") return text;
  const origin = URL.parse(text)?.origin;
  if (origin !== text || origin === "null") {
    const meant = origin === undefined || origin === "null" ? "" : `; did you mean ${origin}?`;
    throw usageError(
      `${flag} is "${text}", but must be * or an origin like https://a.example${meant}`,
    );
  }
  return text;
}

function parseDeliverAfter(flag: string, text: string): DeliverAfter {
  if (text === "agreement" || text === "first-answer") return text;
  throw usageError(`${flag} is "${text}", but must be agreement or first-answer`);
}

/** Parses the format of the access log; `undefined` means none. */
function parseLogFormat(flag: string, text: string): "text" | "json" | undefined {
  if (text !== "text" && text !== "json" && text !== "none") {
    throw usageError(`${flag} is "${text}", but must be text, json or none`);
  }
  return text === "none" ? undefined : text;
}

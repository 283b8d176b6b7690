/**
 * The arguments of the proxy's command: checked, and turned into what is to be served. What cannot
 * be meant is a usage error that names the flag, its value, and what is accepted.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";
import { parseFlags } from "../../command_line/flag_parser.ts";
import { parseFile, parsePositive, parseSeconds, readSize } from "../../command_line/values.ts";
import { withoutUndefined } from "../../command_line/without_undefined.ts";
import { LEAST_SHARE } from "../capacity/memory_budget.ts";
import { parseHostPattern } from "../guard/host_pattern.ts";
import { isLoopback } from "../guard/ip_address.ts";
import type { ProxyOptions } from "../options.ts";
import { FLAGS } from "./flags.ts";

/** What is to be done. */
export type ProxyArguments =
  | { readonly type: "help" }
  | { readonly type: "version" }
  | ServeArguments;

/** A proxy to be run. */
export interface ServeArguments {
  readonly type: "serve";
  /** The address to listen on. */
  readonly host: string;
  /** The port; 0 is any that is free. */
  readonly port: number;
  /** Files of a certificate and its key. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** A file of certificates of mirrors to trust. */
  readonly caCertFile: string | undefined;
  /** How long downloads may go on at the end, in milliseconds. */
  readonly drainTimeoutMs: number;
  /** How access lines are written; `undefined` for not at all. */
  readonly logFormat: "text" | "json" | undefined;
  /** What the operator should know. */
  readonly warning: string | undefined;
  /** Options of the proxy. */
  readonly options: ProxyOptions;
}

/** Understands a command line. Rejects with a usage error when it makes no sense. */
export async function parseArguments(args: readonly string[]): Promise<ProxyArguments> {
  const { rest, has, given, each } = await parseFlags("sphttp-proxy", args, FLAGS);
  if (rest.length > 0) {
    throw usageError(
      `"${rest[0]}" is no flag; mirrors are named in requests: /proxy?host=URL,URL`,
    );
  }
  if (has("help")) return { type: "help" };
  if (has("version")) return { type: "version" };
  const host = given("host", parseHost) ?? "127.0.0.1";
  const certFile = given("cert", parseFile);
  const keyFile = given("key", parseFile);
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw usageError("--cert and --key belong together: a certificate, and its private key");
  }
  const hosts = each("allow-host", parsePattern);
  const origins = each("cors", parseOrigin);
  const options = withoutUndefined({
    allowPrivate: has("allow-private") ? true : undefined,
    allowHosts: hosts.length > 0 ? hosts : undefined,
    token: given("token", parseToken),
    maxMirrors: given("max-mirrors", parsePositive),
    maxDownloads: given("max-downloads", parsePositive),
    memory: given("memory", parseMemory),
    cors: origins.length === 0 ? undefined : origins.includes("*") ? "*" as const : origins,
    rememberMs: given("remember", parseWait),
  });
  const isLocal = isLoopback(host) || host.toLowerCase() === "localhost";
  const guarded = options.token !== undefined || hosts.length > 0;
  if (!guarded && !has("open") && !isLocal) {
    throw usageError(
      `--host ${host} lets others reach the proxy, and every public host through it; say whom it ` +
        `is for: --token TOKEN (who knows it), --allow-host PATTERN (these mirrors only) ` +
        `or --open (everybody)`,
    );
  }
  return {
    type: "serve",
    host,
    port: given("port", parsePort) ?? 8080,
    tls: certFile === undefined ? undefined : { certFile, keyFile: keyFile! },
    caCertFile: given("cacert", parseFile),
    drainTimeoutMs: given("drain-timeout", parseWait) ?? 30_000,
    logFormat: has("log") ? given("log", parseLogFormat) : "text",
    warning: guarded || isLocal
      ? undefined
      : `--open on ${host} lets everybody who can reach it fetch through it from every ` +
        (options.allowPrivate ? "host, those of your own network too" : "public host"),
    options,
  };
}

/** Memory for downloads in bytes, enough for one: `256M`, `1GiB`; the units are binary. */
function parseMemory(flag: string, text: string): number {
  const size = readSize(text);
  if (size === undefined || size < LEAST_SHARE) {
    throw usageError(
      `${flag} is "${text}", but must be a whole number of bytes from ${LEAST_SHARE / 2 ** 20}M ` +
        `up like 256M or 1G`,
    );
  }
  return size;
}

/** A TCP port. */
function parsePort(flag: string, text: string): number {
  if (!/^\d+$/.test(text) || Number(text) > 65535) {
    throw usageError(`${flag} is "${text}", but must be a whole number from 0 to 65535`);
  }
  return Number(text);
}

/** Seconds, as milliseconds; none at all will do, too. */
function parseWait(flag: string, text: string): number {
  return parseSeconds(flag, text, 0);
}

/** An address to listen on, or a name of one. */
function parseHost(flag: string, text: string): string {
  if (!/^[\w.:%[\]-]+$/.test(text)) {
    throw usageError(`${flag} is "${text}", but must be an address like 127.0.0.1 or 0.0.0.0`);
  }
  return text;
}

/** A token that fits a header; it is a secret, and never shown. */
function parseToken(flag: string, text: string): string {
  if (!/^[\x21-\x7e]+$/.test(text)) {
    throw usageError(`${flag} must be one or more visible ASCII characters without spaces`);
  }
  return text;
}

/** Hosts that may be mirrors. */
function parsePattern(flag: string, text: string): string {
  try {
    parseHostPattern(text);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw usageError(error.message.replace("allowHosts has", `${flag} is`), { cause: error });
  }
  return text;
}

/** The origin of pages, or `*` for all. */
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

/** How access lines are written; `undefined` for not at all. */
function parseLogFormat(flag: string, text: string): "text" | "json" | undefined {
  if (text !== "text" && text !== "json" && text !== "none") {
    throw usageError(`${flag} is "${text}", but must be text, json or none`);
  }
  return text === "none" ? undefined : text;
}

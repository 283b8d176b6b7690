/**
 * The command `sphttp-proxy`: understands its flags, reads the files that they name, and serves.
 * Access lines go to stdout, everything else that it says to stderr.
 *
 * @module
 */

import { CommandError, usageError } from "../../command_line/command_error.ts";
import { parseFlags } from "../../command_line/flag_parser.ts";
import { parseFile, parsePositive } from "../../command_line/values.ts";
import { withoutUndefined } from "../../command_line/without_undefined.ts";
import { writeText } from "../../command_line/write_text.ts";
import { VERSION } from "../../version.ts";
import { ExitCode } from "./exit_code.ts";
import { FLAGS, helpText } from "./flags.ts";
import { classifyAddress, parseIpAddress } from "../guard/ip_address.ts";
import type { ProxyOptions } from "../options.ts";
import { describeError, redactLogText } from "../../http/redact.ts";
import {
  parseHost,
  parseLogFormat,
  parseMemory,
  parseOrigin,
  parsePattern,
  parsePort,
  parseToken,
  parseWait,
} from "./arguments.ts";

/** What is to be done. */
export type Command = { readonly type: "help" } | { readonly type: "version" } | ServeCommand;

/** A proxy to be run. */
export interface ServeCommand {
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

/** Runs the command with the given arguments; resolves to its exit code, and never rejects. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    await run(args);
    return ExitCode.OK;
  } catch (error) {
    if (error instanceof CommandError) {
      say(error.message);
      return error.exitCode;
    }
    say(`${describeError(error)}; this is a bug in sphttp`);
    return ExitCode.FAILED;
  }
}

async function run(args: readonly string[]): Promise<void> {
  const command = await parseCommand(args);
  if (command.type === "version") return writeText(Deno.stdout, `sphttp-proxy ${VERSION}\n`);
  if (command.type === "help") return writeText(Deno.stdout, helpText(VERSION));
  // The proxy is loaded only when there is something to serve.
  const [{ createHandler }, { serve }, { expectLateAborts }] = await Promise.all([
    import("../handler.ts"),
    import("./serve.ts"),
    import("../request/client_signal.ts"),
  ]);
  expectLateAborts();
  const { tls, caCertFile, logFormat, host, port, drainTimeoutMs, warning } = command;
  const handler = createHandler({
    ...command.options,
    ...(caCertFile !== undefined && { download: { caCerts: [await readAuthorities(caCertFile)] } }),
    ...(logFormat !== undefined && {
      log: (line: string) => writeText(Deno.stdout, `${line}\n`),
      logFormat,
    }),
    onError: (error) =>
      say(`a request failed inside: ${describeError(error)}; this is a bug in sphttp`),
  });
  const pair = tls && {
    cert: await readPem("--cert", tls.certFile, "CERTIFICATE"),
    key: await readPem("--key", tls.keyFile, "PRIVATE KEY"),
  };
  await dropPermissions();
  if (warning !== undefined) say(`warning: ${warning}`);
  const onListen = (url: string) =>
    writeText(
      Deno.stderr,
      `sphttp-proxy ${VERSION} listens on ${url} (try …/proxy?host=URL,URL)\n`,
    );
  const onCut = () => handler.cut();
  await serve(handler, { host, port, tls: pair, drainTimeoutMs, onListen, onCut, say });
}

/** Understands a command line. Rejects with a usage error when it makes no sense. */
export async function parseCommand(args: readonly string[]): Promise<Command> {
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
  const guarded = options.token !== undefined || hosts.length > 0;
  if (!guarded && !has("open") && !isLoopback(host)) {
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
    warning: guarded || isLoopback(host)
      ? undefined
      : `--open on ${host} lets everybody who can reach it fetch through it from every ` +
        (options.allowPrivate ? "host, those of your own network too" : "public host"),
    options,
  };
}

/** Whether only this machine can reach the address. */
function isLoopback(host: string): boolean {
  const address = parseIpAddress(host.replace(/^\[|\]$/g, ""));
  if (address !== undefined) return classifyAddress(address) === "loopback";
  return host.toLowerCase() === "localhost";
}

async function readAuthorities(file: string): Promise<string> {
  const pem = await readPem("--cacert", file, "CERTIFICATE");
  try {
    Deno.createHttpClient({ caCerts: [pem] }).close();
  } catch (cause) {
    throw usageError(`--cacert ${file} cannot be used: ${describeError(cause)}`, { cause });
  }
  return pem;
}

async function readPem(flag: string, file: string, label: string): Promise<string> {
  let text;
  try {
    text = await Deno.readTextFile(file);
  } catch (cause) {
    throw usageError(`${flag} ${file} cannot be read: ${describeError(cause)}`, { cause });
  }
  if (!text.includes(`${label}-----`)) {
    throw usageError(`${flag} ${file} has no ${label.toLowerCase()} in PEM format`);
  }
  return text;
}

/** From here on the proxy needs the net only; what `-A` gave besides cannot be misused. */
async function dropPermissions(): Promise<void> {
  for (const name of ["read", "write", "env", "run", "ffi", "sys"] as const) {
    await Deno.permissions.revoke({ name });
  }
}

/** Tells the operator something, in a line: never a stack, never a credential. */
function say(text: string): void {
  writeText(Deno.stderr, `sphttp-proxy: ${redactLogText(text)}\n`);
}

/**
 * The command `sphttp-proxy`: parses its arguments, reads the files that they name, and serves.
 * The access log goes to stdout, every other message to stderr.
 *
 * @module
 */

import { CommandError, usageError } from "../../command_line/command_error.ts";
import { readNamedFile } from "../../command_line/values.ts";
import { writeText } from "../../command_line/process.ts";
import { fitToTerminal } from "../../command_line/terminal_text.ts";
import { environmentVariable, mayRead } from "../../environment.ts";
import { VERSION } from "../../version.ts";
import { describeError, redactLogText } from "../../http/address/redact.ts";
import { countDescriptors, shareDescriptors } from "../capacity/descriptors.ts";
import { createHandler } from "../handler.ts";
import { suppressAbortWarning } from "../request/client_signal.ts";
import { RELAYED_DESCRIPTORS } from "../listen/tls_relay.ts";
import { parseArguments } from "./arguments.ts";
import { ExitCode, helpText } from "./flags.ts";
import { linkHelp, makeLink } from "./link.ts";
import { serveMetrics } from "./metrics_place.ts";
import { serve, type ServeOptions } from "./serve.ts";
import { readToken, TOKEN_VARIABLE } from "./token_source.ts";

/** Runs the command with these arguments. Resolves to its exit code, and never rejects. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    await run(args);
    return ExitCode.OK;
  } catch (error) {
    if (error instanceof CommandError) {
      say(error.message);
      return error.exitCode;
    }
    say(`internal error: ${describeError(error)}; this is a bug in sphttp`);
    return ExitCode.FAILED;
  }
}

async function run(args: readonly string[]): Promise<void> {
  const parsed = await parseArguments(args, environmentVariable(TOKEN_VARIABLE));
  if (parsed.type === "version") return writeText(Deno.stdout, `sphttp-proxy ${VERSION}\n`);
  if (parsed.type === "help") return writeText(Deno.stdout, helpText(VERSION, parsed.topic));
  if (parsed.type === "link help") return writeText(Deno.stdout, linkHelp());
  if (parsed.type === "link") {
    const link = await makeLink(parsed, await readToken(parsed.token), Date.now());
    return writeText(Deno.stdout, `${link}\n`);
  }
  if (parsed.token === undefined && !mayRead(TOKEN_VARIABLE)) {
    say(`${TOKEN_VARIABLE} is not read, if it is set (--allow-env=${TOKEN_VARIABLE})`);
  }
  suppressAbortWarning();
  const { tls, caCertFile, logFormat, warning } = parsed;
  const { maxConnections, maxMirrorConnections } = shareDescriptors(
    await countDescriptors(),
    tls === undefined ? 1 : RELAYED_DESCRIPTORS,
    parsed.maxConnections,
  );
  // Files are read before there is a handler, which keeps connections until the process ends.
  const caCerts = caCertFile === undefined ? undefined : [await readAuthorities(caCertFile)];
  const pair = tls && {
    cert: await readPem("--cert", tls.certFile, "CERTIFICATE"),
    key: await readPem("--key", tls.keyFile, "PRIVATE KEY"),
  };
  const handler = createHandler({
    ...parsed.options,
    maxMirrorConnections,
    token: parsed.token && await readToken(parsed.token),
    download: { ...parsed.options.download, caCerts },
    log: logFormat && ((line) => writeText(Deno.stdout, `${line}\n`)),
    logFormat,
    onError: (error) => say(`internal error: ${describeError(error)}; this is a bug in sphttp`),
  });
  await dropPermissions();
  const { state } = await Deno.permissions.query({ name: "net" });
  if (state !== "granted") {
    say("Deno permits some hosts only: mirrors on others fail (--allow-net)");
  }
  await using _metrics = parsed.metrics && serveMetrics(parsed.metrics, handler.metrics, say);
  if (warning !== undefined) say(`warning: ${warning}`);
  const onListen: ServeOptions["onListen"] = (url, connections) => {
    handler.countConnections(connections);
    writeText(
      Deno.stderr,
      `sphttp-proxy ${VERSION} listening on ${url} (try …/proxy?host=URL,URL)\n`,
    );
  };
  const onCut = () => handler.logUnfinished();
  await serve(handler, { ...parsed, tls: pair, maxConnections, onListen, onCut, say });
}

async function readAuthorities(file: string): Promise<string> {
  const pem = await readPem("--cacert", file, "CERTIFICATE");
  try {
    Deno.createHttpClient({ caCerts: [pem] }).close();
  } catch (cause) {
    throw usageError(`--cacert ${file}: invalid certificate: ${describeError(cause)}`, { cause });
  }
  return pem;
}

async function readPem(flag: string, file: string, label: string): Promise<string> {
  const text = await readNamedFile(flag, file);
  if (!text.includes(`${label}-----`)) {
    throw usageError(`${flag} ${file}: no ${label.toLowerCase()} in PEM format found`);
  }
  return text;
}

/** Drops the permissions that the proxy no longer needs, which are all but `net`. */
async function dropPermissions(): Promise<void> {
  for (const name of ["read", "write", "env", "run", "ffi", "sys"] as const) {
    await Deno.permissions.revoke({ name });
  }
}

/** Prints a message, without credentials: in one line, unless a terminal is too narrow for it. */
function say(text: string): void {
  writeText(Deno.stderr, fitToTerminal(`sphttp-proxy: ${redactLogText(text)}\n`));
}

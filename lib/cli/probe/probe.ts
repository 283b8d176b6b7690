/**
 * `sphttp probe URL...`: measures mirrors without downloading, and tells which are worth using and why
 * not the others. Samples and latencies are asked for side by side: they are small. Rates are measured
 * one mirror after the other, because mirrors that are measured together share the line of this
 * machine, and each would look as slow as its part of it.
 *
 * @module
 */

import { NoMirrorLeftError, VERSION } from "../../../mod.ts";
import { CommandError } from "../../command_line/command_error.ts";
import { readCertificates } from "../arguments/certificates.ts";
import type { RequestOptions } from "../arguments/engine_flags.ts";
import { parseProxyUrl } from "../../http/proxy_url.ts";
import { ExitCode } from "../failure/exit_code.ts";
import { explain } from "../failure/failure.ts";
import { Login } from "../arguments/login.ts";
import { probeDocument } from "./document.ts";
import type { ProbeArguments } from "./probe_arguments.ts";
import { assess, type AssessedMirror, findProblems } from "./assessment.ts";
import { MirrorProbe, type ProbeSettings } from "./measurement.ts";
import { probeTable } from "./table.ts";
import { concurrently } from "../process/concurrently.ts";
import { displayOptions, writeOutput } from "../report/terminal.ts";
import { truncate } from "../report/text_width.ts";
import { validate } from "../arguments/validate.ts";

/** How many mirrors are asked side by side. */
const MAX_CONCURRENT = 8;

/** What the command needs of its surroundings. */
export interface ProbeContext {
  /** Ends the command when it aborts, with a {@linkcode CommandError} as the reason. */
  readonly signal: AbortSignal;
}

/** Runs the command. Rejects with a {@linkcode CommandError} where no mirror can be used. */
export async function probeCommand(command: ProbeArguments, context: ProbeContext): Promise<void> {
  const status = statusLine();
  const caCerts = await readCertificates(command.caCertFile);
  let mirrors;
  try {
    mirrors = await probeMirrors(command, { ...context, caCerts, tell: status });
  } finally {
    status("");
  }
  const { json, options: { http = "auto", proxy } } = command;
  writeOutput(
    json
      ? `${JSON.stringify(probeDocument(mirrors, { sphttp: VERSION, http }), undefined, 2)}\n`
      : tableText(mirrors),
  );
  const failure = await failureOf(mirrors, caCerts, proxy);
  if (failure !== undefined) throw failure;
}

/** What probing needs besides the command. */
export interface ProbeSurroundings extends ProbeContext {
  /** Certificates to trust besides the usual ones. */
  readonly caCerts: readonly string[];
  /** Is told what is being done. */
  readonly tell: (text: string) => void;
}

/** Measures and judges mirrors; the fastest comes first. */
export async function probeMirrors(
  { urls, login: loginOptions, options: { http, proxy, ...options }, timeMs }: ProbeArguments,
  { signal, caCerts, tell }: ProbeSurroundings,
): Promise<AssessedMirror[]> {
  const login = await Login.of(loginOptions);
  await validate(urls, { ...options, proxy });
  using client = openClient(http, caCerts, proxy);
  const settings: ProbeSettings = {
    ...{ options, timeMs, signal },
    fetch: (input, init) => {
      const withClient: RequestInit & { client: Deno.HttpClient } = { ...init, client };
      return fetch(input, withClient);
    },
  };
  const probes = distinct(urls.map((url) => login.apply(url)), settings);
  const measurements = () => probes.map(({ measurement }) => measurement);
  tell(`asking ${probes.length === 1 ? "the mirror" : `${probes.length} mirrors`}`);
  await concurrently(MAX_CONCURRENT, probes, (probe) => probe.identify());
  await concurrently(MAX_CONCURRENT, probes, (probe) => probe.ping());
  const problems = findProblems(measurements());
  const rest = probes.filter((_, index) => problems[index] === undefined);
  for (const [index, probe] of rest.entries()) {
    const { host } = new URL(probe.measurement.url);
    tell(`measuring the rate of mirror ${index + 1} of ${rest.length}: ${host}`);
    await probe.measureRate();
  }
  return assess(measurements());
}

/** The mirrors, each once. */
function distinct(urls: readonly string[], settings: ProbeSettings): MirrorProbe[] {
  const probes = new Map<string, MirrorProbe>();
  for (const url of urls) {
    const probe = new MirrorProbe(url, settings);
    if (!probes.has(probe.measurement.url)) probes.set(probe.measurement.url, probe);
  }
  return [...probes.values()];
}

/** A client of our own: its connections stay open from one request to the next. */
function openClient(
  http: RequestOptions["http"],
  caCerts: readonly string[],
  proxy: string | undefined,
): Deno.HttpClient {
  const client: Deno.CreateHttpClientOptions = {
    caCerts: [...caCerts],
    http1: http !== "http2",
    http2: http !== "http1",
  };
  if (proxy !== undefined) client.proxy = parseProxyUrl(proxy).client;
  return Deno.createHttpClient(client);
}

/** Why no mirror can be used; `undefined` where one can. */
async function failureOf(
  mirrors: readonly AssessedMirror[],
  caCerts: readonly string[],
  proxy: string | undefined,
): Promise<unknown> {
  if (mirrors.some(({ verdict }) => verdict !== "skip")) return undefined;
  const tie = mirrors.some(({ measurement, sameFile }) =>
    measurement.failure === undefined && sameFile === undefined
  );
  if (tie) {
    return new CommandError(
      ExitCode.RECEIVE,
      "the mirrors do not have the same file, and no majority tells which one is meant; " +
        "leave out the wrong ones",
    );
  }
  const failures = mirrors.flatMap(({ measurement: { failure } }) => failure ?? []);
  // The table has told them.
  const shown = new Set(failures.map(({ message }) => message));
  return await explain(new NoMirrorLeftError(failures), { caCerts, proxy, shown });
}

/** What is drawn over itself on a terminal while the user waits; an empty text takes it away. */
function statusLine(): (text: string) => void {
  const { mode, write, size } = here();
  if (mode !== "live") return () => {};
  return (text) => write(`\r${truncate(text, size().columns - 1)}\x1b[K`);
}

/** The table for a terminal's width; a pipe has any. */
function tableText(mirrors: readonly AssessedMirror[]): string {
  const { size, unicode } = here();
  const lines = probeTable(mirrors, Deno.stdout.isTerminal() ? size().columns : Infinity);
  const text = `${lines.join("\n")}\n`;
  return unicode ? text : text.replaceAll("–", "-").replaceAll("…", "~");
}

function here() {
  return displayOptions({ verbosity: "normal", progress: true, toStdout: false });
}

/**
 * `sphttp probe URL...`: measures mirrors without downloading the file, and prints which ones are worth
 * using. Samples and latencies are measured concurrently. Rates are measured one mirror at a time:
 * together, mirrors would share the line of this machine, and each would look slower than it is.
 *
 * @module
 */

import {
  type ClientCertificate,
  type DownloaderOptions,
  NoMirrorLeftError,
  VERSION,
} from "../../../mod.ts";
import { CommandError } from "../../command_line/command_error.ts";
import type { RequestOptions } from "../arguments/engine_flags.ts";
import { parseProxyUrl } from "../../http/address/proxy_url.ts";
import { ExitCode } from "../failure/exit_code.ts";
import { explain } from "../failure/failure.ts";
import { Login } from "../arguments/credentials/login.ts";
import { probeDocument, probeTable } from "./results.ts";
import type { ProbeArguments } from "./probe_arguments.ts";
import { type ProbedFile, withMetalink } from "./probed_metalink.ts";
import { assess, type AssessedMirror, type ExpectedFile, findProblems } from "./assessment.ts";
import { MirrorProbe, type ProbeSettings } from "./measurement.ts";
import { concurrently } from "../process/concurrently.ts";
import { displayOptions, writeOutput } from "../report/terminal.ts";
import { truncate } from "../../command_line/terminal_text.ts";
import { readClientCertificate } from "../arguments/credentials/client_certificate.ts";
import { openInsecure, readCertificates, validate } from "../arguments/validate.ts";

const MAX_CONCURRENT = 8;

/**
 * Runs the command. Rejects with a {@linkcode CommandError} if no mirror is usable, or with the reason
 * of `signal`.
 */
export async function probeCommand(given: ProbeArguments, signal: AbortSignal): Promise<void> {
  const status = statusLine();
  const caCerts = await readCertificates(given.caCertFile);
  const clientCertificate = await readClientCertificate(given.clientCertificate);
  const settings = { ...given.options, caCerts, clientCertificate, signal };
  const { command, file } = given.metalink === undefined
    ? { command: given, file: undefined }
    : await withMetalink(given, given.metalink, settings);
  let mirrors;
  try {
    mirrors = await probeMirrors(
      command,
      { signal, caCerts, clientCertificate, report: status },
      file,
    );
  } catch (error) {
    throw await explain(error);
  } finally {
    status("");
  }
  const { json, options: { http = "auto", proxy } } = command;
  writeOutput(
    json
      ? `${JSON.stringify(probeDocument(mirrors, { sphttp: VERSION, http }, file), undefined, 2)}\n`
      : tableText(mirrors, file),
  );
  const failure = await failureOf(mirrors, caCerts, proxy);
  if (failure !== undefined) throw failure;
}

/**
 * Measures and assesses mirrors, by what is expected, if a Metalink says that. Returns the fastest first;
 * `report` takes the current step as text.
 */
export async function probeMirrors(
  { urls, login: loginOptions, options, timeMs, insecure, places }: ProbeArguments,
  { signal, caCerts, clientCertificate, report }: {
    readonly signal: AbortSignal;
    readonly caCerts: readonly string[];
    readonly clientCertificate?: ClientCertificate | undefined;
    readonly report: (text: string) => void;
  },
  expected?: ExpectedFile,
): Promise<AssessedMirror[]> {
  const login = await Login.of(loginOptions);
  const whole = { ...options, caCerts, clientCertificate };
  validate(urls, whole, places);
  using client = openClient(whole);
  using opened = insecure ? await openInsecure(whole) : undefined;
  const send = opened?.fetch ?? fetch;
  const settings: ProbeSettings = {
    ...{ timeMs, signal },
    options: client === undefined ? whole : withoutClientOptions(whole),
    fetch: (input, init) => {
      if (client === undefined) return send(input, init);
      const withClient: RequestInit & { client: Deno.HttpClient } = { ...init, client };
      return send(input, withClient);
    },
  };
  const probes = distinct(urls.map((url) => login.apply(url)), settings);
  const measurements = () => probes.map(({ measurement }) => measurement);
  report(`requesting samples from ${probes.length} mirror${probes.length === 1 ? "" : "s"}`);
  await concurrently(MAX_CONCURRENT, probes, (probe) => probe.identify());
  await concurrently(MAX_CONCURRENT, probes, (probe) => probe.ping());
  const problems = findProblems(measurements(), expected);
  const rest = probes.filter((_, index) => problems[index] === undefined);
  for (const [index, probe] of rest.entries()) {
    const { host } = new URL(probe.measurement.url);
    report(`measuring the rate of mirror ${index + 1} of ${rest.length}: ${host}`);
    await probe.measureRate();
  }
  return assess(measurements(), expected);
}

/** Returns a probe for each mirror, without repeated mirrors. */
function distinct(urls: readonly string[], settings: ProbeSettings): MirrorProbe[] {
  const probes = new Map<string, MirrorProbe>();
  for (const url of urls) {
    const probe = new MirrorProbe(url, settings);
    if (!probes.has(probe.measurement.url)) probes.set(probe.measurement.url, probe);
  }
  return [...probes.values()];
}

type ClientOptions =
  & RequestOptions
  & Pick<DownloaderOptions, "caCerts" | "clientCertificate">;

/**
 * Opens a client, whose connections stay open between requests; `undefined` if the options say more of
 * connections than a client can: then each request has those of the engine.
 */
function openClient(
  { http, caCerts = [], proxy, noProxy, connect, clientCertificate, headers }: ClientOptions,
): Deno.HttpClient | undefined {
  if (proxy === false || noProxy !== undefined || connect !== undefined) return undefined;
  const allowHost = new Headers(headers).has("host");
  const client: Deno.CreateHttpClientOptions = {
    caCerts: [...caCerts],
    http1: http !== "http2",
    http2: http !== "http1" && !allowHost,
    allowHost,
    ...clientCertificate,
  };
  if (proxy !== undefined) client.proxy = parseProxyUrl(proxy).client;
  return Deno.createHttpClient(client);
}

/** Returns the options that the client of {@linkcode openClient} does not have. */
function withoutClientOptions({ headers, connectTimeoutMs }: ClientOptions): ClientOptions {
  return { headers, connectTimeoutMs };
}

/** Returns the error if no mirror is usable. */
async function failureOf(
  mirrors: readonly AssessedMirror[],
  caCerts: readonly string[],
  proxy: RequestOptions["proxy"],
): Promise<unknown> {
  if (mirrors.some(({ verdict }) => verdict !== "skip")) return undefined;
  const tie = mirrors.some(({ measurement, sameFile }) =>
    measurement.failure === undefined && sameFile === undefined
  );
  if (tie) {
    return new CommandError(
      ExitCode.RECEIVE,
      "the mirrors have different files, and none has a majority; leave out the wrong ones",
    );
  }
  const failures = mirrors.flatMap(({ measurement: { failure } }) => failure ?? []);
  // The table shows them.
  const shown = new Set(failures.map(({ message }) => message));
  const headline = "no mirror is usable";
  return await explain(new NoMirrorLeftError(failures), { caCerts, proxy, headline, shown });
}

/** Returns a function that writes a status line to a terminal; an empty text removes it. */
function statusLine(): (text: string) => void {
  const { mode, write, size } = here();
  if (mode !== "live") return () => {};
  return (text) => write(`\r${truncate(text, size().columns - 1)}\x1b[K`);
}

/** Returns the table, fitted to the width of the terminal if stdout is one. */
function tableText(mirrors: readonly AssessedMirror[], file: ProbedFile | undefined): string {
  const { size, unicode } = here();
  const lines = probeTable(mirrors, Deno.stdout.isTerminal() ? size().columns : Infinity, file);
  const text = `${lines.join("\n")}\n`;
  return unicode ? text : text.replaceAll("–", "-").replaceAll("…", "~");
}

function here() {
  return displayOptions({ verbosity: "normal", progress: true, toStdout: false });
}

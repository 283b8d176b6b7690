/**
 * Maps errors of the engine to exit codes and messages with advice.
 *
 * @module
 */

import {
  type FailureReason,
  FileChangedError,
  type MirrorError,
  MirrorMismatchError,
  type NetworkFault,
  NoMirrorLeftError,
  PieceMismatchError,
  ProofError,
  RangeNotSatisfiableError,
} from "../../../mod.ts";
import { CommandError } from "../../command_line/command_error.ts";
import { environmentVariable } from "../../environment.ts";
import { nodeProcess } from "../../runtime.ts";
import { ExitCode, RAISE_LIMIT } from "./exit_code.ts";

const CODE_BY_REASON: Readonly<Record<FailureReason, ExitCode>> = {
  network: ExitCode.RECEIVE,
  timeout: ExitCode.TIMEOUT,
  truncated: ExitCode.PARTIAL,
  status: ExitCode.STATUS,
  redirect: ExitCode.REDIRECT,
  range: ExitCode.RANGE,
  encoding: ExitCode.RECEIVE,
  changed: ExitCode.RECEIVE,
  mismatch: ExitCode.RECEIVE,
  html: ExitCode.RECEIVE,
  dropped: ExitCode.RECEIVE,
};

const CODE_BY_FAULT: Readonly<Record<NetworkFault, ExitCode>> = {
  forbidden: ExitCode.CONNECT,
  port: ExitCode.CONNECT,
  descriptors: ExitCode.CONNECT,
  host: ExitCode.HOST,
  refused: ExitCode.CONNECT,
  unreachable: ExitCode.CONNECT,
  reset: ExitCode.RECEIVE,
  empty: ExitCode.EMPTY,
  garbage: ExitCode.PROTOCOL,
  head: ExitCode.HEADER,
  plain: ExitCode.TLS,
  tls: ExitCode.TLS,
  certificate: ExitCode.CERTIFICATE,
  caCertificate: ExitCode.CERTIFICATE,
  clientCertificate: ExitCode.TLS,
  http1: ExitCode.TLS,
  http2: ExitCode.HTTP2,
};

/** Where to name an authority: the `fetch` of Node.js takes none from a program. */
const TRUST = nodeProcess() === undefined ? "use --cacert FILE" : "set NODE_EXTRA_CA_CERTS=FILE";

/** Advice on faults, if the first mirror has one. */
const ADVICE: Readonly<Partial<Record<NetworkFault, string>>> = {
  certificate:
    `if an authority of your own has signed it, ${TRUST}; --insecure trusts any certificate`,
  caCertificate:
    "Deno refuses such a certificate, even if --cacert trusts it: give the server one " +
    "that the authority has signed, or use --insecure",
  descriptors: RAISE_LIMIT,
  clientCertificate: "use --cert FILE and --key FILE",
  plain: "is it an http server? Then use http:// in the URL",
  http1: "leave out --http1.1, and --insecure, which uses nothing else",
  http2: "leave out --http2",
};

/** Faults of a server, or a proxy, that was reached. */
const ANSWERED: ReadonlySet<NetworkFault> = new Set(["reset", "empty", "garbage", "head"]);

export interface ExplainOptions {
  readonly caCerts?: readonly string[] | undefined;
  readonly proxy?: string | URL | false | undefined;
  /** What the failures of all mirrors mean. */
  readonly headline?: string | undefined;
  /** Messages that the user has already seen. */
  readonly shown?: ReadonlySet<string> | undefined;
}

/** Returns an error of the engine as a {@linkcode CommandError}, other errors unchanged. */
export async function explain(error: unknown, options: ExplainOptions = {}): Promise<unknown> {
  if (error instanceof MirrorMismatchError) {
    return new CommandError(ExitCode.RECEIVE, uncapitalized(error.message));
  }
  if (error instanceof PieceMismatchError) {
    return new CommandError(ExitCode.CHECKSUM, uncapitalized(error.message), { cause: error });
  }
  if (error instanceof ProofError) {
    const flag = PROOF_FLAGS[error.required] ?? "";
    return new CommandError(ExitCode.RECEIVE, `${uncapitalized(error.message)}${flag}`);
  }
  if (error instanceof FileChangedError) {
    return new CommandError(ExitCode.RECEIVE, uncapitalized(error.message));
  }
  if (error instanceof RangeNotSatisfiableError) {
    return new CommandError(ExitCode.RANGE, uncapitalized(error.message));
  }
  // Of a proxy, or of the loopback address where addresses are chosen.
  if (error instanceof Deno.errors.NotCapable) {
    return new CommandError(ExitCode.CONNECT, `connection failed: ${error.message}`);
  }
  if (!(error instanceof NoMirrorLeftError)) return error;
  const { shown = new Set(), headline = "no mirror is left to download from" } = options;
  const lines = error.cause.map(({ message }) => message).filter((line) => !shown.has(line));
  const exitCode = await exitCodeOf(error.cause, options);
  // Of one mirror, its failure says everything.
  const text = error.cause.length === 1 && lines.length === 1
    ? lines[0]!
    : headline + (lines.length === 0 ? "" : `:${lines.map((line) => `\n  ${line}`).join("")}`);
  return new CommandError(exitCode, text + adviceOn(error), { cause: error });
}

/** The options that give what the advice of a {@linkcode ProofError} ends with, by the required level. */
const PROOF_FLAGS: Readonly<Record<string, string>> = {
  pieces: " (--metalink FILE)",
  digest: " (--checksum sha-256=HEX)",
  tags: " (--checksum sha-256=HEX)",
};

/** Returns advice on failures that have a common cause. */
function adviceOn({ cause: failures, advice: common }: NoMirrorLeftError): string {
  if (failures.some(({ status }) => status === 401)) {
    return "\nthe server requires authentication, or rejected the credentials: " +
      "use -u USER:PASSWORD, or -n with ~/.netrc";
  }
  if (failures.some(({ reason }) => reason === "html")) {
    return "\nuse --allow-html to save the page all the same";
  }
  if (common !== undefined) return `\n${uncapitalized(common)}`;
  const [first] = failures;
  const advice = first?.fault === undefined ? undefined : ADVICE[first.fault];
  if (advice !== undefined) return `\n${advice}`;
  const proxies = ["ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"]
    .flatMap((name) => [name, name.toLowerCase()]).filter(environmentVariable);
  const unreached = failures.some(({ phase, reason, fault }) =>
    phase === "connect" && reason === "network" && !(fault !== undefined && ANSWERED.has(fault))
  );
  if (!unreached || proxies.length === 0) return "";
  return `\nthe proxy of the environment may be unreachable (${proxies.join(", ")})`;
}

/** Returns the exit code for failures: that of the first mirror. */
export async function exitCodeOf(
  failures: readonly MirrorError[],
  { caCerts, proxy: proxyOption }: ExplainOptions = {},
): Promise<ExitCode> {
  const proxy = proxyOption || undefined;
  const [first] = failures;
  if (first === undefined) return ExitCode.RECEIVE;
  const { phase, reason, fault, mirror, proxyRefused } = first;
  if (reason !== "network" || proxyRefused) return CODE_BY_REASON[reason];
  // The platform does not say how a body broke off, by FIN or by a reset: the file is a part of it.
  if (phase === "body") return ExitCode.PARTIAL;
  if (fault === "host" && proxy !== undefined) return ExitCode.PROXY;
  if (fault !== undefined) return CODE_BY_FAULT[fault];
  // Loaded only after a failure that the platform says in other words than those that are known.
  const { diagnoseConnection, diagnoseProxy } = await import("./diagnosis.ts");
  return proxy === undefined
    ? await diagnoseConnection(mirror, phase, caCerts)
    : await diagnoseProxy(proxy);
}

function uncapitalized(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

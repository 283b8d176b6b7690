/**
 * Maps errors of the engine to exit codes and messages with advice.
 *
 * @module
 */

import {
  type FailureReason,
  type MirrorError,
  MirrorMismatchError,
  NoMirrorLeftError,
  RangeNotSatisfiableError,
} from "../../../mod.ts";
import { CommandError } from "../../command_line/command_error.ts";
import { environmentVariable } from "../../command_line/process.ts";
import { ExitCode } from "./exit_code.ts";

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
};

export interface ExplainOptions {
  readonly caCerts?: readonly string[] | undefined;
  readonly proxy?: string | URL | undefined;
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
  if (error instanceof RangeNotSatisfiableError) {
    return new CommandError(ExitCode.RANGE, uncapitalized(error.message));
  }
  if (!(error instanceof NoMirrorLeftError)) return error;
  const { shown = new Set(), headline = "no mirror is left to download from" } = options;
  const lines = error.cause.map(({ message }) => message).filter((line) => !shown.has(line));
  const exitCode = await exitCodeOf(error.cause, options);
  const details = lines.length === 0 ? "" : `:${lines.map((line) => `\n  ${line}`).join("")}`;
  return new CommandError(
    exitCode,
    `${headline}${details}${ADVICE[exitCode] ?? ""}${adviceOn(error.cause)}`,
  );
}

/** Returns advice on failures that have a common cause. */
function adviceOn(failures: readonly MirrorError[]): string {
  if (failures.some(({ status }) => status === 401)) {
    return "\nthe server requires authentication, or rejected the credentials: " +
      "use -u USER:PASSWORD, or -n with ~/.netrc";
  }
  const proxies = ["ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"]
    .flatMap((name) => [name, name.toLowerCase()]).filter(environmentVariable);
  const unreached = failures.some(({ phase, reason }) =>
    phase === "connect" && reason === "network"
  );
  if (!unreached || proxies.length === 0) return "";
  return `\nthe proxy of the environment may be unreachable (${proxies.join(", ")})`;
}

/** Advice on exit codes whose errors come from the network. */
const ADVICE: Readonly<Partial<Record<ExitCode, string>>> = {
  [ExitCode.CERTIFICATE]:
    "\nthe certificate is not trusted, or not for this host: use --cacert FILE to trust an authority, " +
    "or --insecure to trust any certificate",
  [ExitCode.TLS]: "\nthe server accepted the connection, but not TLS; is it an https server?",
};

/** Returns the exit code for failures: that of the first mirror. */
export async function exitCodeOf(
  failures: readonly MirrorError[],
  { caCerts, proxy }: ExplainOptions = {},
): Promise<ExitCode> {
  const [first] = failures;
  if (first === undefined) return ExitCode.RECEIVE;
  const { phase, reason, mirror, proxyRefused } = first;
  if (reason !== "network" || phase === "body" || proxyRefused) return CODE_BY_REASON[reason];
  // Loaded only after a failure: a download starts faster without it.
  const { diagnoseConnection, diagnoseProxy } = await import("./diagnosis.ts");
  return proxy === undefined
    ? await diagnoseConnection(mirror, phase, caCerts)
    : await diagnoseProxy(proxy);
}

function uncapitalized(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

/**
 * What an error of the engine means to the user of the command: an exit code, and words.
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

/** How a failure is explained. */
export interface ExplainOptions {
  /** Certificates that were trusted besides the usual ones. */
  readonly caCerts?: readonly string[] | undefined;
  /** The proxy that was to be used. */
  readonly proxy?: string | URL | undefined;
  /** Messages that the user has seen already. */
  readonly shown?: ReadonlySet<string> | undefined;
}

/** An error of a running download with its exit code; what is none of the engine's comes back as is. */
export async function explain(error: unknown, options: ExplainOptions = {}): Promise<unknown> {
  if (error instanceof MirrorMismatchError) {
    return new CommandError(ExitCode.RECEIVE, uncapitalized(error.message));
  }
  if (error instanceof RangeNotSatisfiableError) {
    return new CommandError(ExitCode.RANGE, uncapitalized(error.message));
  }
  if (!(error instanceof NoMirrorLeftError)) return error;
  const { shown = new Set() } = options;
  const lines = error.cause.map(({ message }) => message).filter((line) => !shown.has(line));
  const exitCode = await exitCodeOf(error.cause, options);
  const told = lines.length === 0 ? "" : `:${lines.map((line) => `\n  ${line}`).join("")}`;
  return new CommandError(
    exitCode,
    `no mirror is left to download from${told}${ADVICE[exitCode] ?? ""}${adviceOn(error.cause)}`,
  );
}

/** What can be done about statuses that ask for something. */
function adviceOn(failures: readonly MirrorError[]): string {
  if (failures.some(({ status }) => status === 401)) {
    return "\nA login is wanted, or not the one that was sent: --user USER:PASS, or --netrc with the host in " +
      "~/.netrc";
  }
  const proxies = ["ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"]
    .flatMap((name) => [name, name.toLowerCase()]).filter(isSet);
  const unreached = failures.some(({ phase, reason }) =>
    phase === "connect" && reason === "network"
  );
  if (!unreached || proxies.length === 0) return "";
  return `\nThe environment names a proxy (${proxies.join(", ")}): it may be what was not reached`;
}

function isSet(variable: string): boolean {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" && Boolean(Deno.env.get(variable));
}

/** What can be done, where the engine's words are the network's. */
const ADVICE: Readonly<Partial<Record<ExitCode, string>>> = {
  [ExitCode.CERTIFICATE]:
    "\nThe certificate is not trusted, or not for this host: --cacert FILE names an authority to " +
    "trust, --insecure trusts any certificate",
  [ExitCode.TLS]: "\nThe server was reached, but a TLS connection failed; is it an https server?",
};

/** The code for these failures: that of the first mirror, with which all agree in the usual case. */
export async function exitCodeOf(
  failures: readonly MirrorError[],
  { caCerts, proxy }: ExplainOptions = {},
): Promise<ExitCode> {
  const [first] = failures;
  if (first === undefined) return ExitCode.RECEIVE;
  const { phase, reason, mirror, proxyRefused } = first;
  if (reason !== "network" || phase === "body" || proxyRefused) return CODE_BY_REASON[reason];
  // What it needs takes a while to load: only when something is wrong.
  const { diagnoseConnection, diagnoseProxy } = await import("./diagnosis.ts");
  return proxy === undefined
    ? await diagnoseConnection(mirror, phase, caCerts)
    : await diagnoseProxy(proxy);
}

function uncapitalized(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

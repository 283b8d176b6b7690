/**
 * Maps errors of a download to problems for the client. They list a short reason for each mirror and
 * contain nothing of a URL that may be secret.
 *
 * @module
 */

import {
  DigestMismatchError,
  FileChangedError,
  type MirrorError,
  type MirrorFile,
  MirrorMismatchError,
  MirrorUrlError,
  type NetworkFault,
  NoMirrorLeftError,
  PieceMismatchError,
  RangeNotSatisfiableError,
} from "../../../mod.ts";
import { asProblem, Problem } from "../problem.ts";

export function upstreamProblem(error: unknown): Problem {
  if (error instanceof NoMirrorLeftError) return noMirrorLeft(error);
  // Bytes of both versions may have come.
  if (error instanceof FileChangedError) return noMirrorLeft(new NoMirrorLeftError([error.cause]));
  if (error instanceof MirrorMismatchError) {
    return new Problem(502, "the mirrors have different files, and no majority agrees", {
      cause: error,
      extensions: {
        mirrors: error.files.map((file) => ({
          url: publicUrl(file.mirror),
          reason: describeFile(file, error.files),
        })),
      },
    });
  }
  if (error instanceof PieceMismatchError) {
    const mirrors = error.cause.map((failure) => {
      const isWrong = failure.reason === "mismatch";
      return isWrong ? { ...described(failure), reason: "has other bytes" } : described(failure);
    });
    return new Problem(502, `no mirror has piece ${error.piece} as the Metalink says`, {
      cause: error,
      extensions: { mirrors },
    });
  }
  if (error instanceof DigestMismatchError) {
    return new Problem(502, "the mirrors have another file than its hash says", { cause: error });
  }
  if (error instanceof RangeNotSatisfiableError) {
    return new Problem(416, "the range is beyond the end of the file", { cause: error });
  }
  if (error instanceof MirrorUrlError || error instanceof RangeError) {
    return new Problem(400, error.message, { cause: error });
  }
  return asProblem(error);
}

/**
 * Reports whether a download failed because it does not get the file that was known: a mirror's file
 * has changed, or is another one. Other mirrors may have failed for other reasons.
 */
export function isOutdated(error: unknown): boolean {
  return hasChanged(error) ||
    (error instanceof NoMirrorLeftError && error.cause.some(({ reason }) => reason === "mismatch"));
}

/**
 * Reports whether a download failed because the file on a mirror has changed, or is not that of another one:
 * bytes of both may have been sent.
 */
export function hasChanged(error: unknown): boolean {
  return error instanceof FileChangedError || error instanceof MirrorMismatchError ||
    (error instanceof NoMirrorLeftError && error.cause.some(({ reason }) => reason === "changed"));
}

/** Describes how the file on a mirror differs from the others. */
function describeFile({ size, digest }: MirrorFile, all: readonly MirrorFile[]): string {
  if (size === undefined) return "does not report a size";
  const beginnings = new Set(
    all.filter((other) => other.size === size).map((other) => other.digest ?? digest),
  );
  return `has ${size} bytes${beginnings.size > 1 ? ", but other content" : ""}`;
}

/** The longest wait that a client is asked for, in seconds: a mirror may write any number of digits. */
const MOST_RETRY_AFTER = 86_400;

function noMirrorLeft(error: NoMirrorLeftError): Problem {
  const refusals = error.cause.map(refusalOf).filter((refusal) => refusal !== undefined);
  if (refusals.length === error.cause.length) return refusals[0]!;
  const mirrors = error.cause.map(described);
  const retryAfterMs = retryAfterOf(error.cause);
  const [status, detail] = retryAfterMs === undefined
    ? verdictOf(error.cause)
    : [503, "no mirror serves the file now: Retry-After says when one may"];
  return new Problem(status, detail, {
    cause: error,
    headers: retryAfterMs === undefined
      ? undefined
      : { "retry-after": `${Math.min(Math.ceil(retryAfterMs / 1000), MOST_RETRY_AFTER)}` },
    extensions: { mirrors },
  });
}

/** Returns the status and the words for what all mirrors have in common. */
function verdictOf(failures: readonly MirrorError[]): [status: number, detail: string] {
  const all = (is: (failure: MirrorError) => boolean) => failures.length > 0 && failures.every(is);
  const subject = failures.length === 1 ? "the mirror" : "every mirror";
  if (all(({ status }) => status === 410)) return [410, `${subject} says that the file is gone`];
  if (all(({ status }) => status === 404 || status === 410)) {
    return [404, `${subject} says that there is no such file`];
  }
  if (all(({ reason }) => reason === "timeout")) {
    return [504, `${subject} kept the proxy waiting for too long`];
  }
  return [502, "no mirror could deliver the file"];
}

/** Returns when the first mirror may serve again, if every mirror asked the client to wait. */
function retryAfterOf(failures: readonly MirrorError[]): number | undefined {
  const times = failures.map(({ retryAfterMs = Infinity }) => retryAfterMs);
  return times.includes(Infinity) ? undefined : Math.min(...times);
}

/** Returns the problem with which the proxy itself refused a mirror. */
function refusalOf({ cause }: MirrorError): Problem | undefined {
  for (let inner = cause; inner instanceof Error; inner = inner.cause) {
    if (inner instanceof Problem) return inner;
  }
  return undefined;
}

function described(failure: MirrorError): { readonly url: string; readonly reason: string } {
  return { url: publicUrl(failure.mirror), reason: reasonOf(failure) };
}

function reasonOf(failure: MirrorError): string {
  const refusal = refusalOf(failure);
  if (refusal !== undefined) return refusal.detail;
  const { status, fault, reason, proxyRefused } = failure;
  if (proxyRefused) return "cannot be reached through this proxy's own proxy";
  if (status !== undefined && status >= 400) {
    const limit = LIMITS.includes(status) ? ", which limits its requests" : "";
    return `responded with status ${status}${limit}`;
  }
  return fault === undefined ? REASONS[reason] : FAULTS[fault];
}

/** Statuses by which a server asks for fewer requests, or for none at the moment. */
const LIMITS = [420, 429, 509, 529];

const REASONS: Readonly<Record<MirrorError["reason"], string>> = {
  network: "connection failed",
  timeout: "timed out",
  status: "responded with an error",
  range: "does not support ranges correctly",
  encoding: "encodes the file on the way, even when asked not to",
  redirect: "sent an invalid redirect",
  truncated: "sent an incomplete body",
  changed: "contradicts what it said of the file before: it has changed, or differs by server",
  html: "sent a web page instead of the file",
  mismatch: "has a different file than the other mirrors",
  dropped: "is used no more",
};

const FAULTS: Readonly<Record<NetworkFault, string>> = {
  forbidden: "the proxy is not permitted to connect to it",
  port: "has a port that is blocked, as it is that of another service",
  descriptors: "cannot be connected to: the proxy has too many files and connections open",
  host: "its host name does not resolve",
  refused: "refused the connection",
  unreachable: "cannot be reached",
  reset: "reset the connection",
  empty: "closed the connection without a response",
  garbage: "did not respond with HTTP",
  head: "sent a header with over 100 fields, too long, or malformed, which the proxy cannot read",
  plain: "does not speak TLS on this port (http:// instead of https://?)",
  tls: "refused or broke off the TLS handshake",
  certificate: "has a certificate that is not trusted, has expired, or is for another host",
  caCertificate: "uses the certificate of an authority as its own",
  clientCertificate: "requires a client certificate",
  http1: "does not offer HTTP/1.1",
  http2: "does not offer HTTP/2",
};

/** Returns the URL of a mirror without anything that may be secret. */
function publicUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

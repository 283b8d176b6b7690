/**
 * Maps errors of a download to problems for the client. They list a short reason for each mirror and
 * contain nothing of a URL that may be secret.
 *
 * @module
 */

import {
  type MirrorError,
  type MirrorFile,
  MirrorMismatchError,
  MirrorUrlError,
  NoMirrorLeftError,
  RangeNotSatisfiableError,
} from "../../../mod.ts";
import { asProblem, Problem } from "../problem.ts";

export function upstreamProblem(error: unknown): Problem {
  if (error instanceof NoMirrorLeftError) return noMirrorLeft(error);
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
  if (error instanceof RangeNotSatisfiableError) {
    return new Problem(416, "the range is beyond the end of the file", { cause: error });
  }
  if (error instanceof MirrorUrlError || error instanceof RangeError) {
    return new Problem(400, error.message, { cause: error });
  }
  return asProblem(error);
}

/**
 * Reports whether a download failed because the file on a mirror has changed. Other mirrors may have
 * failed for other reasons.
 */
export function hasChanged(error: unknown): boolean {
  return error instanceof NoMirrorLeftError &&
    error.cause.some(({ reason }) => reason === "changed" || reason === "mismatch");
}

/** Describes how the file on a mirror differs from the others. */
function describeFile({ size, digest }: MirrorFile, all: readonly MirrorFile[]): string {
  if (size === undefined) return "does not report a size";
  const beginnings = new Set(
    all.filter((other) => other.size === size).map((other) => other.digest ?? digest),
  );
  return `has ${size} bytes${beginnings.size > 1 ? ", but other content" : ""}`;
}

function noMirrorLeft(error: NoMirrorLeftError): Problem {
  const refusals = error.cause.map(refusalOf).filter((refusal) => refusal !== undefined);
  if (refusals.length === error.cause.length) return refusals[0]!;
  const mirrors = error.cause.map((failure) => ({
    url: publicUrl(failure.mirror),
    reason: reasonOf(failure),
  }));
  return new Problem(502, "no mirror could deliver the file", {
    cause: error,
    extensions: { mirrors },
  });
}

/** Returns the problem with which the proxy itself refused a mirror. */
function refusalOf({ cause }: MirrorError): Problem | undefined {
  for (let inner = cause; inner instanceof Error; inner = inner.cause) {
    if (inner instanceof Problem) return inner;
  }
  return undefined;
}

function reasonOf(failure: MirrorError): string {
  const refusal = refusalOf(failure);
  if (refusal !== undefined) return refusal.detail;
  if (failure.status !== undefined && failure.status >= 400) {
    return `responded with status ${failure.status}`;
  }
  return REASONS[failure.reason];
}

const REASONS: Readonly<Record<MirrorError["reason"], string>> = {
  network: "connection failed",
  timeout: "timed out",
  status: "responded with an error",
  range: "does not support ranges correctly",
  encoding: "sent an encoded body",
  redirect: "sent an invalid redirect",
  truncated: "sent an incomplete body",
  changed: "the file has changed",
  mismatch: "has a different file than the other mirrors",
};

/** Returns the URL of a mirror without anything that may be secret. */
function publicUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

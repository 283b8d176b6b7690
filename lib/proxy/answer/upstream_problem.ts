/**
 * What went wrong with the mirrors, as a client may know it: each one's reason in short, without
 * anything of their URLs that may be secret.
 *
 * @module
 */

import {
  type MirrorClaim,
  type MirrorError,
  MirrorMismatchError,
  MirrorUrlError,
  NoMirrorLeftError,
  RangeNotSatisfiableError,
} from "../../../mod.ts";
import { asProblem, Problem } from "../problem.ts";

/** Any error of a download as a problem. */
export function upstreamProblem(error: unknown): Problem {
  if (error instanceof NoMirrorLeftError) return noMirrorLeft(error);
  if (error instanceof MirrorMismatchError) {
    return new Problem(502, "the mirrors have different files, and none has a majority", {
      cause: error,
      extensions: {
        mirrors: error.claims.map((claim) => ({
          url: shown(claim.mirror),
          reason: claimOf(claim, error.claims),
        })),
      },
    });
  }
  if (error instanceof RangeNotSatisfiableError) {
    return new Problem(416, "the range lies behind the end of the file", { cause: error });
  }
  if (error instanceof MirrorUrlError || error instanceof RangeError) {
    return new Problem(400, error.message, { cause: error });
  }
  return asProblem(error);
}

/**
 * Whether a download failed because a mirror has another file than what was known of it: the others
 * may be down, which says nothing of the file.
 */
export function hasChanged(error: unknown): boolean {
  return error instanceof NoMirrorLeftError &&
    error.cause.some(({ reason }) => reason === "changed" || reason === "mismatch");
}

/** What a mirror has that others have not. */
function claimOf({ size, digest }: MirrorClaim, all: readonly MirrorClaim[]): string {
  if (size === undefined) return "does not tell the size";
  const beginnings = new Set(
    all.filter((other) => other.size === size).map((other) => other.digest ?? digest),
  );
  return `has ${size} bytes${beginnings.size > 1 ? " that begin differently" : ""}`;
}

function noMirrorLeft(error: NoMirrorLeftError): Problem {
  const refusals = error.cause.map(refusalOf).filter((refusal) => refusal !== undefined);
  if (refusals.length === error.cause.length) return refusals[0]!;
  const mirrors = error.cause.map((failure) => ({
    url: shown(failure.mirror),
    reason: reasonOf(failure),
  }));
  return new Problem(502, "no mirror could bring the file", {
    cause: error,
    extensions: { mirrors },
  });
}

/** The problem for which the proxy itself would not ask a mirror. */
function refusalOf({ cause }: MirrorError): Problem | undefined {
  for (let inner = cause; inner instanceof Error; inner = inner.cause) {
    if (inner instanceof Problem) return inner;
  }
  return undefined;
}

function reasonOf(failure: MirrorError): string {
  const refusal = refusalOf(failure);
  if (refusal !== undefined) return refusal.detail;
  if (failure.status !== undefined && failure.status >= 400) return `answered ${failure.status}`;
  return REASONS[failure.reason];
}

const REASONS: Readonly<Record<MirrorError["reason"], string>> = {
  network: "the connection failed",
  timeout: "did not answer in time",
  status: "answered with an error",
  range: "does not serve ranges properly",
  encoding: "encodes the file in an unusable way",
  redirect: "redirects in a way that cannot be followed",
  truncated: "broke off",
  changed: "has another file now",
  mismatch: "has another file than the others",
};

/** A mirror's URL without what may be secret. */
export function shown(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

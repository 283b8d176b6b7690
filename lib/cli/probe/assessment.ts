/**
 * Assesses mirrors by their measurements: which ones have the same file, which ones are worth using, and
 * why the others are not. Pure.
 *
 * @module
 */

import { majority } from "../../http/agreement.ts";
import { contradiction, type ExpectedPieces, HASH_TYPES, type Hashes } from "../../http/hashes.ts";
import { type ProofLevel, proofOf } from "../../http/proof.ts";
import { formatPercent } from "../report/text.ts";
import type { Measurement } from "./measurement.ts";

/** Whether to use a mirror; `slow` is usable, but would contribute little. */
export type Verdict = "use" | "slow" | "skip";

export interface AssessedMirror {
  readonly measurement: Measurement;
  readonly verdict: Verdict;
  /** The reason for the verdict, or a remark. */
  readonly reason: string | undefined;
  /** Its share of the rate of all mirrors that are not skipped, from 0 to 1. */
  readonly share: number | undefined;
  /** Whether it has the file; `undefined` if it sent nothing to compare, or there is no majority. */
  readonly sameFile: boolean | undefined;
}

/** What a Metalink says of the file. */
export interface ExpectedFile {
  readonly size: number | undefined;
  readonly hashes: Hashes;
  /** The digests of its pieces, if a download uses them. */
  readonly pieces: ExpectedPieces | undefined;
}

/** Why a mirror is not usable. */
export interface Problem {
  /**
   * It failed; it has a different file than most; no file has a majority (`tie`); or it does not support
   * ranges, as other mirrors do.
   */
  readonly kind: "failure" | "other" | "tie" | "service";
  readonly text: string;
}

/** A mirror may be slow if it has less than this share of the rate of all. */
const LEAST_SHARE = 0.05;
/** It is slow if its rate is also below this part of that of the fastest: of thirty equal mirrors, none is. */
const LEAST_PART = 0.25;

/** Traits by which files are compared, in this order. */
const TRAITS: readonly {
  readonly of: (measurement: Measurement) => number | string | undefined;
  readonly otherwise: (value: number | string, winner: unknown) => string;
}[] = [
  {
    of: ({ size }) => size,
    otherwise: (size, winner) =>
      `has a different size than the others: ${size} B instead of ${winner} B`,
  },
  {
    of: ({ head }) => head,
    otherwise: () => "has different bytes at the beginning than the others",
  },
  {
    of: ({ middle }) => middle,
    otherwise: () => "has different bytes in the middle than the others",
  },
  ...HASH_TYPES.map((type) => ({
    of: ({ hashes }: Measurement) => hashes?.[type],
    otherwise: () => `says that the file has a different ${type} than the others`,
  })),
];

/**
 * Compares mirrors, whose rates need not be known yet, with one another and with what is expected. Returns the
 * problem of each, in their order.
 */
export function findProblems(
  measurements: readonly Measurement[],
  expected?: ExpectedFile,
): (Problem | undefined)[] {
  const problems = measurements.map((measurement): Problem | undefined => {
    if (measurement.failure === undefined) return undefined;
    return {
      kind: "failure",
      text: [measurement.failure.problem, ...redirectOf(measurement)].join("; "),
    };
  });
  const left = () => measurements.filter((_, index) => problems[index] === undefined);
  const add = (measurement: Measurement, kind: Problem["kind"], text: string) => {
    problems[measurements.indexOf(measurement)] ??= { kind, text };
  };
  // A mirror that failed later still counts.
  let candidates = measurements.filter(({ head }) => head !== undefined);
  if (expected !== undefined) {
    const others = candidates.filter((one) => {
      const text = unexpected(one, expected);
      if (text !== undefined) add(one, "other", text);
      return text !== undefined;
    });
    candidates = candidates.filter((one) => !others.includes(one));
  }
  for (const { of, otherwise } of TRAITS) {
    const vote = majority(candidates.map(of));
    if (vote.type !== "decided") {
      for (const one of candidates) add(one, "tie", tieText(one));
      return problems;
    }
    const winner = vote.value;
    for (const one of candidates) {
      const value = of(one);
      if (value !== undefined && value !== winner) add(one, "other", otherwise(value, winner));
    }
    candidates = candidates.filter((one) => [undefined, winner].includes(of(one)));
  }
  // Ranges can be joined only if the size is known.
  if (left().some(({ ranges, size }) => ranges && size !== undefined)) {
    for (const one of left()) {
      if (!one.ranges) add(one, "service", "does not support ranges");
      else if (one.size === undefined) add(one, "service", "does not report the file's size");
    }
  }
  return problems;
}

/** Returns how a mirror contradicts what is expected; `undefined` if it does not. */
function unexpected(
  { size, hashes }: Measurement,
  expected: ExpectedFile,
): string | undefined {
  if (size !== undefined && expected.size !== undefined && size !== expected.size) {
    return `has a different size than the Metalink says: ${size} B instead of ${expected.size} B`;
  }
  const type = contradiction(hashes, expected.hashes);
  return type && `says that the file has a different ${type} than the Metalink says`;
}

/**
 * Assesses mirrors whose rates are known, by what is expected, if a Metalink says that. Returns the fastest
 * first.
 */
export function assess(
  measurements: readonly Measurement[],
  expected?: ExpectedFile,
): AssessedMirror[] {
  const problems = findProblems(measurements, expected);
  const rates = measurements.map(({ bytesPerSecond = 0 }, index) =>
    problems[index] === undefined ? bytesPerSecond : 0
  );
  const best = Math.max(0, ...rates);
  const total = rates.reduce((sum, rate) => sum + rate, 0);
  // If none has a rate, the first one without a problem.
  const fastest = rates.findIndex((rate, index) => rate === best && problems[index] === undefined);
  return measurements.map((measurement, index): AssessedMirror => {
    const { kind, text } = problems[index] ?? {};
    const sameFile = kind === "failure" || kind === "tie" ? undefined : kind !== "other";
    if (kind !== undefined) {
      const notes = kind === "failure" ? [] : remarksOf(measurement);
      const reason = [text, ...notes].join("; ");
      return { measurement, verdict: "skip", reason, share: undefined, sameFile };
    }
    const share = total === 0 ? undefined : rates[index]! / total;
    const assessed = { measurement, share, sameFile };
    if (!measurement.ranges || measurement.size === undefined) {
      const whole = ["supports only the whole file, no ranges", ...remarksOf(measurement)].join(
        "; ",
      );
      if (index === fastest) return { ...assessed, verdict: "use", reason: whole };
      return { ...assessed, verdict: "skip", reason: `${whole}, and another is faster` };
    }
    const slow = share !== undefined && share < LEAST_SHARE && rates[index]! < LEAST_PART * best;
    const notes = [
      ...slow ? [shareText(share)] : [],
      ...remarksOf(measurement),
      ...redirectOf(measurement),
    ];
    return {
      ...assessed,
      verdict: slow ? "slow" : "use",
      reason: notes.length === 0 ? undefined : notes.join("; "),
    };
  }).sort(byRate);
}

/**
 * Returns what would prove the bytes of a download of the usable mirrors; `undefined` if none is usable.
 */
export function probedProof(
  mirrors: readonly AssessedMirror[],
  expected?: ExpectedFile,
): ProofLevel | undefined {
  const usable = mirrors.filter(({ verdict }) => verdict !== "skip")
    .map(({ measurement }) => measurement);
  if (usable.length === 0) return undefined;
  return proofOf({
    hasPieces: expected?.pieces !== undefined,
    isWhole: true,
    hashes: Object.assign({}, ...usable.map(({ hashes }) => hashes), expected?.hashes),
    // One that changes from response to response identifies nothing.
    etags: usable.map(({ etag, etagVaries }) => etagVaries ? undefined : etag),
    isCompared: usable.every(({ size }) => size !== undefined),
  });
}

/** Returns what a user may not expect of a mirror that answers. */
function remarksOf({ isPage, encoding, etagVaries, rangeForm, ranges }: Measurement): string[] {
  return [
    ...isPage ? ["sends an HTML page"] : [],
    ...encoding === undefined ? [] : [`the file is stored with Content-Encoding ${encoding}`],
    ...etagVaries ? ["its ETag differs from response to response"] : [],
    ...rangeForm === "open" && ranges
      ? ["refuses ranges with an end, and serves them without"]
      : [],
  ];
}

function tieText({ size }: Measurement): string {
  const here = size === undefined ? "" : ` (${size} B here)`;
  return `the mirrors have different files${here}, and none has a majority`;
}

function shareText(share: number): string {
  if (share === 0) return "delivered nothing during the measurement";
  return `would deliver ${share < 0.01 ? "less than 1 %" : formatPercent(share)} of the file`;
}

function redirectOf({ finalOrigin, url }: Measurement): string[] {
  const host = finalOrigin && new URL(finalOrigin).host;
  return host === undefined || host === new URL(url).host ? [] : [`redirects to ${host}`];
}

/** Compares mirrors: the fastest first; those without a rate keep their order. */
function byRate(one: AssessedMirror, other: AssessedMirror): number {
  const rate = ({ measurement, verdict }: AssessedMirror) =>
    verdict === "skip" ? -1 : measurement.bytesPerSecond ?? 0;
  return rate(other) - rate(one);
}

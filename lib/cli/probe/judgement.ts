/**
 * Judges mirrors by what was measured of them: which have the same file, which are worth using, and
 * why not the others. Pure.
 *
 * @module
 */

import { majority } from "../../http/agreement.ts";
import { formatPercent } from "../report/format.ts";
import type { Measurement } from "./measurement.ts";

/** What is made of a mirror; `slow` would work, but hardly help. */
export type Verdict = "use" | "slow" | "skip";

/** A mirror, judged. */
export interface JudgedMirror {
  readonly measurement: Measurement;
  readonly verdict: Verdict;
  /** Why, or what should be known; `undefined` where there is nothing to say. */
  readonly reason: string | undefined;
  /** Its share of what all that are not skipped bring together, from 0 to 1. */
  readonly share: number | undefined;
  /** Whether it has the file; `undefined` where it gave nothing to compare, or none is the majority. */
  readonly sameFile: boolean | undefined;
}

/** Why a mirror is of no use. */
export interface Objection {
  /** It failed, it has another file or (`tie`) one of several, or it cannot be joined with others. */
  readonly kind: "failure" | "other" | "tie" | "service";
  readonly text: string;
}

/** A mirror is slow below this share of the whole … */
const LEAST_SHARE = 0.05;
/** … and this part of the fastest one's rate: of thirty equal mirrors, none is slow. */
const LEAST_PART = 0.25;

/** What a mirror's file is compared by, in this order. */
const TRAITS: readonly {
  readonly of: (measurement: Measurement) => number | string | undefined;
  readonly otherwise: (value: number | string, winner: unknown) => string;
}[] = [
  {
    of: ({ size }) => size,
    otherwise: (size, winner) =>
      `has another size than the others: ${size} B instead of ${winner} B`,
  },
  { of: ({ head }) => head, otherwise: () => "begins with other bytes than the others" },
  { of: ({ middle }) => middle, otherwise: () => "has other bytes in the middle than the others" },
];

/**
 * Compares mirrors, whose rates need not be known yet; returns what there is against each of them, in
 * their order.
 */
export function objectionsTo(measurements: readonly Measurement[]): (Objection | undefined)[] {
  const objections = measurements.map((measurement): Objection | undefined => {
    if (measurement.failure === undefined) return undefined;
    return {
      kind: "failure",
      text: [measurement.failure.problem, ...leadsTo(measurement)].join("; "),
    };
  });
  const left = () => measurements.filter((_, index) => objections[index] === undefined);
  const object = (measurement: Measurement, kind: Objection["kind"], text: string) => {
    objections[measurements.indexOf(measurement)] ??= { kind, text };
  };
  // What a mirror said before it failed counts.
  let witnesses = measurements.filter(({ head }) => head !== undefined);
  for (const { of, otherwise } of TRAITS) {
    const vote = majority(witnesses.map(of));
    if (vote.type !== "decided") {
      for (const one of witnesses) object(one, "tie", tieText(one));
      return objections;
    }
    const winner = vote.value;
    for (const one of witnesses) {
      const value = of(one);
      if (value !== undefined && value !== winner) object(one, "other", otherwise(value, winner));
    }
    witnesses = witnesses.filter((one) => [undefined, winner].includes(of(one)));
  }
  // Parts can be joined only where the whole is known.
  if (left().some(({ ranges, size }) => ranges && size !== undefined)) {
    for (const one of left()) {
      if (!one.ranges) object(one, "service", "does not serve ranges");
      else if (one.size === undefined) object(one, "service", "does not tell the file's size");
    }
  }
  return objections;
}

/** Judges mirrors whose rates are known; the fastest comes first. */
export function judge(measurements: readonly Measurement[]): JudgedMirror[] {
  const objections = objectionsTo(measurements);
  const rates = measurements.map(({ bytesPerSecond = 0 }, index) =>
    objections[index] === undefined ? bytesPerSecond : 0
  );
  const best = Math.max(0, ...rates);
  const total = rates.reduce((sum, rate) => sum + rate, 0);
  // The first of those that nothing speaks against, where none has a rate.
  const fastest = rates.findIndex((rate, index) =>
    rate === best && objections[index] === undefined
  );
  return measurements.map((measurement, index): JudgedMirror => {
    const { kind, text } = objections[index] ?? {};
    const sameFile = kind === "failure" || kind === "tie" ? undefined : kind !== "other";
    if (kind !== undefined) {
      return { measurement, verdict: "skip", reason: text, share: undefined, sameFile };
    }
    const share = total === 0 ? undefined : rates[index]! / total;
    const judged = { measurement, share, sameFile };
    if (!measurement.ranges || measurement.size === undefined) {
      const whole = "serves the whole file only, no parts of it";
      if (index === fastest) return { ...judged, verdict: "use", reason: whole };
      return { ...judged, verdict: "skip", reason: `${whole}, and another is faster` };
    }
    const slow = share !== undefined && share < LEAST_SHARE && rates[index]! < LEAST_PART * best;
    const notes = [...slow ? [shareText(share)] : [], ...leadsTo(measurement)];
    return {
      ...judged,
      verdict: slow ? "slow" : "use",
      reason: notes.length === 0 ? undefined : notes.join("; "),
    };
  }).sort(byRate);
}

function tieText({ size }: Measurement): string {
  const here = size === undefined ? "" : ` (${size} B here)`;
  return `the mirrors differ${here}, and no majority tells which file is meant`;
}

function shareText(share: number): string {
  if (share === 0) return "brought nothing in the time of the measurement";
  return `would bring ${share < 0.01 ? "less than 1 %" : formatPercent(share)} of the whole`;
}

function leadsTo({ finalOrigin, url }: Measurement): string[] {
  const host = finalOrigin && new URL(finalOrigin).host;
  return host === undefined || host === new URL(url).host ? [] : [`leads to ${host}`];
}

/** The fastest first; those without a rate in the order in which they were given. */
function byRate(one: JudgedMirror, other: JudgedMirror): number {
  const rate = ({ measurement, verdict }: JudgedMirror) =>
    verdict === "skip" ? -1 : measurement.bytesPerSecond ?? 0;
  return rate(other) - rate(one);
}

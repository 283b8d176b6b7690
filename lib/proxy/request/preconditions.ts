/**
 * Preconditions of a request, held against what is known of the file: whether it goes on, has its
 * answer already (304), or must not be met (412), and whether its Range counts. To be asked only
 * where the answer would be a success otherwise. Follows RFC 9110 sections 8.8 and 13.
 *
 * @module
 */

import { parseHttpDate } from "../../http/http_date.ts";
import { listMatches, matchesStrongly, matchesWeakly } from "../../http/validators.ts";

/** The validators that the proxy sends with a file. */
export interface SentValidators {
  /** The entity tag as it is sent, weak or strong. */
  readonly etag: string | undefined;
  /** The `Last-Modified` as it is sent. */
  readonly lastModified: string | undefined;
  /**
   * When the mirrors named that `lastModified`, in milliseconds since 1970.
   *
   * @default {unknown, so that the date is never a strong validator}
   */
  readonly knownAtMs?: number | undefined;
}

/** What becomes of a request: it goes on to its Range, or is answered with 304 or 412. */
export type Outcome = "proceed" | "not modified" | "failed";

/** Methods that select no representation: preconditions mean nothing to them (section 13.2.1). */
const UNCONDITIONAL = ["CONNECT", "OPTIONS", "TRACE"];

/** Evaluates the preconditions of a request in the order of section 13.2.2. */
export function evaluatePreconditions(
  method: string,
  headers: Headers,
  { etag, lastModified }: SentValidators,
): Outcome {
  if (UNCONDITIONAL.includes(method)) return "proceed";
  const isRead = method === "GET" || method === "HEAD";
  const ifMatch = headers.get("if-match");
  const ifNoneMatch = headers.get("if-none-match");
  if (ifMatch !== null) {
    if (!listMatches(ifMatch, etag, matchesStrongly)) return "failed";
  } else if (isUnmodifiedSince(lastModified, headers.get("if-unmodified-since")) === false) {
    return "failed";
  }
  if (ifNoneMatch !== null) {
    if (listMatches(ifNoneMatch, etag, matchesWeakly)) return isRead ? "not modified" : "failed";
  } else if (isRead && isUnmodifiedSince(lastModified, headers.get("if-modified-since"))) {
    return "not modified";
  }
  return "proceed";
}

/**
 * How long after `Last-Modified` it must have been named to be a strong validator, in milliseconds.
 * The two times are of different clocks, hence more than the one second of section 8.8.2.2.
 */
const STRONG_AFTER_MS = 60_000;

/**
 * Whether the Range of a GET counts, by its If-Range (section 13.1.5): without one it does; with
 * one only where that is the very validator, and a strong one. If not, the answer is the whole
 * file.
 */
export function rangeApplies(headers: Headers, validators: SentValidators): boolean {
  const ifRange = headers.get("if-range")?.trim();
  if (ifRange === undefined) return true;
  const { etag, lastModified, knownAtMs } = validators;
  if (ifRange.slice(0, 3).includes('"')) return matchesStrongly(ifRange, etag);
  const modifiedMs = parseHttpDate(ifRange, Date.now());
  if (modifiedMs === undefined || ifRange !== lastModified) return false;
  return knownAtMs !== undefined && knownAtMs - modifiedMs >= STRONG_AFTER_MS;
}

/** Undefined where one of the two is missing or no date: then the precondition is to be ignored. */
function isUnmodifiedSince(
  lastModified: string | undefined,
  date: string | null,
): boolean | undefined {
  const nowMs = Date.now();
  const modifiedMs = parseHttpDate(lastModified ?? "", nowMs);
  const sinceMs = parseHttpDate(date ?? "", nowMs);
  if (modifiedMs === undefined || sinceMs === undefined) return undefined;
  return modifiedMs <= sinceMs;
}

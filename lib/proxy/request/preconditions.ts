/**
 * Evaluates the preconditions of a request: whether it proceeds, or is answered with 304 or 412, and
 * whether its Range applies. Only for requests that would succeed without them. Follows RFC 9110
 * sections 8.8 and 13.
 *
 * @module
 */

import { parseHttpDate } from "../../http/http_date.ts";
import { isWeak, listMatches, matchesStrongly, matchesWeakly } from "../../http/validators.ts";

/** The validators that the proxy sends with a file. */
export interface SentValidators {
  /** The entity tag as sent, weak or strong. */
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  /**
   * When the mirrors reported that `lastModified`, in milliseconds since 1970.
   *
   * @default {unknown, so that the date is never a strong validator}
   */
  readonly knownAtMs?: number | undefined;
  /** Whether no other content has these validators: else the date is never a strong one either. */
  readonly isLasting?: boolean | undefined;
}

/** Whether a request proceeds, or is answered with 304 or 412. */
export type PreconditionResult = "proceed" | "not modified" | "failed";

/** Methods without a selected representation, which ignore preconditions (section 13.2.1). */
const UNCONDITIONAL = ["CONNECT", "OPTIONS", "TRACE"];

/** Evaluates the preconditions of a request in the order of section 13.2.2. */
export function evaluatePreconditions(
  method: string,
  headers: Headers,
  { etag, lastModified }: SentValidators,
): PreconditionResult {
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
 * Minimum age of a `Last-Modified` to be a strong validator, in milliseconds. Section 8.8.2.2 requires
 * one second; here two clocks are compared.
 */
const STRONG_AFTER_MS = 60_000;

/**
 * Reports whether the Range of a GET applies: there is no If-Range, or it is the current validator and
 * a strong one (section 13.1.5). Otherwise the response is the whole file.
 */
export function rangeApplies(headers: Headers, validators: SentValidators): boolean {
  const ifRange = headers.get("if-range")?.trim();
  if (ifRange === undefined) return true;
  const { etag, lastModified, knownAtMs, isLasting = false } = validators;
  if (ifRange.slice(0, 3).includes('"')) return matchesStrongly(ifRange, etag);
  // A file whose tag is weak is not known to be the same, and other processes have other tags for a reason.
  if (!isLasting || (etag !== undefined && isWeak(etag))) return false;
  const modifiedMs = parseHttpDate(ifRange, Date.now());
  if (modifiedMs === undefined || ifRange !== lastModified) return false;
  return knownAtMs !== undefined && knownAtMs - modifiedMs >= STRONG_AFTER_MS;
}

/** Returns `undefined` if either date is missing or invalid: the precondition is ignored then. */
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

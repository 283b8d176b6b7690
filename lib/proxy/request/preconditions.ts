/**
 * Preconditions of a request, held against what is known of the file: whether it goes on, has its
 * answer already (304), or must not be met (412), and whether its Range counts. To be asked only
 * where the answer would be a success otherwise. Follows RFC 9110 sections 8.8 and 13.
 *
 * @module
 */

import { parseHttpDate } from "../../http/http_date.ts";

/** The validators that the proxy sends with a file. */
export interface Validators {
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
  { etag, lastModified }: Validators,
): Outcome {
  if (UNCONDITIONAL.includes(method)) return "proceed";
  const isRead = method === "GET" || method === "HEAD";
  const ifMatch = headers.get("if-match");
  const ifNoneMatch = headers.get("if-none-match");
  if (ifMatch !== null) {
    if (!matches(ifMatch, etag, isStrongMatch)) return "failed";
  } else if (isUnmodifiedSince(lastModified, headers.get("if-unmodified-since")) === false) {
    return "failed";
  }
  if (ifNoneMatch !== null) {
    if (matches(ifNoneMatch, etag, isWeakMatch)) return isRead ? "not modified" : "failed";
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
export function rangeApplies(headers: Headers, validators: Validators): boolean {
  const ifRange = headers.get("if-range")?.trim();
  if (ifRange === undefined) return true;
  const { etag, lastModified, knownAtMs } = validators;
  if (ifRange.slice(0, 3).includes('"')) return isStrongMatch(ifRange, etag);
  const modifiedMs = parseHttpDate(ifRange, Date.now());
  if (modifiedMs === undefined || ifRange !== lastModified) return false;
  return knownAtMs !== undefined && knownAtMs - modifiedMs >= STRONG_AFTER_MS;
}

const ENTITY_TAG = String.raw`(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"`;
/** A member of a list, from one comma to the next; empty ones are allowed. */
const MEMBER = new RegExp(String.raw`[ \t]*(?:(${ENTITY_TAG})[ \t]*)?(?:,|$)`, "y");

/**
 * Whether one of the entity tags of a list matches, or `*`, which stands for any file that there
 * is. What comes behind a member that is none is not looked at.
 *
 * `ifMatch()` and `ifNoneMatch()` of `@std/http/etag` would not do: they split the list at commas
 * within quotes too, where section 8.8.3 allows them, and to them `If-Match: *` is false for a file
 * with a weak tag or without one (a test shows both).
 */
function matches(
  list: string,
  etag: string | undefined,
  match: (one: string, other: string | undefined) => boolean,
): boolean {
  if (list.trim() === "*") return true;
  for (let index = 0; index < list.length; index = MEMBER.lastIndex) {
    MEMBER.lastIndex = index;
    const member = MEMBER.exec(list);
    if (member === null) return false;
    if (member[1] !== undefined && match(member[1], etag)) return true;
  }
  return false;
}

/** Strong comparison (section 8.8.3.2): the same tag, and not a weak one. */
function isStrongMatch(one: string, other: string | undefined): boolean {
  return one === other && !one.startsWith("W/");
}

/** Weak comparison: the same tag, weak or not. */
function isWeakMatch(one: string, other: string | undefined): boolean {
  return one.replace(/^W\//, "") === other?.replace(/^W\//, "");
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

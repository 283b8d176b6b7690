/**
 * Validators: what tells whether a file on one mirror is still the same file. Only strong ones may
 * join ranges. Follows RFC 9110 sections 8.8 and 13.1.5.
 *
 * @module
 */

import { parseHttpDateLeniently } from "./http_date.ts";

/** The validators of one answer. */
export interface Validators {
  /** The entity tag as it came, weak ones too. */
  etag: string | undefined;
  /** The `Last-Modified` as it came. */
  lastModified: string | undefined;
  /** What may be sent as `If-Range`: a strong entity tag, or else a date that is strong. */
  strong: string | undefined;
}

/** An entity tag: optionally weak, quoted, without quotes or control characters in it. */
const ENTITY_TAG = /^(W\/)?"[\x21\x23-\x7e\x80-\uffff]*"$/;

/** Reads the validators of an answer; `nowMs` is the time, in milliseconds since 1970. */
export function readValidators(headers: Headers, nowMs: number): Validators {
  const tag = headers.get("etag")?.trim();
  const etag = tag !== undefined && ENTITY_TAG.test(tag) ? tag : undefined;
  const lastModified = headers.get("last-modified") ?? undefined;
  if (etag !== undefined) {
    return { etag, lastModified, strong: etag.startsWith("W/") ? undefined : etag };
  }
  const isStrong = isStrongDate(lastModified, headers.get("date"), nowMs);
  return { etag, lastModified, strong: isStrong ? lastModified : undefined };
}

/**
 * A date is strong when the answer was made at least one second after it (section 8.8.2.2), and is
 * used only where there is no entity tag (section 13.1.5).
 */
function isStrongDate(
  lastModified: string | undefined,
  date: string | null,
  nowMs: number,
): boolean {
  const modifiedMs = parseHttpDateLeniently(lastModified ?? "", nowMs);
  const answeredMs = parseHttpDateLeniently(date ?? "", nowMs);
  return modifiedMs !== undefined && answeredMs !== undefined && answeredMs - modifiedMs >= 1000;
}

/**
 * Whether an answer of a mirror says that the file is another one than it served before: another
 * entity tag (weak or not: only the tag counts) or, without tags, another date.
 */
export function contradicts(before: Validators | undefined, now: Validators): boolean {
  if (before?.etag !== undefined && now.etag !== undefined) {
    return opaque(before.etag) !== opaque(now.etag);
  }
  if (before?.lastModified === undefined || now.lastModified === undefined) return false;
  return before.lastModified !== now.lastModified;
}

function opaque(etag: string): string {
  return etag.replace(/^W\//, "");
}

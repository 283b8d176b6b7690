/**
 * Validators: what tells whether a file on one mirror is still the same file. Only strong ones may
 * join ranges. Follows RFC 9110 sections 8.8 and 13.1.5.
 *
 * @module
 */

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

/** Reads the validators of an answer. */
export function readValidators(headers: Headers): Validators {
  const tag = headers.get("etag")?.trim();
  const etag = tag !== undefined && ENTITY_TAG.test(tag) ? tag : undefined;
  const lastModified = headers.get("last-modified") ?? undefined;
  return { etag, lastModified, strong: strongValidator(etag, lastModified, headers.get("date")) };
}

/**
 * A date is strong when the answer was made at least one second after it (section 8.8.2.2), and is
 * used only where there is no entity tag (section 13.1.5).
 */
function strongValidator(
  etag: string | undefined,
  lastModified: string | undefined,
  date: string | null,
): string | undefined {
  if (etag !== undefined) return etag.startsWith("W/") ? undefined : etag;
  if (lastModified === undefined || date === null) return undefined;
  return Date.parse(date) - Date.parse(lastModified) >= 1000 ? lastModified : undefined;
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

/**
 * Milliseconds that a `Retry-After` asks to wait, in either form (RFC 9110 section 10.2.3):
 * seconds, or a date, which is held against `nowMs` (milliseconds since 1970).
 */
export function parseRetryAfter(value: string | null, nowMs: number): number | undefined {
  const text = value?.trim() ?? "";
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const isDate = /^[a-z]{3,9},? /i.test(text);
  const date = isDate ? Date.parse(text.endsWith("GMT") ? text : `${text} GMT`) : NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

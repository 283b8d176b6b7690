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

/** Whether an answer's entity tag contradicts the strong validator known of the same mirror. */
export function contradicts(known: string | undefined, { etag }: Validators): boolean {
  if (known === undefined || !known.startsWith('"')) return false;
  return etag !== undefined && !etag.startsWith("W/") && etag !== known;
}

/**
 * Milliseconds that a `Retry-After` asks to wait, in either form (RFC 9110 section 10.2.3):
 * seconds, or a date, which is held against `nowMs` (milliseconds since 1970).
 */
export function parseRetryAfter(value: string | null, nowMs: number): number | undefined {
  const text = value?.trim() ?? "";
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const date = /^[a-z]{3,9},? /i.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

/**
 * Validators: entity tags and modification dates, which show whether a file is still the same. Only
 * strong ones allow ranges to be joined. Follows RFC 9110 sections 8.8 and 13.1.
 *
 * @module
 */

import { parseHttpDateLeniently } from "./http_date.ts";
import { readField } from "./field_value.ts";

/** The validators of one response. */
export interface Validators {
  /** The entity tag as received, weak or strong. */
  readonly etag: string | undefined;
  /** The `Last-Modified` as received. */
  readonly lastModified: string | undefined;
  /** The value for an `If-Range`: a strong entity tag, or else a strong date. */
  readonly strong: string | undefined;
}

/** An entity tag: optionally weak, quoted, without quotes or control characters inside. */
const ENTITY_TAG = String.raw`(?:W\/)?"[\x21\x23-\x7e\x80-\uffff]*"`;
const WHOLE_TAG = new RegExp(`^${ENTITY_TAG}$`);
/** A member of a list of tags, up to the next comma; it may be empty. */
const MEMBER = new RegExp(String.raw`[ \t]*(?:(${ENTITY_TAG})[ \t]*)?(?:,|$)`, "y");

/** Maximum length of a validator: a longer one is remembered at our cost, and no server takes it back. */
const MOST_CHARACTERS = 16_384;

/** Reads the validators of a response; `nowMs` is the time, in milliseconds since 1970. */
export function readValidators(headers: Headers, nowMs: number): Validators {
  const tag = readValidator(headers, "etag");
  const etag = tag !== undefined && WHOLE_TAG.test(tag) ? tag : undefined;
  const lastModified = readValidator(headers, "last-modified");
  if (etag !== undefined) return { etag, lastModified, strong: isWeak(etag) ? undefined : etag };
  const isStrong = isStrongDate(lastModified, readField(headers, "date"), nowMs);
  return { etag, lastModified, strong: isStrong ? lastModified : undefined };
}

function readValidator(headers: Headers, name: string): string | undefined {
  const value = readField(headers, name);
  return value !== undefined && value.length <= MOST_CHARACTERS ? value : undefined;
}

/**
 * Reports whether a date is a strong validator: the response was made at least one second after it
 * (section 8.8.2.2). It is used only where there is no entity tag (section 13.1.5).
 */
function isStrongDate(
  lastModified: string | undefined,
  date: string | undefined,
  nowMs: number,
): boolean {
  const modifiedMs = parseHttpDateLeniently(lastModified ?? "", nowMs);
  const sentMs = parseHttpDateLeniently(date ?? "", nowMs);
  return modifiedMs !== undefined && sentMs !== undefined && sentMs - modifiedMs >= 1000;
}

/** Reports whether an entity tag is weak. */
export function isWeak(etag: string): boolean {
  return etag.startsWith("W/");
}

/** Compares two entity tags strongly (section 8.8.3.2): equal, and neither is weak. */
export function matchesStrongly(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && one === other && !isWeak(one);
}

/** Compares two entity tags weakly: equal, apart from being weak or strong. */
export function matchesWeakly(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && one.replace(/^W\//, "") === other?.replace(/^W\//, "");
}

/**
 * Reports whether a list of entity tags, as in `If-Match`, has one that matches `etag`, or is `*`,
 * which matches any file that exists. Ignores everything after an invalid member.
 *
 * `ifMatch()` and `ifNoneMatch()` of `@std/http/etag` would not do: they split the list at commas
 * within quotes too, where section 8.8.3 allows them, and to them `If-Match: *` is false for a file
 * with a weak tag or without one (a test shows both).
 */
export function listMatches(
  list: string,
  etag: string | undefined,
  matches: typeof matchesStrongly,
): boolean {
  if (list.trim() === "*") return true;
  for (let index = 0; index < list.length; index = MEMBER.lastIndex) {
    MEMBER.lastIndex = index;
    const member = MEMBER.exec(list);
    if (member === null) return false;
    if (matches(member[1], etag)) return true;
  }
  return false;
}

/**
 * Reports whether a response shows that the file changed since an earlier one: another entity tag (by
 * weak comparison), or without tags another date.
 */
export function contradicts(before: Validators | undefined, now: Validators): boolean {
  if (before?.etag !== undefined && now.etag !== undefined) {
    return !matchesWeakly(before.etag, now.etag);
  }
  if (before?.lastModified === undefined || now.lastModified === undefined) return false;
  return before.lastModified !== now.lastModified;
}

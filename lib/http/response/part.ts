/**
 * Reads what a response says about the part of the file that it carries: `Content-Range` against
 * `Content-Length` and the request. Servers round ranges to blocks, forget to clamp them, and describe
 * the file where they should describe the part: what is meant and fits is used, and what stays open is
 * named as a doubt. Follows RFC 9110 sections 14.4, 15.3.7 and 8.6.
 *
 * @module
 */

import type { ContentRange, RequestForm } from "../byte_range.ts";

/** How a body is read. */
export interface BodyFrame {
  /** Number of bytes before the first wanted one. */
  readonly skip: number;
  /** Number of wanted bytes after them; `undefined` for all that come. */
  readonly length: number | undefined;
  /** What follows: the body ends there by its framing, goes on, or may do either. */
  readonly rest: "none" | "more" | "unknown";
  /**
   * The length of the requested range, where the body should be the whole file but its length is unknown:
   * one that ends there, or at once, is the range.
   */
  readonly partLength?: number | undefined;
}

/** Says what is wrong with a body of `length` bytes that should be the whole file. */
export function partMessage(length: number): string {
  return length === 0
    ? "answered a request for a range with an empty body"
    : `answered 200 with the ${length} bytes that were requested, but without Content-Range`;
}

/** What the headers of a response leave open. */
export type Doubt =
  /**
   * The total may be wrong. If it is `at`, it may be the end of the range instead: it is believed if there
   * is no byte at `at`. If it is more, it is believed if there is one. `refuted`: it contradicts the range.
   */
  | { readonly type: "total"; readonly at: number; readonly refuted: boolean }
  /** The body may be the whole file, though the headers describe a part that begins later. */
  | { readonly type: "framing" }
  /** The body may be a part, though nothing says so. `isPart`: it has the length of the range. */
  | { readonly type: "whole"; readonly isPart: boolean };

export interface Part {
  /** The bytes that are used: never more than requested. */
  readonly range: ContentRange;
  readonly body: BodyFrame;
  readonly doubt: Doubt | undefined;
  /** Whether `Content-Length` is that of the bytes that are sent. */
  readonly measured: boolean;
}

export interface PartFacts {
  /** The first byte requested. */
  readonly start: number;
  /** The byte after the last one requested; `undefined` for all that follow. */
  readonly end: number | undefined;
  readonly form: RequestForm;
  /** The file's size, if it is known. */
  readonly size: number | undefined;
  readonly status: number;
  /** The parsed `Content-Range`. */
  readonly stated: ContentRange;
  /** The parsed `Content-Length`. */
  readonly length: number | undefined;
  /** Whether the total is ignored. */
  readonly ignoresTotals: boolean;
  /** Whether the mirror is known to send less at once than is requested. */
  readonly shortens: boolean;
}

/**
 * Maximum number of bytes read and thrown away before the first wanted one: caches send whole blocks of
 * up to a few MiB.
 */
const MAX_SKIP = 4 * 1024 * 1024;

/** Reports whether a range covers its file from byte 0 on. */
export function isWholeFile({ start, end, size }: ContentRange): boolean {
  return start === 0 && size !== undefined && size > 0 && end >= size;
}

/** Returns which bytes are meant; `undefined` if they are not those requested, or it is not certain. */
export function readPart(facts: PartFacts): Part | undefined {
  const { start, end: wantedEnd = Infinity, stated, length } = facts;
  const sent = readSent(facts);
  if (sent === undefined || start < stated.start || start >= sent.end) return undefined;
  const skip = start - stated.start;
  const end = Math.min(sent.end, wantedEnd);
  const measured = length !== undefined && length <= stated.end - stated.start;
  if (skip > 0) {
    // With another length it is open which bytes they are.
    const exact = length === undefined || length === stated.end - stated.start;
    if (skip > MAX_SKIP || !exact) return undefined;
    // A server that always sends the whole file is asked for that once, not for each range.
    if (isWholeFile(stated) && skip > end - start) return undefined;
  }
  const rest = end < sent.end || (length !== undefined && !measured)
    ? "more"
    : measured
    ? "none"
    : "unknown";
  return {
    range: { start, end, size: sent.size },
    body: { skip, length: end - start, rest },
    doubt: sent.doubt ?? doubtTotal(facts, sent) ?? doubtFraming(facts),
    measured,
  };
}

interface Sent {
  /** The byte after the last one that is sent. */
  readonly end: number;
  readonly size: number | undefined;
  readonly doubt?: Doubt | undefined;
}

function readSent({ stated, length, ignoresTotals }: PartFacts): Sent | undefined {
  const span = stated.end - stated.start;
  if (length === 0) return undefined;
  // A part that is shorter than its range says: RFC 9110 section 15.3.7 allows fewer bytes.
  const end = stated.start + Math.min(span, length ?? span);
  const size = ignoresTotals ? undefined : stated.size;
  if (size === undefined) return { end, size };
  if (end <= size) {
    // More bytes than the file is said to have: one of the two is wrong.
    const refuted = length !== undefined && length > size;
    return { end, size, doubt: refuted ? { type: "total", at: size, refuted } : undefined };
  }
  if (length === undefined) {
    if (size <= stated.start) return undefined;
    return { end: size, size, doubt: { type: "total", at: size, refuted: false } };
  }
  // There are bytes beyond what it calls the end of the file.
  return length > span
    ? undefined
    : { end, size: undefined, doubt: { type: "total", at: end, refuted: true } };
}

/** Doubts another total than the file's: some servers send the end of the range as the size, or another wrong one. */
function doubtTotal(
  { form, end = Infinity, size, stated, shortens }: PartFacts,
  sent: Sent,
): Doubt | undefined {
  if (sent.size === undefined) return undefined;
  if (sent.size === size) {
    // The same, where that was believed because of an earlier response.
    const isShort = form !== "plain" && end >= size && sent.end < size && !shortens;
    return isShort ? { type: "total", at: sent.end, refuted: false } : undefined;
  }
  // Less than was requested: either the server sends no more at once, or there is no more.
  const wanted = form === "open" ? sent.size : Math.min(end, sent.size);
  if (form !== "plain" && size === undefined && sent.end < wanted) {
    return { type: "total", at: sent.end, refuted: false };
  }
  if (form !== "bounded") return undefined;
  // A range that ends before the requested one ends where the file does.
  const ends = sent.size === stated.end && sent.size >= end;
  return ends ? { type: "total", at: sent.size, refuted: false } : undefined;
}

/** Doubts a length that is not the part's: some servers send the whole file, or its length, with the headers of a part. */
function doubtFraming({ stated, length, status }: PartFacts): Doubt | undefined {
  const { start, end, size } = stated;
  // The first bytes are the first bytes of the file, too.
  if (start === 0 || length === end - start) return undefined;
  return status !== 206 || (length !== undefined && length === size)
    ? { type: "framing" }
    : undefined;
}

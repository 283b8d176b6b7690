/**
 * Byte ranges, and the header fields that carry them: `Range`, `Content-Range`, `Content-Length`.
 * Follows RFC 9110 sections 14.1, 14.2, 14.4 and 15.5.17.
 *
 * @module
 */

import { parseWholeNumber } from "./field_value.ts";

/** A half-open range of bytes: from `start` up to, but not including, `end`. */
export interface ByteRange {
  /** Offset of the first byte. */
  readonly start: number;
  /** Offset of the byte after the last one. */
  readonly end: number;
}

/** A range in a file of `size` bytes; `undefined` for an unknown size. */
export interface ContentRange extends ByteRange {
  readonly size: number | undefined;
}

/**
 * How a range is requested: `bounded` as `bytes=N-M`, `open` as `bytes=N-`, `plain` without `Range`.
 * Servers that refuse one form often answer another.
 */
export type RequestForm = "bounded" | "open" | "plain";

/** Returns the value of a `Range` header for one range. */
export function rangeHeader({ start, end }: ByteRange): string {
  return `bytes=${start}-${end - 1}`;
}

/** Returns the value of a `Range` header for everything from byte `start` on. */
export function openRangeHeader(start: number): string {
  return `bytes=${start}-`;
}

/** Returns the value of a `Content-Range` header. */
export function contentRangeHeader({ start, end }: ByteRange, size: number): string {
  return `bytes ${start}-${end - 1}/${size}`;
}

/** The unit, with the separators that servers put after it, or no unit at all. */
const UNIT = String.raw`(?:bytes?(?:\s*[:=])?\s*)?`;
/** Some servers leave an unknown size out, or write -1. */
const CONTENT_RANGE = new RegExp(
  String.raw`^${UNIT}(\d+)\s*-\s*(\d+)\s*(?:\/\s*(\d+|\*|-1)?)?$`,
  "i",
);
const UNSATISFIED = new RegExp(String.raw`^${UNIT}\*\s*\/\s*(\d+)$`, "i");

/**
 * Parses the `Content-Range` of a part, in any spelling that servers use: `bytes 0-9/10`,
 * `bytes=0-9/10`, `bytes: 0-9/10`, `0-9/10`. Returns `undefined` for another unit and for an invalid
 * value. The range may end beyond `size`: some servers repeat the range of the request.
 */
export function parseContentRange(value: string | null): ContentRange | undefined {
  return parseCopies(value, (copy) => {
    const [, first, last, total = "*"] = CONTENT_RANGE.exec(copy) ?? [];
    if (first === undefined || last === undefined) return undefined;
    const [start, end, size] = [first, last, total].map(parseWholeNumber);
    if (start === undefined || end === undefined || end < start) return undefined;
    const stated = total !== "*" && total !== "-1";
    return stated && size === undefined ? undefined : { start, end: end + 1, size };
  });
}

/** Parses the complete length in the `Content-Range` of a 416. */
export function parseUnsatisfiedSize(value: string | null): number | undefined {
  return parseCopies(value, (copy) => parseWholeNumber(UNSATISFIED.exec(copy)?.[1]));
}

/** Parses a `Content-Length`; returns `undefined` when it is missing, invalid or contradictory. */
export function parseContentLength(value: string | null): number | undefined {
  return parseCopies(value, parseWholeNumber);
}

/**
 * Reads the length of a body from `Content-Length`. A chunked body ends by itself, whatever that says (RFC 9112
 * section 6.3).
 */
export function readContentLength(headers: Headers): number | undefined {
  return isChunked(headers) ? undefined : parseContentLength(headers.get("content-length"));
}

/** Reports whether a body is chunked, as it is if that is its last transfer coding. */
export function isChunked(headers: Headers): boolean {
  return /chunked\s*$/i.test(headers.get("transfer-encoding") ?? "");
}

/** Maximum number of copies of a field: more are no accident. */
const MAX_COPIES = 8;

/** Parses a field that may have been sent several times; the copies must mean the same. */
function parseCopies<Value>(
  value: string | null,
  parse: (copy: string) => Value | undefined,
): Value | undefined {
  const copies = (value ?? "").split(",", MAX_COPIES + 1);
  if (copies.length > MAX_COPIES) return undefined;
  const [first, ...others] = copies.map((copy) => parse(copy.trim()));
  const same = others.every((other) => JSON.stringify(other) === JSON.stringify(first));
  return same ? first : undefined;
}

/** What the `Range` header of a request selects. */
export type RangeSelection =
  /** The whole file: there is no valid `Range`. */
  | { readonly type: "none" }
  /** Only bytes beyond the end of the file: 416. */
  | { readonly type: "unsatisfiable" }
  /** At least one byte each, in the order in which they were requested. */
  | { readonly type: "ranges"; readonly ranges: readonly ByteRange[] };

/** Requests with more ranges are answered with the whole file, which costs less. */
export const MAX_RANGES = 16;

const NONE: RangeSelection = { type: "none" };
const UNSATISFIABLE: RangeSelection = { type: "unsatisfiable" };

/**
 * Parses a `Range` header of a request for a file of `size` bytes. Ignores it when it is missing, has
 * another unit, is invalid anywhere, or has more than {@linkcode MAX_RANGES} ranges or ranges that
 * overlap. Spaces around the numbers are accepted, as by Apache and Go. In an empty file, `0-` and a
 * suffix select the whole file, as in nginx and Go: no `Content-Range` can describe an empty range.
 * `@std/http` exports no parser; the one inside its `file_server` takes a single range.
 */
export function parseRange(header: string | null, size: number): RangeSelection {
  const set = /^[ \t]*bytes=(.*)$/i.exec(header ?? "")?.[1];
  if (set === undefined) return NONE;
  const ranges: ByteRange[] = [];
  let count = 0;
  // One after another, as most of a long set need not be read.
  for (const [member] of set.matchAll(/[^,]+/g)) {
    const text = member.trim();
    if (text === "") continue;
    const range = ++count > MAX_RANGES ? undefined : resolve(text, size);
    if (range === undefined) return NONE;
    if (range !== "unsatisfiable") ranges.push(range);
  }
  if (count === 0 || overlap(ranges) || ranges.some(({ start, end }) => start === end)) return NONE;
  return ranges.length === 0 ? UNSATISFIABLE : { type: "ranges", ranges };
}

/** Parses one range of a set; returns `undefined` if it is invalid. In an empty file it may be empty. */
function resolve(text: string, size: number): ByteRange | "unsatisfiable" | undefined {
  const [, first, last] = /^(\d*)[ \t]*-[ \t]*(\d*)$/.exec(text) ?? [];
  if (first === undefined || last === undefined) return undefined;
  if (first === "") {
    if (last === "") return undefined;
    // Digits beyond what a number can hold give a larger one, or Infinity: beyond any size, too.
    const length = Number(last);
    return length === 0 ? "unsatisfiable" : { start: Math.max(0, size - length), end: size };
  }
  if (last !== "" && isLess(last, first)) return undefined;
  const start = Number(first);
  if (start > 0 && start >= size) return "unsatisfiable";
  return { start, end: last === "" ? size : Math.min(Number(last) + 1, size) };
}

/** Compares whole numbers of any length by their digits. */
function isLess(one: string, other: string): boolean {
  const [left, right] = [one, other].map((digits) => digits.replace(/^0+/, ""));
  return left!.length === right!.length ? left! < right! : left!.length < right!.length;
}

function overlap(ranges: readonly ByteRange[]): boolean {
  const sorted = ranges.toSorted((one, other) => one.start - other.start);
  return sorted.some(({ end }, index) => end > (sorted[index + 1]?.start ?? Infinity));
}

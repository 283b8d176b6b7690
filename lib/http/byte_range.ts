/**
 * Byte ranges, and the header fields that carry them: `Range`, `Content-Range`, `Content-Length`.
 * Follows RFC 9110 sections 14.1, 14.2, 14.4 and 15.5.17.
 *
 * @module
 */

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

/**
 * Parses the `Content-Range` of a 206. Returns `undefined` for another unit, for an invalid value, and
 * for one that contradicts itself.
 */
export function parseContentRange(value: string | null): ContentRange | undefined {
  const match = /^bytes +(\d+)-(\d+)\/(\d+|\*)$/i.exec(value?.trim() ?? "");
  if (match === null) return undefined;
  const start = parseNumber(match[1]!);
  const last = parseNumber(match[2]!);
  const size = match[3] === "*" ? undefined : parseNumber(match[3]!);
  if (start === undefined || last === undefined || last < start) return undefined;
  if (match[3] !== "*" && (size === undefined || size <= last)) return undefined;
  return { start, end: last + 1, size };
}

/** Parses the complete length in the `Content-Range` of a 416. */
export function parseUnsatisfiedSize(value: string | null): number | undefined {
  const match = /^bytes +\*\/(\d+)$/i.exec(value?.trim() ?? "");
  return match === null ? undefined : parseNumber(match[1]!);
}

/** Parses a `Content-Length`; returns `undefined` when it is missing or invalid. */
export function parseContentLength(value: string | null): number | undefined {
  const match = /^\d+$/.exec(value?.trim() ?? "");
  return match === null ? undefined : parseNumber(match[0]);
}

function parseNumber(digits: string): number | undefined {
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** What the `Range` header of a request selects. */
export type RangeSelection =
  /** The whole file: there is no valid `Range`. */
  | { readonly type: "none" }
  /** Only bytes behind the end of the file: 416. */
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
 * overlap. Spaces around the numbers are accepted, as by Apache and Go. In an empty file, `0-` and a suffix select the whole file, as in nginx and Go: no `Content-Range`
 * can describe an empty range. `@std/http` exports no parser; the one inside its `file_server` takes a
 * single range.
 */
export function parseRange(header: string | null, size: number): RangeSelection {
  const set = /^[ \t]*bytes=(.*)$/i.exec(header ?? "")?.[1];
  if (set === undefined) return NONE;
  const ranges: ByteRange[] = [];
  let count = 0;
  for (const member of set.split(",")) {
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

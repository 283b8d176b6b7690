/**
 * The Range header of a request, resolved against the size of the file. A set of ranges is not a
 * list of trusted numbers: what would cost more than the whole file is ignored.
 * Follows RFC 9110 sections 14.1.1, 14.1.2, 14.2 and 15.5.17.
 *
 * @module
 */

import type { ByteRange } from "../../http/byte_range.ts";

/** What a Range header asks for. */
export type RangeRequest =
  /** Nothing that counts: the answer is the whole file (200). */
  | { readonly type: "none" }
  /** Only bytes that the file does not have (416). */
  | { readonly type: "unsatisfiable" }
  /** These, in the order in which they were asked for (206); of one, no multipart is made. */
  | { readonly type: "ranges"; readonly ranges: readonly ByteRange[] };

/** The most ranges of one request; with more, the header is ignored. */
export const MOST_RANGES = 16;

const NONE: RangeRequest = { type: "none" };
const UNSATISFIABLE: RangeRequest = { type: "unsatisfiable" };

/**
 * Reads a Range header. It is ignored when there is none, for another unit, for a mistake anywhere
 * in it, for more than {@linkcode MOST_RANGES} ranges, and for ranges that overlap. Spaces around
 * the numbers are forgiven, as by Apache and Go.
 *
 * In an empty file, the bytes from 0 on and the last ones are taken for the whole of it, as nginx
 * and Go do: there is no Content-Range that could tell of no bytes.
 *
 * @param header the header's value; `null` where there is none
 * @param size the file's size in bytes
 */
export function parseRange(header: string | null, size: number): RangeRequest {
  const set = /^[ \t]*bytes=(.*)$/i.exec(header ?? "")?.[1];
  if (set === undefined) return NONE;
  const ranges: ByteRange[] = [];
  let count = 0;
  for (const member of set.split(",")) {
    const text = member.trim();
    if (text === "") continue;
    const range = ++count > MOST_RANGES ? undefined : resolve(text, size);
    if (range === undefined) return NONE;
    if (range !== "unsatisfiable") ranges.push(range);
  }
  if (count === 0 || overlap(ranges) || ranges.some(({ start, end }) => start === end)) return NONE;
  return ranges.length === 0 ? UNSATISFIABLE : { type: "ranges", ranges };
}

/** One range of a set; `undefined` for a mistake. In an empty file it may be empty. */
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

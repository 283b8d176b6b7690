/**
 * Ranges on the wire: what is asked for, and whether an answer may be used. An answer is judged by
 * its status and headers alone, before a byte of it is used.
 * Follows RFC 9110 sections 14 (range requests), 15.3.7 (206) and 15.5.17 (416).
 *
 * @module
 */

import type { ByteRange } from "./byte_range.ts";

/** A `Content-Range` in bytes: `end` is exclusive, `size` is `undefined` for `*`. */
export interface ContentRange extends ByteRange {
  readonly size: number | undefined;
}

/** The value of a `Range` header for the bytes from `start` up to, but without, `end`. */
export function rangeHeader(start: number, end: number): string {
  return `bytes=${start}-${end - 1}`;
}

/**
 * Reads a `Content-Range` of a 206. Returns `undefined` for another unit, for anything that is no
 * such value, and for one that contradicts itself (RFC 9110 section 14.4).
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

/** Reads the complete length from the `Content-Range` of a 416: `bytes * /N` without the space. */
export function parseUnsatisfiedSize(value: string | null): number | undefined {
  const match = /^bytes +\*\/(\d+)$/i.exec(value?.trim() ?? "");
  return match === null ? undefined : parseNumber(match[1]!);
}

/** Reads a `Content-Length`; `undefined` when it is missing or no number. */
export function parseContentLength(value: string | null): number | undefined {
  const match = /^\d+$/.exec(value?.trim() ?? "");
  return match === null ? undefined : parseNumber(match[0]);
}

function parseNumber(digits: string): number | undefined {
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** What was asked for, to judge an answer by. */
export interface Asked {
  /** First byte asked for. */
  readonly start: number;
  /** The byte behind the last one asked for; `undefined` when the whole file was asked for. */
  readonly end: number | undefined;
  /** The file's size, where it is known already. */
  readonly size: number | undefined;
  /** Whether the request carried an `If-Range`, so that a 200 means that the file changed. */
  readonly conditional: boolean;
}

/** What an answer turned out to be. */
export type Verdict =
  /** The bytes from `start` to `end`; fewer than asked for, perhaps. */
  | { type: "partial"; start: number; end: number; size: number | undefined }
  /** The whole file from byte 0. */
  | { type: "whole"; size: number | undefined }
  /** The range lies outside the file. */
  | { type: "unsatisfiable"; size: number }
  /** Not to be used, and why. */
  | {
    type: "refused";
    reason: "status" | "range" | "encoding" | "changed";
    message: string;
    retryable: boolean;
  };

/** Statuses after which the same request may succeed later. */
const RETRYABLE = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Judges an answer by its status and headers. */
export function judge(asked: Asked, status: number, headers: Headers): Verdict {
  if (status === 416) return judgeUnsatisfied(asked, headers);
  if (status !== 200 && status !== 206) {
    return {
      type: "refused",
      reason: "status",
      message: `answered ${status}`,
      retryable: RETRYABLE.has(status) || status > 504,
    };
  }
  const encoding = headers.get("content-encoding")?.trim().toLowerCase() || "identity";
  if (encoding !== "identity") {
    return refuse("encoding", `the body is encoded (${encoding}), though identity was asked for`);
  }
  return status === 206 ? judgePartial(asked, headers) : judgeWhole(asked, headers);
}

function judgePartial(asked: Asked, headers: Headers): Verdict {
  if (asked.end === undefined) return refuse("range", "a 206 came, though no range was asked for");
  const type = headers.get("content-type") ?? "";
  if (/^\s*multipart\/byteranges\b/i.test(type)) {
    return refuse("range", "several ranges came (multipart/byteranges), though one was asked for");
  }
  const value = headers.get("content-range");
  if (value === null) return refuse("range", "a 206 without Content-Range came");
  const range = parseContentRange(value);
  const wanted = `bytes ${asked.start}-${asked.end - 1}`;
  if (range === undefined || range.start !== asked.start || range.end > asked.end) {
    return refuse("range", `Content-Range "${value}" came, though ${wanted} was asked for`);
  }
  if (asked.size !== undefined && range.size !== undefined && range.size !== asked.size) {
    return refuse("changed", `the file has ${range.size} bytes there now, not ${asked.size}`);
  }
  return { type: "partial", ...range };
}

function judgeWhole(asked: Asked, headers: Headers): Verdict {
  if (asked.conditional) {
    return refuse("changed", "the file changed there (a 200 came in answer to If-Range)");
  }
  const size = parseContentLength(headers.get("content-length"));
  if (asked.size !== undefined && size !== undefined && size !== asked.size) {
    return refuse("changed", `the file has ${size} bytes there now, not ${asked.size}`);
  }
  return { type: "whole", size };
}

function judgeUnsatisfied(asked: Asked, headers: Headers): Verdict {
  const size = parseUnsatisfiedSize(headers.get("content-range"));
  if (size === undefined || size > asked.start) {
    return refuse("range", `the range from byte ${asked.start} was refused (416)`);
  }
  if (asked.size !== undefined && asked.size !== size) {
    return refuse("changed", `the file has ${size} bytes there now, not ${asked.size}`);
  }
  return { type: "unsatisfiable", size };
}

function refuse(reason: "range" | "encoding" | "changed", message: string): Verdict {
  return { type: "refused", reason, message, retryable: false };
}

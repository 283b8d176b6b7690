/**
 * Checks whether a response may be used, by its status and headers alone, before a byte of its body
 * is. Follows RFC 9110 sections 14.4, 15.3.7 (206), 15.5.17 (416) and 13.1.5 (If-Range).
 *
 * @module
 */

import {
  type ByteRange,
  type ContentRange,
  parseContentLength,
  parseContentRange,
  parseUnsatisfiedSize,
  type RequestForm,
} from "./byte_range.ts";
import { contradicts, type Validators } from "./validators.ts";

/** What was requested, and what is known of the file. */
export interface RequestedRange {
  /** Offset of the first byte. */
  readonly start: number;
  /** Offset behind the last wanted byte; `undefined` for all that follow. */
  readonly end: number | undefined;
  /** The file's size, if it is known. */
  readonly size: number | undefined;
  /** How it is requested: by default `bounded` with an `end`, else `plain`. */
  readonly form?: RequestForm | undefined;
}

/** Returns how a range is requested. One without a finite end cannot be `bounded`. */
export function formOf({ end = Infinity, form }: RequestedRange): RequestForm {
  if (form !== undefined && form !== "bounded") return form;
  if (end !== Infinity) return "bounded";
  return form === undefined ? "plain" : "open";
}

/** How the range was requested. */
export interface RequestConditions {
  /** Whether the request had an `If-Range`, so that a 200 means that the file changed. */
  readonly conditional: boolean;
  /** The validators of the mirror's earlier responses. */
  readonly validators: Validators | undefined;
}

/** What a response turned out to be. */
export type ResponseCheck =
  | UsableResponse
  | {
    readonly type: "refused";
    readonly reason: "status" | "range" | "encoding" | "changed";
    readonly message: string;
    /** Whether the same request may succeed later. */
    readonly retryable: boolean;
  };

/** A response that may be used. */
export type UsableResponse =
  /** The requested bytes, or fewer. */
  | { readonly type: "partial" } & ContentRange
  /** The whole file from byte 0. */
  | { readonly type: "whole"; readonly size: number | undefined }
  /** The range lies outside the file. */
  | { readonly type: "unsatisfiable"; readonly size: number };

/** Statuses after which the same request may succeed later. */
const RETRYABLE = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Checks a response by its status, headers and validators. */
export function checkResponse(
  requested: RequestedRange & RequestConditions,
  status: number,
  headers: Headers,
  validators: Validators,
): ResponseCheck {
  const check = checkHeaders(requested, status, headers);
  if (check.type === "refused" || !contradicts(requested.validators, validators)) return check;
  return refuse("changed", "the file changed: it has another ETag or Last-Modified");
}

function checkHeaders(
  requested: RequestedRange & RequestConditions,
  status: number,
  headers: Headers,
): ResponseCheck {
  if (status === 416) return checkUnsatisfied(requested, headers);
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
    return refuse("encoding", `the body is encoded (${encoding}) although identity was requested`);
  }
  const { start, end } = requested;
  if (status === 200) return checkWhole(requested, headers);
  if (end === undefined) return refuse("range", "answered 206 although no range was requested");
  return checkPartial({ start, end }, requested.size, headers);
}

function checkPartial(
  requested: ByteRange,
  size: number | undefined,
  headers: Headers,
): ResponseCheck {
  const type = headers.get("content-type") ?? "";
  if (/^\s*multipart\/byteranges\b/i.test(type)) {
    return refuse(
      "range",
      "answered with several ranges (multipart/byteranges) although one was requested",
    );
  }
  const value = headers.get("content-range");
  if (value === null) return refuse("range", "answered 206 without Content-Range");
  const range = parseContentRange(value);
  const { start, end } = requested;
  if (range === undefined || range.start !== start || range.end > end) {
    return refuse(
      "range",
      `answered with Content-Range "${value}" although bytes ${start}-${end - 1} was requested`,
    );
  }
  return sizeChange(size, range.size) ?? { type: "partial", ...range };
}

function checkWhole(
  requested: RequestedRange & RequestConditions,
  headers: Headers,
): ResponseCheck {
  if (requested.conditional) {
    return refuse("changed", "the file changed: 200 in answer to If-Range");
  }
  const size = parseContentLength(headers.get("content-length"));
  return sizeChange(requested.size, size) ?? { type: "whole", size };
}

function checkUnsatisfied(requested: RequestedRange, headers: Headers): ResponseCheck {
  const size = parseUnsatisfiedSize(headers.get("content-range"));
  if (size === undefined || size > requested.start) {
    return refuse("range", `answered 416 to a range from byte ${requested.start}`);
  }
  return sizeChange(requested.size, size) ?? { type: "unsatisfiable", size };
}

/** Refuses a response that gives another size than the file had before. */
function sizeChange(
  before: number | undefined,
  now: number | undefined,
): ResponseCheck | undefined {
  if (before === undefined || now === undefined || before === now) return undefined;
  return refuse("changed", `the file changed: it has ${now} bytes, not ${before}`);
}

function refuse(reason: "range" | "encoding" | "changed", message: string): ResponseCheck {
  return { type: "refused", reason, message, retryable: false };
}

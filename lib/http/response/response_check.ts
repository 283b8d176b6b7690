/**
 * Checks whether a response may be used, by its status and headers alone, before a byte of its body
 * is. Follows RFC 9110 sections 14.4, 15.3.7 (206) and 15.5.17 (416).
 *
 * @module
 */

import {
  isChunked,
  parseContentLength,
  parseContentRange,
  parseUnsatisfiedSize,
  readContentLength,
} from "../byte_range.ts";
import type { ContentRange, RequestForm } from "../byte_range.ts";
import { readContentCoding } from "./content_encoding.ts";
import { type BodyFrame, type Doubt, isWholeFile, partMessage, readPart } from "./part.ts";
import { readField } from "../field_value.ts";

/** What was requested, and what is known of the file. */
export interface RequestedRange {
  /** Offset of the first byte. */
  readonly start: number;
  /** Offset of the byte after the last wanted one; `undefined` for all that follow. */
  readonly end: number | undefined;
  /** The file's size, if it is known. */
  readonly size: number | undefined;
  /** How it is requested: by default `bounded` with an `end`, else `plain`. */
  readonly form?: RequestForm | undefined;
  /** Whether totals in `Content-Range` are ignored: the mirror has been caught with a wrong one. */
  readonly ignoresTotals?: boolean | undefined;
  /** Whether the mirror is known to send less at once than is requested. */
  readonly shortens?: boolean | undefined;
  /** Whether the mirror has been caught encoding on the way: no encoding is a stored one. */
  readonly encodes?: boolean | undefined;
}

/** Returns how a range is requested. One without a finite end cannot be `bounded`. */
export function formOf({ end = Infinity, form }: RequestedRange): RequestForm {
  if (form !== undefined && form !== "bounded") return form;
  if (end !== Infinity) return "bounded";
  return form === undefined ? "plain" : "open";
}

/**
 * Returns how the last part of a file is requested: without its end. Where the file goes on after it,
 * the size was wrong.
 */
export function toTheEnd<Requested extends RequestedRange>(requested: Requested): Requested {
  const { end, size } = requested;
  const isLast = size !== undefined && end === size && formOf(requested) === "bounded";
  return isLast ? { ...requested, form: "open" } : requested;
}

/** What a response turned out to be. */
export type ResponseCheck = UsableCheck | Refusal;

/** A response that may be used, and how its body is read. */
export interface UsableCheck {
  readonly type: "usable";
  readonly answer: UsableResponse;
  readonly body: BodyFrame;
  /** What its headers leave open: it is to be found out before the response is used. */
  readonly doubt: Doubt | undefined;
  /** The content coding with which the file is stored. */
  readonly encoding: string | undefined;
}

export interface Refusal {
  readonly type: "refused";
  readonly reason: "status" | "range" | "encoding" | "changed";
  readonly message: string;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** The size that it gives, where that is another one than the file's. */
  readonly size?: number | undefined;
}

/** A response that may be used. */
export type UsableResponse =
  /** The requested bytes, or fewer. */
  | { readonly type: "partial" } & ContentRange
  /** The whole file from byte 0. */
  | { readonly type: "whole"; readonly size: number | undefined }
  /** The range lies outside the file. */
  | { readonly type: "unsatisfiable"; readonly size: number };

/** Statuses after which the same request may succeed later; with 202, some services prepare the file. */
const RETRYABLE = new Set([202, 408, 425, 429, 500, 502, 503, 504]);

/**
 * 203 comes from a proxy that may have changed the file, 226 from one that may have encoded it (RFC 3229), and
 * 201 from a service that has just made it: the bytes are compared, as any.
 */
const WHOLE = new Set([200, 201, 203, 226]);

/** Checks a response by its status and headers. */
export function checkResponse(
  requested: RequestedRange,
  status: number,
  headers: Headers,
): ResponseCheck {
  if (status === 416) return checkUnsatisfied(requested, headers);
  if (status === 206) return checkPartial(requested, headers);
  if (WHOLE.has(status)) return checkSuccess(requested, headers);
  const retryable = RETRYABLE.has(status) || status > 504;
  const message = `answered ${status}` + (status === 304 ? " (not modified)" : "");
  return { type: "refused", reason: "status", message, retryable };
}

function checkPartial(requested: RequestedRange, headers: Headers): ResponseCheck {
  const type = readField(headers, "content-type") ?? "";
  if (/^multipart\/byteranges\b/i.test(type)) {
    return refuse(
      "range",
      "answered with several ranges (multipart/byteranges) although one was requested",
    );
  }
  const { value, stated, text } = readContentRange(headers);
  const length = readContentLength(headers);
  // No range describes an empty file, so that servers write what they can: bytes 0-0/0, bytes 0--1/0.
  if (length === 0 && /\/\s*0$/.test(text)) return checkWhole(requested, undefined, headers);
  const isWhole = stated !== undefined && isWholeFile(stated) &&
    [undefined, stated.size].includes(length);
  if (formOf(requested) === "plain") {
    // Without a range that could be sent, a server means the whole file, which was requested.
    if (stated === undefined || isWhole) return checkWhole(requested, stated, headers);
    return refuse("range", `answered with a part (${value}) although no range was requested`);
  }
  if (value === undefined) return refuse("range", "answered 206 without Content-Range");
  const check = stated && checkPart(requested, 206, stated, headers);
  if (check !== undefined) return check;
  if (isWhole) return checkWhole(requested, stated, headers);
  return refuse("range", `answered with ${value} although ${shown(requested)} was requested`);
}

/** Checks a 200, which is the whole file unless it says which part it is. */
function checkSuccess(requested: RequestedRange, headers: Headers): ResponseCheck {
  const { value, stated } = readContentRange(headers);
  if (stated !== undefined && formOf(requested) !== "plain") {
    const check = checkPart(requested, 200, stated, headers);
    if (check !== undefined) return check;
  }
  const length = readContentLength(headers);
  const isPart = stated !== undefined && !isWholeFile(stated) &&
    (length === undefined || length !== stated.size);
  if (isPart) {
    return refuse("range", `answered with ${value} although ${shown(requested)} was requested`);
  }
  return checkUnstated(requested, stated, headers);
}

/**
 * Checks a 200 that should be the whole file. Some servers send nothing, or just the bytes of the range
 * without saying so: the length shows it, or a plain request.
 */
function checkUnstated(
  requested: RequestedRange,
  stated: ContentRange | undefined,
  headers: Headers,
): ResponseCheck {
  const check = checkWhole(requested, stated, headers);
  const form = formOf(requested);
  if (form === "plain" || stated !== undefined) return check;
  const { start, end = Infinity, size } = requested;
  const partLength = Math.min(end, size ?? Infinity) - start;
  const length = readContentLength(headers);
  const isPart = length === partLength && length !== size;
  if (length === 0 || (isPart && size !== undefined)) return refuse("range", partMessage(length));
  if (check.type === "refused" || size !== undefined) return check;
  if (length === undefined) return { ...check, body: { ...check.body, partLength } };
  return start === 0 && !isPart ? check : { ...check, doubt: { type: "whole", isPart } };
}

function checkPart(
  requested: RequestedRange,
  status: number,
  stated: ContentRange,
  headers: Headers,
): ResponseCheck | undefined {
  const part = readPart({
    ...requested,
    form: formOf(requested),
    status,
    stated,
    length: readContentLength(headers),
    ignoresTotals: requested.ignoresTotals ?? false,
    shortens: requested.shortens ?? false,
  });
  if (part === undefined) return undefined;
  const { range, body, doubt, measured } = part;
  // A total that is in doubt shows no change.
  const changed = doubt?.type === "total" ? undefined : sizeChange(requested.size, range.size);
  return changed ??
    checkCoding(
      { answer: { type: "partial", ...range }, body, doubt },
      measured && !requested.encodes,
      headers,
    );
}

function checkWhole(
  { size: before, encodes }: RequestedRange,
  stated: ContentRange | undefined,
  headers: Headers,
): ResponseCheck {
  const value = headers.get("content-length");
  const length = readContentLength(headers);
  if (value?.includes(",") && parseContentLength(value) === undefined) {
    return refuse("range", `answered with contradictory lengths (Content-Length: ${cut(value)})`);
  }
  // A total that is known to be right is better than a length that is too large.
  const size = before !== undefined && stated?.size === before ? before : length ?? stated?.size;
  const total = stated?.size ?? size;
  if (length !== undefined && total !== undefined && length < total) {
    return refuse("range", `sends only ${length} of the file's ${total} bytes`);
  }
  const rest = length === undefined ? "unknown" : length === size ? "none" : "more";
  const body = { skip: 0, length: size, rest } as const;
  const usable = { answer: { type: "whole", size }, body, doubt: undefined } as const;
  return sizeChange(before, size) ?? checkCoding(usable, length !== undefined && !encodes, headers);
}

function checkUnsatisfied(requested: RequestedRange, headers: Headers): ResponseCheck {
  const size = parseUnsatisfiedSize(headers.get("content-range"));
  if (size === undefined || size > requested.start) {
    return refuse("range", `answered 416 to a range from byte ${requested.start}`);
  }
  // Some servers say that whatever they do not want to tell; of an empty file, a plain request shows it.
  if (size === 0 && requested.size === undefined && formOf(requested) !== "plain") {
    return refuse("range", "answered 416 as if the file were empty");
  }
  const body = { skip: 0, length: 0, rest: "unknown" } as const;
  return sizeChange(requested.size, size) ??
    {
      type: "usable",
      answer: { type: "unsatisfiable", size },
      body,
      doubt: undefined,
      encoding: undefined,
    };
}

/**
 * Names the content coding of a usable response. Refuses one that was made on the way: its length is not
 * that of the bytes of the file (`measured`).
 */
function checkCoding(
  check: Omit<UsableCheck, "type" | "encoding">,
  measured: boolean,
  headers: Headers,
): ResponseCheck {
  const { name: encoding, transforms } = readContentCoding(headers);
  if (!transforms || measured) {
    const body = endsByItself(headers) ? check.body : { ...check.body, rest: "more" as const };
    return { type: "usable", ...check, body, encoding };
  }
  return refuse(
    "encoding",
    `the body was encoded on the way (${cut(encoding!)}) although identity was requested`,
  );
}

/**
 * Reports whether the HTTP client sees where the body ends. With a transfer coding that it does not know,
 * like "identity", it waits for the connection to be closed, whatever the length.
 */
function endsByItself(headers: Headers): boolean {
  return isChunked(headers) || !headers.has("transfer-encoding") || !headers.has("content-length");
}

/** Refuses a response that gives another size than the file had before. */
function sizeChange(before: number | undefined, now: number | undefined): Refusal | undefined {
  if (before === undefined || now === undefined || before === now) return undefined;
  const message = `the file changed: it has ${now} bytes, not ${before}`;
  return { ...refuse("changed", message), size: now };
}

function readContentRange(
  headers: Headers,
): {
  readonly text: string;
  /** The field as a message names it. */
  readonly value: string | undefined;
  readonly stated: ContentRange | undefined;
} {
  const value = headers.get("content-range");
  return {
    text: value?.trim() ?? "",
    value: value === null ? undefined : `Content-Range "${cut(value)}"`,
    stated: parseContentRange(value),
  };
}

function shown({ start, end = Infinity }: RequestedRange): string {
  return `bytes ${start}-${end === Infinity ? "" : end - 1}`;
}

/** Longest part of a server's header that is repeated in a message. */
const MAX_SHOWN = 100;

function cut(value: string): string {
  return value.length <= MAX_SHOWN ? value : `${value.slice(0, MAX_SHOWN)}…`;
}

/** Says that the parts of a mirror give a wrong size of the file in each response. */
export function wrongTotal(total: number, shown: string): string {
  return `says in each part that the file has ${total} bytes, but ${shown}`;
}

function refuse(reason: "range" | "encoding" | "changed", message: string): Refusal {
  return { type: "refused", reason, message, retryable: false };
}

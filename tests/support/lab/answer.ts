/**
 * The response of a mirror to a request: the head, the segments of the body, and the end. A pure function of the file,
 * the request and the fault: everything about HTTP is decided here, and the server only sends it.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import type { ByteRange } from "../../../lib/http/byte_range.ts";
import { bytesContent, type Content, resizedContent } from "./content.ts";
import type { Fault } from "./faults.ts";
import { ifRangeHolds, parseRange, renderHead, type RequestHead } from "./http_wire.ts";
import type { Source } from "./link.ts";

/** The file of a mirror and its header fields. */
export interface Resource {
  readonly content: Content;
  /** The ETag field, `undefined` for none. */
  readonly etag: string | undefined;
  /** The Last-Modified field, `undefined` for none. */
  readonly lastModified: string | undefined;
  readonly contentType: string;
  readonly ranges: boolean;
  readonly unknownLength: "chunked" | "star" | undefined;
  /** Additional fields; they replace others of the same name. */
  readonly responseHeaders: Readonly<Record<string, string>>;
}

/** Bytes of the content, or framing around them. */
export type Segment = Uint8Array | { content: Content; range: ByteRange };

/** What happens after the last segment. */
export type AnswerEnd = "complete" | "close" | "reset" | "stall";

/** A response to be sent. */
export interface Answer {
  readonly segments: Iterable<Segment>;
  /** After the last segment: the next request, an orderly close, a RST, or silence. */
  readonly end: AnswerEnd;
  /** Whether a fault causes the end. */
  readonly byFault: boolean;
}

/** Size of the chunks of a chunked body, in bytes. */
const CHUNK_SIZE = 256 * 1024;
const BOUNDARY = "mirror-lab-boundary";
const encoder = new TextEncoder();

type Field = readonly [name: string, value: string | undefined];

/** Returns a response without the file: a redirect or an error. */
export function plainAnswer(
  request: RequestHead | undefined,
  status: number,
  fields: Record<string, string> = {},
  body = "",
): Answer {
  const bytes = encoder.encode(body);
  const close = request === undefined || closes(request);
  const head = renderHead(status, [
    ["Date", new Date().toUTCString()],
    ["Content-Type", body === "" ? undefined : "text/plain; charset=utf-8"],
    ["Content-Length", String(bytes.length)],
    ...Object.entries(fields),
    ["Connection", close ? "close" : undefined],
  ]);
  const segments: Segment[] = [head];
  if (bytes.length > 0 && request?.method !== "HEAD") segments.push(all(bytesContent(bytes)));
  return { segments, end: close ? "close" : "complete", byFault: false };
}

/** Returns the range that a request asks for, `undefined` if the answer is the whole or 416. */
export function askedRange({ content }: Resource, request: RequestHead): ByteRange | undefined {
  const range = parseRange(request.headers["range"], content.size);
  return range === "unsatisfiable" ? undefined : range;
}

/** Returns the response to a GET or HEAD for the file. */
export function fileAnswer(resource: Resource, request: RequestHead, fault?: Fault): Answer {
  if (fault?.kind === "status") {
    const fields: Record<string, string> = {};
    if (fault.retryAfter !== undefined) fields["Retry-After"] = fault.retryAfter;
    return plainAnswer(request, fault.status, fields, fault.body);
  }
  if (fault?.kind === "stall" && fault.beforeHeaders) {
    return { segments: [], end: "stall", byFault: true };
  }
  const { content } = resource;
  const asked = countingRange(resource, request, fault);
  if (asked === "unsatisfiable") {
    return plainAnswer(request, 416, { "Content-Range": `bytes */${content.size}` });
  }
  const chunked = asked === undefined && resource.unknownLength === "chunked" &&
    request.version === "1.1";
  const body = representation(resource, asked, fault);
  const close = closes(request) || (asked === undefined && request.version === "1.0");
  const head = renderHead(
    asked === undefined ? 200 : 206,
    override([
      ["Date", new Date().toUTCString()],
      ["Content-Type", body.contentType],
      ["Content-Encoding", body.encoding],
      ["Content-Length", chunked ? undefined : String(body.length)],
      ["Transfer-Encoding", chunked ? "chunked" : undefined],
      ["Content-Range", body.contentRange],
      ["Accept-Ranges", resource.ranges ? "bytes" : undefined],
      ["ETag", resource.etag],
      ["Last-Modified", resource.lastModified],
      ["Connection", close ? "close" : undefined],
    ], resource.responseHeaders),
  );
  const end = close ? "close" : "complete";
  if (request.method === "HEAD") return { segments: [head], end, byFault: false };
  const cut = cutOf(fault, body.length);
  const segments = prefixed(head, chunked ? inChunks(body.segments) : body.segments);
  if (cut === undefined) return { segments, end, byFault: false };
  return { segments: cutAfter(segments, cut.afterBytes), end: cut.end, byFault: true };
}

/** Returns the requested range if Range applies: on GET only, and if If-Range holds. */
function countingRange(
  resource: Resource,
  request: RequestHead,
  fault: Fault | undefined,
): ByteRange | "unsatisfiable" | undefined {
  if (request.method !== "GET" || !resource.ranges || fault?.kind === "ignore-range") {
    return undefined;
  }
  if (resource.unknownLength === "chunked") return undefined;
  const { etag, lastModified, content } = resource;
  if (!ifRangeHolds(request.headers["if-range"], etag, lastModified)) return undefined;
  const range = parseRange(request.headers["range"], content.size);
  if (range === undefined || range === "unsatisfiable") return range;
  if (fault?.kind !== "shorter") return range;
  return { ...range, end: Math.min(range.end, range.start + Math.max(1, fault.bytes)) };
}

/** A body and its fields. */
interface Representation {
  segments: Segment[];
  /** Body length in bytes. */
  length: number;
  contentType: string;
  contentRange: string | undefined;
  encoding?: string;
}

function representation(
  resource: Resource,
  asked: ByteRange | undefined,
  fault: Fault | undefined,
): Representation {
  const { content, contentType } = resource;
  let range: ByteRange = asked ?? { start: 0, end: content.size };
  if (asked !== undefined && fault?.kind === "wrong-range" && fault.variant === "shifted") {
    range = shifted(asked, content.size);
  }
  let total = resource.unknownLength === "star" ? "*" : String(content.size);
  if (fault?.kind === "wrong-range" && fault.variant === "total") total = String(content.size + 1);
  const honest = `bytes ${range.start}-${range.end - 1}/${total}`;
  let contentRange = asked === undefined ? undefined : honest;
  if (asked !== undefined && fault?.kind === "wrong-range") {
    if (fault.variant === "multipart") return multipart(content, range, honest, contentType);
    if (fault.variant === "missing") contentRange = undefined;
    if (fault.variant === "unit") contentRange = `items ${range.start}-${range.end - 1}/${total}`;
    if (fault.variant === "inverted") contentRange = `bytes ${range.end}-${range.start}/${total}`;
  }
  if (fault?.kind === "compress") {
    const packed = bytesContent(gzipSync(Buffer.from(content.read(range.start, range.end))));
    const segments = [all(packed)];
    return { segments, length: packed.size, contentType, contentRange, encoding: "gzip" };
  }
  const segments: Segment[] = [{ content, range }];
  let length = range.end - range.start;
  if (fault?.kind === "longer") {
    const end = range.end + fault.extraBytes;
    segments.push({
      content: resizedContent(content, Math.max(end, content.size)),
      range: { start: range.end, end },
    });
    length += fault.extraBytes;
  }
  return { segments, length, contentType, contentRange };
}

/** Returns another range of the same length if there is one, else one byte less. */
function shifted({ start, end }: ByteRange, size: number): ByteRange {
  if (end < size) return { start: start + 1, end: end + 1 };
  return start > 0 ? { start: start - 1, end: end - 1 } : { start: Math.min(1, size - 1), end };
}

function multipart(
  content: Content,
  range: ByteRange,
  contentRange: string,
  contentType: string,
): Representation {
  const before = bytesContent(encoder.encode(
    `--${BOUNDARY}\r\nContent-Type: ${contentType}\r\nContent-Range: ${contentRange}\r\n\r\n`,
  ));
  const after = bytesContent(encoder.encode(`\r\n--${BOUNDARY}--\r\n`));
  return {
    segments: [all(before), { content, range }, all(after)],
    length: before.size + range.end - range.start + after.size,
    contentType: `multipart/byteranges; boundary=${BOUNDARY}`,
    contentRange: undefined,
  };
}

/** Returns where and how a fault ends the body, `undefined` if the body is shorter. */
function cutOf(
  fault: Fault | undefined,
  length: number,
): { afterBytes: number; end: AnswerEnd } | undefined {
  if (fault?.kind !== "reset" && fault?.kind !== "truncate" && fault?.kind !== "stall") {
    return undefined;
  }
  const { afterBytes = 0 } = fault;
  if (afterBytes >= length) return undefined;
  const ends = { reset: "reset", truncate: "close", stall: "stall" } as const;
  return { afterBytes, end: ends[fault.kind] };
}

function closes(request: RequestHead): boolean {
  const connection = request.headers["connection"]?.toLowerCase() ?? "";
  return request.version === "1.0"
    ? !connection.includes("keep-alive")
    : connection.includes("close");
}

function override(fields: Field[], by: Readonly<Record<string, string>>): Field[] {
  const names = new Set(Object.keys(by).map((name) => name.toLowerCase()));
  return [...fields.filter(([name]) => !names.has(name.toLowerCase())), ...Object.entries(by)];
}

function all(content: Content): Segment {
  return { content, range: { start: 0, end: content.size } };
}

function* prefixed(head: Uint8Array, body: Iterable<Segment>): Generator<Segment> {
  yield head;
  yield* body;
}

function* inChunks(body: Iterable<Segment>): Generator<Segment> {
  for (const segment of body) {
    if (segment instanceof Uint8Array) continue;
    const { start, end } = segment.range;
    for (let at = start; at < end; at += CHUNK_SIZE) {
      const next = Math.min(end, at + CHUNK_SIZE);
      yield encoder.encode(`${(next - at).toString(16)}\r\n`);
      yield { content: segment.content, range: { start: at, end: next } };
      yield encoder.encode("\r\n");
    }
  }
  yield encoder.encode("0\r\n\r\n");
}

/** Yields the segments up to that many bytes of content. */
function* cutAfter(segments: Iterable<Segment>, afterBytes: number): Generator<Segment> {
  let left = afterBytes;
  for (const segment of segments) {
    if (segment instanceof Uint8Array) {
      yield segment;
    } else {
      const { start, end } = segment.range;
      const length = Math.min(left, end - start);
      if (length > 0) yield { content: segment.content, range: { start, end: start + length } };
      left -= length;
    }
    if (left === 0 && !(segment instanceof Uint8Array)) return;
    if (left === 0 && afterBytes === 0) return;
  }
}

/** Reads the segments of a response piece by piece, and counts the bytes of content. */
export class SegmentSource implements Source {
  readonly #segments: Iterator<Segment>;
  readonly #count: (bytes: number) => void;
  #next: Segment | undefined;

  /** @param count called with the bytes of content in each piece */
  constructor(segments: Iterable<Segment>, count: (bytes: number) => void) {
    this.#segments = segments[Symbol.iterator]();
    this.#count = count;
    this.#advance();
  }

  get left(): number {
    const segment = this.#next;
    if (segment === undefined) return 0;
    return segment instanceof Uint8Array ? segment.length : segment.range.end - segment.range.start;
  }

  take(limit: number): Uint8Array | undefined {
    const segment = this.#next;
    if (segment === undefined) return undefined;
    if (segment instanceof Uint8Array) {
      if (segment.length > limit) this.#next = segment.subarray(limit);
      else this.#advance();
      return segment.subarray(0, limit);
    }
    const { content, range: { start, end } } = segment;
    const next = Math.min(end, start + limit);
    if (next < end) this.#next = { content, range: { start: next, end } };
    else this.#advance();
    this.#count(next - start);
    return content.read(start, next);
  }

  #advance(): void {
    do {
      const step = this.#segments.next();
      this.#next = step.done ? undefined : step.value;
    } while (this.#next !== undefined && isEmpty(this.#next));
  }
}

function isEmpty(segment: Segment): boolean {
  return segment instanceof Uint8Array
    ? segment.length === 0
    : segment.range.start === segment.range.end;
}

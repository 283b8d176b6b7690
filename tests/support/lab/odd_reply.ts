/**
 * The replies of an odd server: a head in any form, written field by field or as raw bytes, then a body of pieces and
 * pauses, then an end. `served()` makes the reply of a server without faults, which a kind of server then bends. Pure.
 *
 * @module
 */

import type { ByteRange } from "../../../lib/http/byte_range.ts";
import type { Content } from "./content.ts";
import { ifRangeHolds, parseRange, type RequestHead } from "./http_wire.ts";

/** A request to an odd server, and what the server knows when it arrives. */
export interface Ask {
  readonly head: RequestHead;
  /** Path without the query. */
  readonly path: string;
  /** Number of requests to this server before this one. */
  readonly index: number;
  /** Number of other requests that are being answered. */
  readonly live: number;
  /** Index of its connection. */
  readonly connection: number;
  /** Number of open connections, with that of this request. */
  readonly connections: number;
  /** Milliseconds since the first request. */
  readonly sinceMs: number;
  /** The origins at which this server listens; all serve the same. */
  readonly origins: readonly string[];
  /** Index of the origin that was asked. */
  readonly origin: number;
  /** The file. */
  readonly content: Content;
  /** What the Range field asks for; `undefined` without one, or if it is invalid. */
  readonly range: ByteRange | "unsatisfiable" | undefined;
  /** The earlier requests, in order of arrival. */
  readonly earlier: readonly OddRecord[];
}

/** A request as the server recorded it. */
export interface OddRecord {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The range that was asked for, if it was satisfiable. */
  readonly range: ByteRange | undefined;
  /** The status that was answered; 0 for none. */
  readonly status: number;
  /** Index of its connection. */
  readonly connection: number;
  /** Time of arrival, in milliseconds since the first request. */
  readonly atMs: number;
  /** Bytes of the body that were written. */
  readonly bytesSent: number;
  /** Whether it is being answered. */
  readonly live: boolean;
}

/** A part of a body: bytes, bytes of a content, or a pause. */
export type Piece = Uint8Array | { content: Content; range: ByteRange } | { pauseMs: number };

/** What happens after the last piece: the next request, FIN, FIN on an open socket, RST, or silence. */
export type ReplyEnd = "keep" | "close" | "half-close" | "reset" | "stall";

/** Reasons of the statuses, where they matter to nobody. */
const REASON = "Whatever";

/** A reply. Methods change it and return it. */
export class Reply {
  version = "HTTP/1.1";
  status: number;
  reason = REASON;
  /** Between lines of the head. */
  lineEnd = "\r\n";
  fields: [name: string, value: string][] = [];
  body: Piece[] = [];
  end: ReplyEnd = "keep";
  /** Delay before the head, in milliseconds. */
  delayMs = 0;
  /** Time after which the connection is closed, wherever the body is, in milliseconds. */
  lastsMs: number | undefined;
  /** The whole head instead of all of the above, with its blank line; each character is a byte. */
  rawHead: string | undefined;

  constructor(status: number) {
    this.status = status;
  }

  /** Replaces a field, or removes it. */
  set(name: string, value: string | undefined): this {
    this.fields = this.fields.filter(([one]) => one.toLowerCase() !== name.toLowerCase());
    return value === undefined ? this : this.add(name, value);
  }

  /** Adds a field, also when there is one of that name. */
  add(name: string, value: string): this {
    this.fields.push([name, value]);
    return this;
  }

  /** Returns the value of a field. */
  get(name: string): string | undefined {
    return this.fields.find(([one]) => one.toLowerCase() === name.toLowerCase())?.[1];
  }

  /** Replaces a field by a function of its value, if there is one. */
  change(name: string, value: (before: string) => string): this {
    const before = this.get(name);
    return before === undefined ? this : this.set(name, value(before));
  }

  /** Replaces the status. */
  as(status: number): this {
    this.status = status;
    return this;
  }

  /** Replaces the body, and Content-Length. */
  with(bytes: Uint8Array | string): this {
    const body = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
    this.body = [body];
    return this.set("Content-Length", String(body.length));
  }

  /** Sends the body in chunks, with no Content-Length. */
  chunked(): this {
    this.body = this.body.flatMap((piece) => {
      const length = pieceLength(piece);
      return length === 0 ? [piece] : [latin1(`${length.toString(16)}\r\n`), piece, latin1("\r\n")];
    });
    this.body.push(latin1("0\r\n\r\n"));
    return this.set("Content-Length", undefined).set("Transfer-Encoding", "chunked");
  }

  /** Waits before the head. */
  after(delayMs: number): this {
    this.delayMs = delayMs;
    return this;
  }

  /** Pauses in the body before byte `at` of it. */
  pause(at: number, pauseMs: number): this {
    this.body = [...cut(this.body, -1, at), { pauseMs }, ...cut(this.body, at, Infinity)];
    return this;
  }

  /** Ends the body after `length` bytes of it; the head stays. */
  breakAt(length: number, end: ReplyEnd): this {
    this.body = cut(this.body, -1, length);
    this.end = end;
    return this;
  }

  /** Closes the connection after this time, wherever the body is. */
  lasting(ms: number): this {
    this.lastsMs = ms;
    return this;
  }

  /** Ends the connection after the body, and says so. */
  closing(): this {
    this.end = "close";
    return this.set("Connection", "close");
  }

  /** Replaces the whole head; each character is a byte. */
  raw(head: string): this {
    this.rawHead = head;
    return this;
  }

  /** Changes the text of the head, as it is so far; each character is a byte. */
  rewrite(change: (head: string) => string): this {
    return this.raw(
      change(Array.from(this.headBytes(), (byte) => String.fromCharCode(byte)).join("")),
    );
  }

  /** Sends interim responses first, each with its status and fields. */
  behind(...interim: string[]): this {
    const heads = interim.map((lines) => `HTTP/1.1 ${lines}\r\n\r\n`);
    return this.rewrite((head) => heads.join("") + head);
  }

  /** Returns the bytes of the head. */
  headBytes(): Uint8Array {
    if (this.rawHead !== undefined) return latin1(this.rawHead);
    const line = `${this.version} ${this.status}${this.reason && ` ${this.reason}`}`;
    const lines = [line, ...this.fields.map(([name, value]) => `${name}: ${value}`), "", ""];
    return latin1(lines.join(this.lineEnd));
  }
}

/** How {@linkcode served} differs from a server without faults. */
export interface Manner {
  /** The ETag field; `null` for none. @default '"v1"' */
  etag?: string | null | undefined;
  /** The Last-Modified field; `null` for none. @default a date of 2024 */
  lastModified?: string | null | undefined;
  /** Whether If-Range is honoured, ignored, or always leads to a 200. @default "honoured" */
  ifRange?: "honoured" | "ignored" | "200" | undefined;
  /** If true, Range is ignored. @default false */
  whole?: boolean | undefined;
  /** The range to serve, instead of what was asked. */
  range?: ByteRange | undefined;
  /** The file, instead of the server's. */
  content?: Content | undefined;
  /** @default "application/octet-stream" */
  type?: string | undefined;
}

/** The date of the file. */
export const DATE = "Tue, 02 Jan 2024 03:04:05 GMT";

/** Returns the reply of a server as RFC 9110 wants it, but for its manner. */
export function served(ask: Ask, manner: Manner = {}): Reply {
  const { etag = '"v1"', lastModified = DATE, ifRange = "honoured", whole = false } = manner;
  const content = manner.content ?? ask.content;
  const condition = ask.head.headers["if-range"];
  const holds = ifRange === "ignored" || condition === undefined ||
    (ifRange === "honoured" &&
      ifRangeHolds(condition, etag ?? undefined, lastModified ?? undefined));
  const asked = parseRange(ask.head.headers["range"], content.size);
  const range = whole || !holds ? undefined : manner.range ?? asked;
  if (range === "unsatisfiable") {
    return new Reply(416).set("Content-Range", `bytes */${content.size}`).with("");
  }
  const { start, end } = range ?? { start: 0, end: content.size };
  const reply = new Reply(range === undefined ? 200 : 206)
    .set("Date", new Date().toUTCString())
    .set("Content-Type", manner.type ?? "application/octet-stream")
    .set("Content-Length", String(end - start))
    .set("Accept-Ranges", whole ? undefined : "bytes")
    .set("ETag", etag ?? undefined)
    .set("Last-Modified", lastModified ?? undefined);
  if (range !== undefined) {
    reply.set("Content-Range", `bytes ${start}-${end - 1}/${content.size}`);
  }
  reply.body = [{ content, range: { start, end } }];
  return reply;
}

/** Reports whether a request has `Range: bytes=N-M`. */
export function isBounded(ask: Ask): boolean {
  return /^bytes=\d+-\d+$/.test(ask.head.headers["range"] ?? "");
}

/** Reports whether a request has a Range. */
export function isRanged(ask: Ask): boolean {
  return ask.head.headers["range"] !== undefined;
}

/** Returns the asked range, the whole file without one. */
export function rangeOf({ range, content }: Ask): ByteRange {
  return range === undefined || range === "unsatisfiable" ? { start: 0, end: content.size } : range;
}

/** Returns a reply that is no file. */
export function refused(status: number, fields: Record<string, string> = {}, body = "no"): Reply {
  const reply = new Reply(status).set("Content-Type", "text/plain").with(body);
  for (const [name, value] of Object.entries(fields)) reply.set(name, value);
  return reply;
}

/** Returns a redirect; each character of `location` is a byte. */
export function redirect(location: string, fields: Record<string, string> = {}): Reply {
  return refused(302, { ...fields, Location: location });
}

/** Returns an HTML page. */
export function page(title: string, fields: Record<string, string> = {}): Reply {
  const text =
    `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body>${title}</body></html>\n`;
  return refused(200, { ...fields, "Content-Type": "text/html; charset=utf-8" }, text);
}

/** Returns no reply at all: the connection ends in this way. */
export function nothing(end: "close" | "reset" | "stall"): Reply {
  const reply = new Reply(0).raw("");
  reply.end = end;
  return reply;
}

/** Encodes a text as one byte for each character. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Returns the UTF-8 bytes of a text, one character for each, to be used in a head. */
export function rawUtf8(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

/** Returns the length of a piece, in bytes. */
export function pieceLength(piece: Piece): number {
  if (piece instanceof Uint8Array) return piece.length;
  return "pauseMs" in piece ? 0 : piece.range.end - piece.range.start;
}

/** Returns the bytes [from, to) of pieces, and their pauses behind `from` and up to `to`: -1 for all. */
function cut(pieces: readonly Piece[], from: number, to: number): Piece[] {
  const result: Piece[] = [];
  let at = 0;
  for (const piece of pieces) {
    const length = pieceLength(piece);
    const [first, last] = [Math.max(from, at) - at, Math.min(to, at + length) - at];
    at += length;
    const isHere = length === 0 ? from < at && at <= to : first < last;
    if (!isHere) continue;
    if (length === 0) result.push(piece);
    else if (piece instanceof Uint8Array) result.push(piece.subarray(first, last));
    else if (!("pauseMs" in piece)) {
      const { content, range: { start } } = piece;
      result.push({ content, range: { start: start + first, end: start + last } });
    }
  }
  return result;
}

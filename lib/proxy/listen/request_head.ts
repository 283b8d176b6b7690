/**
 * Parses the head of an HTTP/1.1 request. It is strict where leniency could make two servers see different
 * requests: on the length of the body, on the host, and on the form of fields. Pure. Follows RFC 9112
 * sections 2.2, 3, 5, 6 and 9.3.
 *
 * @module
 */

import { Problem } from "../problem.ts";

/** How the body of a request is delimited. */
export type Framing =
  | { readonly type: "none" }
  | { readonly type: "length"; readonly bytes: number }
  | { readonly type: "chunked" };

export interface RequestHead {
  readonly method: string;
  /** The target as it was sent: `/path?query`, or `http://host/path?query`. */
  readonly target: string;
  /** The minor version: 0 or 1. */
  readonly minor: number;
  readonly headers: Headers;
  /** The value of `Host`; `undefined` only in HTTP/1.0. */
  readonly host: string | undefined;
  readonly framing: Framing;
  /** Whether the client would send another request over the same connection. */
  readonly keepAlive: boolean;
  /** Whether the client waits for a 100 before it sends the body. */
  readonly expectsContinue: boolean;
}

/** The longest head, in bytes. */
export const MOST_HEAD = 64 * 1024;
/** The most fields of a head. */
const MOST_FIELDS = 100;

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/**
 * Returns where the head in `bytes` ends, or -1 if it is not complete.
 *
 * @param from where to search; no head ends before
 */
export function findHeadEnd(bytes: Uint8Array, from: number): number {
  let at = bytes.indexOf(LINE_FEED, from);
  while (at >= 0) {
    const next = bytes[at + 1] === CARRIAGE_RETURN ? at + 2 : at + 1;
    if (bytes[next] === LINE_FEED) return next + 1;
    at = bytes.indexOf(LINE_FEED, at + 1);
  }
  return -1;
}

/** Returns the number of bytes of empty lines before a head, which are ignored (section 2.2). */
export function emptyLines(bytes: Uint8Array): number {
  let count = 0;
  while (bytes[count] === CARRIAGE_RETURN || bytes[count] === LINE_FEED) count++;
  return count;
}

const TOKEN = /^[!#$%&'*+.^_`|~\dA-Za-z-]+$/;
/** Visible ASCII, and bytes of other encodings, which some clients send as they are. */
const TARGET = /^[\x21-\x7e\x80-\xff]+$/;
/** Forms of a target: a path, `*`, or a URL that names a host. */
const FORM = /^(?:\/|\*$|https?:\/\/[^/?#\\])/i;
/**
 * A host and its port: nothing that would begin another part of a URL, or a second value. A space makes no URL.
 * Without any host, a URL would take its path for one.
 */
const HOST = /^[^\t,/?#@\\]+$/;
/** Options of `Connection`, in a list. */
const CLOSE = /(?:^|,)[\t ]*close[\t ]*(?:,|$)/i;
const KEEP_ALIVE = /(?:^|,)[\t ]*keep-alive[\t ]*(?:,|$)/i;
/** Methods that the platform's `Request` refuses. */
const REFUSED_METHODS = ["CONNECT", "TRACE", "TRACK"];
/** Everything but control characters; tabs are allowed. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Parses a head, which ends with an empty line.
 *
 * @throws {Problem} of status 400, 431, 501 or 505
 */
export function parseRequestHead(bytes: Uint8Array): RequestHead {
  // With one field too many, and the empty line.
  const lines = decode(bytes).split(/\r?\n/, MOST_FIELDS + 4);
  const [method = "", target = "", version = "", ...more] = lines[0]!.split(" ", 4);
  if (!TOKEN.test(method) || !TARGET.test(target) || more.length > 0) {
    throw malformed("request line");
  }
  const minor = minorOf(version);
  // Names of methods have capitals: `Request` would take "head" for HEAD, and the response would lack its body.
  if (REFUSED_METHODS.includes(method) || /[a-z]/.test(method)) {
    throw new Problem(501, "the method of the request is not supported");
  }
  if (!FORM.test(target)) throw malformed("target");
  // An empty line ends the head.
  const fields = lines.slice(1, -2);
  if (fields.length > MOST_FIELDS) throw new Problem(431, `more than ${MOST_FIELDS} header fields`);
  const headers = new Headers();
  for (const field of fields) {
    const colon = field.indexOf(":");
    const name = field.slice(0, Math.max(0, colon));
    const value = field.slice(colon + 1);
    // A name with a space after it, or a line that continues another one, is refused with this.
    if (!TOKEN.test(name) || !VALUE.test(value)) throw malformed("header field");
    // Only spaces and tabs around it do not count: other servers do not ignore more either.
    headers.append(name, value);
  }
  const host = headers.get("host") ?? undefined;
  if (minor > 0 && host === undefined) throw new Problem(400, "the Host header is missing");
  if (host !== undefined && !HOST.test(host)) throw new Problem(400, "the Host header is invalid");
  const connection = headers.get("connection") ?? "";
  return {
    method,
    target,
    minor,
    headers,
    host,
    framing: framingOf(headers, minor),
    keepAlive: minor > 0 ? !CLOSE.test(connection) : KEEP_ALIVE.test(connection),
    expectsContinue: minor > 0 && headers.get("expect")?.toLowerCase() === "100-continue",
  };
}

function minorOf(version: string): number {
  const [, major, minor] = /^HTTP\/(\d)\.(\d)$/.exec(version) ?? [];
  if (major === undefined) throw malformed("request line");
  if (major !== "1") throw new Problem(505, "only HTTP/1.1 is supported here");
  return Math.min(1, Number(minor));
}

/** Reads how long the body is. Two lengths, or a length beside another delimiter, are refused (section 6.3). */
function framingOf(headers: Headers, minor: number): Framing {
  const length = headers.get("content-length");
  const coding = headers.get("transfer-encoding");
  if (coding !== null) {
    if (length !== null || minor === 0) throw malformed("Transfer-Encoding");
    if (coding.toLowerCase() !== "chunked") {
      throw new Problem(501, "no other Transfer-Encoding than chunked is supported");
    }
    return { type: "chunked" };
  }
  if (length === null) return { type: "none" };
  if (!/^\d{1,15}$/.test(length)) throw malformed("Content-Length");
  return length === "0" ? { type: "none" } : { type: "length", bytes: Number(length) };
}

function malformed(what: string): Problem {
  return new Problem(400, `the request is malformed: ${what}`);
}

/** Decodes bytes one by one, as Latin-1, in parts that fit the arguments of a call. */
function decode(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.byteLength; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return text;
}

/**
 * HTTP/1.1 on the wire: parses request heads and ranges (RFC 9110 section 14), writes response heads. Pure, and
 * independent of `lib/http`, which it tests.
 *
 * @module
 */

import type { ByteRange } from "../../../lib/http/byte_range.ts";

/** A request head, parsed. */
export interface RequestHead {
  /** As received. */
  readonly method: string;
  /** The request target as received, with its query. */
  readonly path: string;
  readonly version: "1.0" | "1.1";
  /** All fields, names in lower case; repeated ones are joined with ", ". */
  readonly headers: Record<string, string>;
}

/** Thrown when bytes are not a request head. */
export class BadRequestError extends Error {
  override name = "BadRequestError";
}

/** Maximum size of a request head, in bytes. */
const MAX_HEAD_SIZE = 64 * 1024;

const decoder = new TextDecoder("latin1");
const encoder = new TextEncoder();

/** Parses the request heads in the bytes of a connection. */
export class RequestReader {
  #text = "";

  /** Adds received bytes. */
  push(bytes: Uint8Array): void {
    this.#text += decoder.decode(bytes);
  }

  /**
   * Returns the next request head, `undefined` if it is not complete yet.
   *
   * @throws {BadRequestError} if the bytes are not a request head
   */
  next(): RequestHead | undefined {
    this.#text = this.#text.replace(/^(?:\r\n)+/, "");
    const end = this.#text.indexOf("\r\n\r\n");
    if (end < 0) {
      if (this.#text.length > MAX_HEAD_SIZE) {
        throw new BadRequestError("The request head is too long");
      }
      return undefined;
    }
    const [line = "", ...fields] = this.#text.slice(0, end).split("\r\n");
    this.#text = this.#text.slice(end + 4);
    const match = /^([!-~]+) (\S+) HTTP\/(1\.[01])$/.exec(line);
    if (match === null) throw new BadRequestError(`Not a request line: ${JSON.stringify(line)}`);
    const [, method = "", path = "", version] = match;
    const headers: Record<string, string> = {};
    for (const field of fields) {
      const colon = field.indexOf(":");
      if (colon < 1) throw new BadRequestError(`Not a header field: ${JSON.stringify(field)}`);
      const name = field.slice(0, colon).toLowerCase();
      const value = field.slice(colon + 1).trim();
      headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
    }
    return {
      method,
      path,
      version: version === "1.0" ? "1.0" : "1.1",
      headers,
    };
  }
}

/**
 * Parses a Range field for a representation of `size` bytes. Returns `undefined` if the field is ignored (missing,
 * another unit, several ranges, invalid).
 */
export function parseRange(
  field: string | undefined,
  size: number,
): ByteRange | "unsatisfiable" | undefined {
  const match = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(field ?? "");
  const [, from = "", to = ""] = match ?? [];
  if (from + to === "") return undefined;
  if (from === "") {
    const length = Math.min(size, Number(to));
    return length === 0 ? "unsatisfiable" : { start: size - length, end: size };
  }
  const first = Number(from);
  const last = to === "" ? Infinity : Number(to);
  if (last < first) return undefined;
  return first >= size ? "unsatisfiable" : { start: first, end: Math.min(size, last + 1) };
}

/**
 * Reports whether Range applies by If-Range: the same strong tag, the same date, or no If-Range at all.
 */
export function ifRangeHolds(
  field: string | undefined,
  etag: string | undefined,
  lastModified: string | undefined,
): boolean {
  if (field === undefined) return true;
  if (field.startsWith('"')) return field === etag;
  if (field.startsWith("W/")) return false;
  return field === lastModified;
}

/** Encodes a response head, without the fields whose value is `undefined`. */
export function renderHead(
  status: number,
  fields: Iterable<readonly [name: string, value: string | undefined]>,
): Uint8Array {
  let text = `HTTP/1.1 ${status} ${REASONS[status] ?? "Unnamed"}\r\n`;
  for (const [name, value] of fields) {
    if (value !== undefined) text += `${name}: ${value}\r\n`;
  }
  return encoder.encode(text + "\r\n");
}

const REASONS: Record<number, string> = {
  200: "OK",
  206: "Partial Content",
  302: "Found",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  416: "Range Not Satisfiable",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

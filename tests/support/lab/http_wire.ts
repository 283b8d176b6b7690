/**
 * HTTP/1.1 as bytes: request heads in, response heads out, and the range rules of RFC 9110 section 14 that the
 * mirrors of the lab keep when no fault makes them break them. No sockets, no clock.
 *
 * @module
 */

/** A request head, parsed. */
export interface RequestHead {
  /** In upper case, as it came. */
  readonly method: string;
  /** The request target as it came, with its query. */
  readonly path: string;
  /** 1.0 or 1.1. */
  readonly version: "1.0" | "1.1";
  /** All fields, names in lower case; repeated ones are joined with ", ". */
  readonly headers: Record<string, string>;
}

/** A range of bytes, `[start, end)`. */
export type ByteRange = readonly [start: number, end: number];

/** Thrown when the bytes of a connection are no request head. */
export class BadRequestError extends Error {
  override name = "BadRequestError";
}

/** Longest request head that is taken, in bytes. */
const MAX_HEAD_SIZE = 64 * 1024;

const decoder = new TextDecoder("latin1");
const encoder = new TextEncoder();

/** Collects the bytes of a connection and gives back the request heads in them, one by one. */
export class RequestReader {
  #text = "";

  /** Adds bytes that came in. */
  push(bytes: Uint8Array): void {
    this.#text += decoder.decode(bytes);
  }

  /**
   * The next request head, or undefined when it is not complete yet.
   *
   * @throws {BadRequestError} when this cannot become a request head
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
 * What a Range field asks of a representation of `size` bytes: a range, `"unsatisfiable"`, or undefined when the
 * field is to be ignored (absent, another unit, several ranges, bad syntax).
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
    return length === 0 ? "unsatisfiable" : [size - length, size];
  }
  const first = Number(from);
  const last = to === "" ? Infinity : Number(to);
  if (last < first) return undefined;
  return first >= size ? "unsatisfiable" : [first, Math.min(size, last + 1)];
}

/**
 * Whether an If-Range field lets the Range field count, by strong comparison: the very same strong tag, or the very
 * same date. True when there is no If-Range.
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

/** A response head as bytes; fields with the value undefined are left out. */
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

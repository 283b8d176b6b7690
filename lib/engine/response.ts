/**
 * A download as an HTTP response: the whole file as a 200, a range of it as a 206, and a range that the
 * file does not have as a 416. Follows RFC 9110 sections 14.4, 15.3.7 and 15.5.17. Pure.
 *
 * @module
 */

import { type ByteRange, contentRangeHeader } from "../http/byte_range.ts";
import type { FileInfo } from "./known_file.ts";

/** Options of {@linkcode Downloader.response}. */
export interface ResponseOptions {
  /**
   * Headers to add, or to use instead of those of the file; `Content-Length` and `Content-Range` are
   * always those of the bytes.
   *
   * @default {{}}
   */
  headers?: HeadersInit | undefined;
}

/** Returns a 200 with the whole file. */
export function wholeResponse(
  info: FileInfo,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  { headers }: ResponseOptions,
): Response {
  const all = fileHeaders(info, headers);
  all.delete("content-range");
  if (info.size === undefined) all.delete("content-length");
  else all.set("content-length", `${info.size}`);
  return new Response(body, { headers: all });
}

/** Returns a 206 with the range of a file of `size` bytes. */
export function rangeResponse(
  info: FileInfo,
  size: number,
  range: ByteRange,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  { headers }: ResponseOptions,
): Response {
  const all = fileHeaders(info, headers);
  all.set("content-length", `${range.end - range.start}`);
  all.set("content-range", contentRangeHeader(range, size));
  return new Response(body, { status: 206, headers: all });
}

/** Returns a 416 for a file of `size` bytes. */
export function unsatisfiableResponse(size: number, { headers }: ResponseOptions): Response {
  const all = new Headers(headers);
  all.set("content-range", `bytes */${size}`);
  all.set("content-length", "0");
  return new Response(null, { status: 416, headers: all });
}

function fileHeaders(
  { contentType, etag, lastModified }: FileInfo,
  own: HeadersInit | undefined,
): Headers {
  const headers = new Headers({ "content-type": contentType ?? "application/octet-stream" });
  if (etag !== undefined) headers.set("etag", etag);
  if (lastModified !== undefined) headers.set("last-modified", lastModified);
  for (const [name, value] of new Headers(own)) headers.set(name, value);
  return headers;
}

/**
 * A download as an HTTP response: the whole file as a 200, a range of it as a 206, and a range that the
 * file does not have as a 416. Follows RFC 9110 sections 14.4, 15.3.7 and 15.5.17. Pure.
 *
 * @module
 */

import { type ByteRange, contentRangeHeader } from "../../http/byte_range.ts";
import type { FileInfo } from "../memory/known_file.ts";

/** Options of {@linkcode Downloader.response}. */
export interface ResponseOptions {
  /**
   * Headers to add, or to use instead of those of the file; `Content-Length` and `Content-Range` are
   * always those of the bytes.
   *
   * @default {no headers}
   */
  headers?: HeadersInit | undefined;
}

/** Returns a 206 with `range` of a file of known size; for `undefined`, a 200 with the whole file. */
export function fileResponse(
  { size, contentType = "application/octet-stream", etag, lastModified }: FileInfo,
  range: ByteRange | undefined,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  headers: Headers,
): Response {
  const add = (name: string, value: string | undefined) => {
    if (value !== undefined && !headers.has(name)) headers.set(name, value);
  };
  for (const name of ["content-length", "content-range"]) headers.delete(name);
  add("content-length", (range === undefined ? size : range.end - range.start)?.toString());
  add("content-range", range && contentRangeHeader(range, size!));
  add("content-type", contentType);
  add("etag", etag);
  add("last-modified", lastModified);
  return new Response(body, { status: range === undefined ? 200 : 206, headers });
}

/** Returns a 416 for a file of `size` bytes. */
export function unsatisfiableResponse(size: number, headers: Headers): Response {
  headers.set("content-range", `bytes */${size}`);
  headers.set("content-length", "0");
  return new Response(null, { status: 416, headers });
}

/**
 * What the mirrors have agreed on, for whoever asked.
 *
 * @module
 */

import type { KnownMirror } from "../http/transport.ts";
import type { PresumedFile } from "./scheduler.ts";

/** What is known of the file once the mirrors have agreed on it. */
export interface FileInfo {
  /** Its size in bytes, whatever part of it is wanted; `undefined` where no mirror tells. */
  readonly size: number | undefined;
  /** Its media type, as a mirror gives it. */
  readonly contentType: string | undefined;
  /** A mirror's entity tag. */
  readonly etag: string | undefined;
  /** A mirror's date of last modification. */
  readonly lastModified: string | undefined;
  /** URLs of the mirrors that are known to have it so far, without credentials. */
  readonly mirrors: readonly string[];
}

/** What a download learned of a file and its mirrors: with it, another one need not ask again. */
export interface KnownFile {
  /** What the mirrors agreed on; its size is known. */
  readonly info: FileInfo;
  /** Digest of the file's first bytes, by which mirrors are compared; `undefined` for none. */
  readonly digest: string | undefined;
  /** The mirrors that serve ranges of it. */
  readonly mirrors: readonly KnownMirror[];
}

/** The same for the scheduler. */
export function presumed({ info, digest, mirrors }: KnownFile): PresumedFile {
  return { size: info.size!, digest, mirrors: mirrors.map(({ url }) => url) };
}

/** Headers for a response with `length` bytes of the file; `Infinity` where that is not known. */
export function responseHeaders(info: FileInfo, length: number): Headers {
  const { contentType, etag, lastModified } = info;
  const headers = new Headers();
  if (Number.isFinite(length)) headers.set("content-length", String(length));
  headers.set("content-type", contentType ?? "application/octet-stream");
  if (etag !== undefined) headers.set("etag", etag);
  if (lastModified !== undefined) headers.set("last-modified", lastModified);
  return headers;
}

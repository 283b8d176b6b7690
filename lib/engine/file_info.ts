/**
 * What the mirrors have agreed on, for whoever asked.
 *
 * @module
 */

import type { KnownMirror } from "../transport/transport.ts";
import type { KnownFileFacts } from "../scheduler/opening.ts";

/**
 * Bytes that each mirror is asked for first: they fit into the first flight of a connection (ten
 * segments, RFC 6928) with its headers, so a mirror's answer costs no further round trip.
 */
export const PROBE_SIZE = 12 * 1024;

/** Under a limit all probes together are as much as may come in so many seconds, */
const PROBE_SECONDS = 0.2;

/** but none is smaller than this, in bytes: something has to be compared. */
const LEAST_PROBE = 1024;

/** How many bytes each of so many mirrors is asked for first, at no more than `maxRate` bytes per second. */
export function probeSizeFor(maxRate: number, mirrors: number): number {
  const share = Math.floor(maxRate * PROBE_SECONDS / mirrors);
  return Math.max(LEAST_PROBE, Math.min(PROBE_SIZE, share));
}

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
  /** Digest of some of the file's bytes, by which mirrors are compared; `undefined` for none. */
  readonly digest: string | undefined;
  /** The first of these bytes. */
  readonly digestStart: number;
  /** The mirrors that serve ranges of it. */
  readonly mirrors: readonly KnownMirror[];
}

/**
 * The same for the scheduler of a download that compares its mirrors by the `length` bytes from
 * `start` on: the digest of others says nothing of them.
 */
export function presumed(file: KnownFile, start: number, length: number): KnownFileFacts {
  const comparable = file.digestStart === start && length >= PROBE_SIZE;
  return {
    size: file.info.size!,
    digest: comparable ? file.digest : undefined,
    mirrors: file.mirrors.map(({ url }) => url),
  };
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

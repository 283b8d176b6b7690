/**
 * The headers of a request to a mirror: what the caller sends, as far as it may go there, and what the
 * engine adds.
 *
 * @module
 */

import { openRangeHeader, rangeHeader } from "../http/byte_range.ts";
import { formOf } from "../http/response/response_check.ts";
import type { Requested } from "./exchange.ts";
import { askForDigests } from "./responses/referral.ts";

/** What the headers of a request depend on, besides the bytes that it asks for. */
export interface HeaderFacts {
  /** The caller's headers. */
  readonly given: Headers;
  readonly authorization: string | undefined;
  /** Whether it goes to the mirror's own origin: credentials go nowhere else. */
  readonly sameOrigin: boolean;
  readonly ignoreDigests: boolean;
  /** The validator of `If-Range`; `undefined` for none. */
  readonly condition: string | undefined;
}

/** Headers of the caller that only the first request to a mirror has. */
const CONDITIONS = ["if-none-match", "if-modified-since", "if-unmodified-since"];

/** Returns the headers of a request. */
export function requestHeaders(
  requested: Requested,
  { given, authorization, sameOrigin, ignoreDigests, condition }: HeaderFacts,
): Headers {
  const headers = new Headers(given);
  if (authorization !== undefined) headers.set("authorization", authorization);
  if (!sameOrigin) {
    headers.delete("authorization");
    headers.delete("cookie");
    headers.delete("host");
  }
  headers.set("accept-encoding", "identity");
  // Whether the file is wanted at all is decided once; a later 304 would break it off.
  if (requested.purpose !== "first") { for (const name of CONDITIONS) headers.delete(name); }
  else if (!ignoreDigests) askForDigests(headers);
  const form = formOf(requested);
  if (form === "plain") return headers;
  const { start, end = Infinity } = requested;
  headers.set("range", form === "open" ? openRangeHeader(start) : rangeHeader({ start, end }));
  if (condition !== undefined) headers.set("if-range", condition);
  return headers;
}

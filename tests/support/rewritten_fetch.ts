/**
 * A `fetch` between a download and its mirrors that changes validators, as load balancers, caches and compressing
 * servers do.
 *
 * @module
 */

import type { ByteRange } from "../../lib/http/byte_range.ts";

/** A request of the download. */
export interface SeenRequest {
  readonly url: string;
  /** Number of earlier requests to this URL. */
  readonly index: number;
  /** The requested range, `undefined` for none. */
  readonly range: ByteRange | undefined;
  readonly ifRange: string | undefined;
  /** Number of bytes of the response's body that were read, as far as it was. */
  bytes: number;
}

/** How responses are changed. */
export interface Rewriting {
  /** Returns the ETag of a response; `null` for none, `undefined` for the server's own. */
  readonly etag?: (request: SeenRequest) => string | null | undefined;
  /** Returns the date of a response, as for `etag`. */
  readonly lastModified?: (request: SeenRequest) => string | null | undefined;
  /** What happens to an If-Range: it is `ignored`, or answered with the whole file if `compared` with the ETag. */
  readonly ifRange?: "ignored" | "compared" | "whole";
}

/** A `fetch` that changes responses, and the requests that it has seen. */
export interface RewrittenFetch {
  readonly fetch: typeof fetch;
  readonly requests: readonly SeenRequest[];
}

/** Returns a `fetch` that changes responses. */
export function rewrittenFetch(rewriting: Rewriting): RewrittenFetch {
  const requests: SeenRequest[] = [];
  const rewritten = async (input: string | URL | Request, init: RequestInit = {}) => {
    const url = String(input);
    const headers = new Headers(init.headers);
    const [, start, end] = /^bytes=(\d+)-(\d*)$/.exec(headers.get("range") ?? "") ?? [];
    const request: SeenRequest = {
      url,
      index: requests.filter((other) => other.url === url).length,
      range: start === undefined
        ? undefined
        : { start: Number(start), end: end ? Number(end) + 1 : Infinity },
      ifRange: headers.get("if-range") ?? undefined,
      bytes: 0,
    };
    requests.push(request);
    const etag = rewriting.etag?.(request);
    headers.delete("if-range");
    const { ifRange = "ignored" } = rewriting;
    const changed = ifRange === "whole" || (ifRange === "compared" && request.ifRange !== etag);
    if (request.ifRange !== undefined && changed) headers.delete("range");
    const response = await fetch(url, { ...init, headers });
    const fields = new Headers(response.headers);
    replace(fields, "etag", etag);
    replace(fields, "last-modified", rewriting.lastModified?.(request));
    const count = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        request.bytes += chunk.byteLength;
        controller.enqueue(chunk);
      },
    });
    const { status } = response;
    return new Response(response.body?.pipeThrough(count), { status, headers: fields });
  };
  return { fetch: rewritten as typeof fetch, requests };
}

function replace(headers: Headers, name: string, value: string | null | undefined): void {
  if (value === null) headers.delete(name);
  else if (value !== undefined) headers.set(name, value);
}

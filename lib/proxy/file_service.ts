/**
 * Answers for a file on a set of mirrors: whole, in part, or not at all, as the request's
 * preconditions and ranges have it (RFC 9110 sections 13.2.2 and 14.2).
 *
 * @module
 */

import { type DownloaderOptions, MirrorBook } from "../../mod.ts";
import { AddressPolicy } from "./address_policy.ts";
import { MemoryBudget } from "./budget.ts";
import { parseRange, type ResolvedRange } from "./byte_ranges.ts";
import { Catalogue, type CatalogueEntry } from "./catalogue.ts";
import { Delivery, type DeliveryOutcome } from "./delivery.ts";
import { guardedFetch } from "./guarded_fetch.ts";
import { contentDisposition, fileNameOf } from "./headers.ts";
import type { LiveDownloads } from "./live.ts";
import type { Metrics } from "./metrics.ts";
import { makeBoundary, multipartBody } from "./multipart.ts";
import { LEAST_SHARE, MOST_SHARE, type ProxyOptions } from "./options.ts";
import { evaluatePreconditions, rangeApplies } from "./preconditions.ts";
import { Problem } from "./problem.ts";
import { parseProxyQuery, type ProxyQuery } from "./query.ts";
import { hasChanged, upstreamProblem } from "./upstream_problem.ts";

type Ended = (outcome: DeliveryOutcome, bytes: number) => void;

/** What the service shares with the rest of the proxy. */
export interface FileServiceContext {
  readonly metrics: Metrics;
  readonly live: LiveDownloads;
}

/** Answers for files. */
export class FileService {
  readonly #options: ProxyOptions;
  readonly #context: FileServiceContext & { readonly budget: MemoryBudget };
  readonly #policy: AddressPolicy;
  readonly #catalogue: Catalogue;
  readonly #download: DownloaderOptions;

  constructor(options: ProxyOptions, context: FileServiceContext) {
    this.#options = options;
    const { memory = 256 * 1024 * 1024, maxDownloads = 128, allowPrivate = false } = options;
    const shares = { leastShare: LEAST_SHARE, mostShare: MOST_SHARE };
    const budget = new MemoryBudget({ bytes: memory, maxDownloads, ...shares });
    this.#context = { ...context, budget };
    this.#policy = new AddressPolicy({
      allowPrivate,
      ...(options.allowHosts && { allowHosts: [...options.allowHosts] }),
    });
    this.#download = {
      ...options.download,
      fetch: guardedFetch(options.download?.fetch ?? fetch, this.#policy),
      book: new MirrorBook(),
    };
    this.#catalogue = new Catalogue({
      rememberMs: options.rememberMs ?? 60_000,
      download: this.#download,
    });
  }

  /** Answers for the file that the query names. */
  async answer(request: Request, url: URL, ended: Ended): Promise<Response> {
    const query = await this.#parse(url);
    try {
      return await this.#answer(request, query, ended);
    } catch (error) {
      if (!hasChanged(error)) throw upstreamProblem(error);
    }
    // It was another file a while ago: what is known of it holds no more.
    this.#catalogue.forget(query.mirrors);
    return await this.#answer(request, query, ended).catch((error) => {
      throw upstreamProblem(error);
    });
  }

  /** Tells of the downloads of the file that the query names until the client leaves. */
  async watch(url: URL, ended: Ended): Promise<Response> {
    const { mirrors } = await this.#parse(url);
    return this.#context.live.watch(mirrors, (bytes) => ended("complete", bytes));
  }

  async #parse(url: URL): Promise<ProxyQuery> {
    const { maxMirrors = 32 } = this.#options;
    const query = parseProxyQuery(url.searchParams, { maxMirrors });
    for (const mirror of query.mirrors) {
      // A name that cannot be resolved is a mirror that fails, as any other.
      await this.#policy.check(new URL(mirror)).catch((error) => {
        if (error instanceof Problem) throw error;
      });
    }
    return query;
  }

  async #answer(request: Request, query: ProxyQuery, ended: Ended): Promise<Response> {
    const entry = await this.#catalogue.get(query.mirrors);
    const headers = fileHeaders(entry, query);
    switch (evaluatePreconditions(request.method, request.headers, entry)) {
      case "failed":
        throw new Problem(412, "the file is not the one that the request's conditions name");
      case "not modified":
        headers.delete("content-length");
        headers.delete("content-type");
        return new Response(null, { status: 304, headers });
    }
    const size = entry.file === undefined ? undefined : entry.info.size;
    if (request.method === "HEAD") return new Response(null, { headers });
    const asked = size !== undefined && rangeApplies(request.headers, entry)
      ? parseRange(request.headers.get("range"), size)
      : { type: "none" } as const;
    if (asked.type === "unsatisfiable") {
      throw new Problem(416, `the range lies behind the end of the file, which has ${size} bytes`, {
        headers: { "content-range": `bytes */${size}`, "accept-ranges": "bytes" },
      });
    }
    if (asked.type === "none") {
      if (size === 0) return new Response(null, { headers });
      return new Response(await this.#stream(query, entry, undefined, ended), { headers });
    }
    const [range, ...more] = asked.ranges;
    if (more.length > 0) return this.#multipart(asked.ranges, query, entry, headers, ended);
    const { start, end } = range!;
    headers.set("content-range", `bytes ${start}-${end - 1}/${size}`);
    headers.set("content-length", `${end - start}`);
    return new Response(await this.#stream(query, entry, range, ended), { status: 206, headers });
  }

  #multipart(
    ranges: readonly ResolvedRange[],
    query: ProxyQuery,
    entry: CatalogueEntry,
    headers: Headers,
    ended: Ended,
  ): Response {
    const boundary = makeBoundary(() => crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32);
    const { contentType, size } = entry.info;
    let left = ranges.length;
    let bytes = 0;
    const partEnded: Ended = (outcome, length) => {
      bytes += length;
      left--;
      if (left === 0 || outcome !== "complete") ended(outcome, bytes);
    };
    const { length, stream } = multipartBody(
      ranges,
      { contentType, size: size!, boundary },
      (range) => lazily(() => this.#stream(query, entry, range, partEnded)),
    );
    headers.set("content-type", `multipart/byteranges; boundary=${boundary}`);
    headers.set("content-length", `${length}`);
    return new Response(stream, { status: 206, headers });
  }

  async #stream(
    { mirrors, options }: ProxyQuery,
    entry: CatalogueEntry,
    range: ResolvedRange | undefined,
    ended: Ended,
  ): Promise<ReadableStream<Uint8Array>> {
    const order = { mirrors, entry, range, options: { ...this.#download, ...options } };
    const delivery = await Delivery.start(order, this.#context);
    return delivery.stream(ended);
  }
}

/** The headers of a 200 for the file. */
function fileHeaders(
  { info, file, etag, lastModified }: CatalogueEntry,
  query: ProxyQuery,
): Headers {
  const headers = new Headers({
    "content-type": info.contentType ?? "application/octet-stream",
    "x-content-type-options": "nosniff",
    "accept-ranges": file === undefined ? "none" : "bytes",
  });
  if (info.size !== undefined) headers.set("content-length", `${info.size}`);
  if (etag !== undefined) headers.set("etag", etag);
  if (lastModified !== undefined) headers.set("last-modified", lastModified);
  if (query.download) {
    headers.set("content-disposition", contentDisposition(fileNameOf(query.mirrors[0]!)));
  }
  return headers;
}

/** A stream that is opened when it is read first. */
function lazily(open: () => Promise<ReadableStream<Uint8Array>>): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      reader ??= (await open()).getReader();
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader?.cancel(reason),
  }, { highWaterMark: 0 });
}

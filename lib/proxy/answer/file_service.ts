/**
 * Answers for a file on a set of mirrors: whole, in part, or not at all, as the request's
 * preconditions and ranges have it (RFC 9110 sections 13.2.2 and 14.2).
 *
 * @module
 */

import { type DownloaderOptions, MirrorBook } from "../../../mod.ts";
import { AddressPolicy, guardedFetch } from "../guard/address_policy.ts";
import { AnswerMemory, MemoryBudget } from "../capacity/memory_budget.ts";
import { type ByteRange, contentRangeHeader, parseRange } from "../../http/byte_range.ts";
import { contentDisposition, fileNameInUrl } from "../../http/file_name.ts";
import { type FileRecord, KnownFiles } from "./known_files.ts";
import type { BodyListener } from "../observe/request_log.ts";
import { Delivery } from "./delivery.ts";
import { filePolicy } from "./headers.ts";
import type { LiveDownloads } from "../observe/live_downloads.ts";
import type { Metrics } from "../observe/metrics.ts";
import { makeBoundary, multipartBody } from "./multipart.ts";
import { evaluatePreconditions, rangeApplies } from "../request/preconditions.ts";
import { Problem } from "../problem.ts";
import { parseProxyQuery, type ProxyQuery, withQueryOptions } from "../request/query.ts";
import type { ResolvedProxyOptions } from "../options.ts";
import { hasChanged, upstreamProblem } from "./upstream_problem.ts";

/** What the service shares with the rest of the proxy. */
export interface FileServiceContext {
  readonly metrics: Metrics;
  readonly live: LiveDownloads;
}

/** A request for a file. */
export interface ProxyRequest {
  readonly request: Request;
  /** Its URL, without what is the proxy's own business. */
  readonly url: URL;
  /** Aborts when the client leaves before it has its answer. */
  readonly signal: AbortSignal;
  /** Told of the body of the answer. */
  readonly listener: BodyListener;
}

/** A request for a file, understood. */
interface Order extends ProxyRequest {
  readonly query: ProxyQuery;
}

/** Answers for files. */
export class FileService {
  readonly #maxMirrors: number;
  readonly #context: FileServiceContext;
  readonly #budget: MemoryBudget;
  readonly #policy: AddressPolicy;
  readonly #known: KnownFiles;
  readonly #download: DownloaderOptions;

  constructor(options: ResolvedProxyOptions, context: FileServiceContext) {
    const { memory, maxDownloads, maxMirrors, allowPrivate, allowHosts, download } = options;
    this.#maxMirrors = maxMirrors;
    this.#context = context;
    this.#budget = new MemoryBudget({ bytes: memory, maxDownloads });
    this.#policy = new AddressPolicy({ allowPrivate, allowHosts });
    this.#download = {
      ...download,
      fetch: guardedFetch(download.fetch ?? fetch, this.#policy),
      book: new MirrorBook(),
    };
    this.#known = new KnownFiles({
      rememberMs: options.rememberMs,
      maxLearning: maxDownloads,
      download: this.#download,
    });
  }

  /** Answers for the file that the query names. */
  async answer(request: ProxyRequest): Promise<Response> {
    const query = parseProxyQuery(request.url.searchParams, { maxMirrors: this.#maxMirrors });
    const order = { ...request, query };
    const recalled = this.#known.recall(query.mirrors);
    try {
      // What is known has passed already, and each request to a mirror is checked anew: a name that
      // takes long to be resolved does not hold up a seek.
      if (recalled === undefined) await this.#check(order);
      return await this.#answer(order);
    } catch (error) {
      if (recalled === undefined || !hasChanged(error)) throw this.#problem(error);
      this.#known.forget(query.mirrors, recalled);
    }
    // It was another file a while ago: what was known of it holds no more.
    return await this.#answer(order).catch((error) => {
      throw this.#problem(error);
    });
  }

  /** Tells of the downloads of the file that the query names until the client leaves. */
  async watch(request: ProxyRequest): Promise<Response> {
    const query = parseProxyQuery(request.url.searchParams, { maxMirrors: this.#maxMirrors });
    await this.#check({ ...request, query });
    return this.#context.live.watch(query.mirrors, request.listener);
  }

  /** Rejects when a mirror's host is refused. */
  async #check({ query, signal }: Order): Promise<void> {
    await Promise.all(query.mirrors.map(async (mirror) => {
      try {
        await this.#policy.check(new URL(mirror), signal);
      } catch (error) {
        signal.throwIfAborted();
        // A name that cannot be resolved is a mirror that fails, as any other.
        if (error instanceof Problem) throw error;
      }
    }));
  }

  #problem(error: unknown): Problem {
    const problem = upstreamProblem(error);
    if (problem.status === 503) this.#context.metrics.refused();
    return problem;
  }

  async #answer(order: Order): Promise<Response> {
    const { request, query, signal } = order;
    const entry = await this.#known.get(query.mirrors, signal);
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
      return new Response(await this.#body(order, entry, undefined), { headers });
    }
    const [range, ...more] = asked.ranges;
    if (more.length > 0) return await this.#multipart(order, entry, asked.ranges, headers);
    headers.set("content-range", contentRangeHeader(range!, size!));
    headers.set("content-length", `${range!.end - range!.start}`);
    return new Response(await this.#body(order, entry, range), { status: 206, headers });
  }

  /** The bytes of the file, or of one range of it. */
  async #body(
    order: Order,
    entry: FileRecord,
    range: ByteRange | undefined,
  ): Promise<ReadableStream<Uint8Array>> {
    const { signal, listener } = order;
    const memory = new AnswerMemory(this.#budget);
    try {
      const delivery = await this.#start(order, entry, range, memory, signal);
      return delivery.stream(leaving(memory, listener));
    } catch (error) {
      memory[Symbol.dispose]();
      throw error;
    }
  }

  /** Several ranges of the file: one after another, in the room of one answer. */
  async #multipart(
    order: Order,
    entry: FileRecord,
    ranges: readonly ByteRange[],
    headers: Headers,
  ): Promise<Response> {
    const { contentType, size } = entry.info;
    const memory = new AnswerMemory(this.#budget);
    const { sent, ended } = leaving(memory, order.listener);
    let left = ranges.length;
    let framing = 0;
    const part: BodyListener = {
      sent,
      ended: (outcome) => {
        left--;
        if (left > 0 && outcome === "complete") return;
        // What stands around the parts belongs to the body, too.
        if (left === 0) sent(framing);
        ended(outcome);
      },
    };
    try {
      // Before the answer, so that a failure still has a status.
      const first = await this.#start(order, entry, ranges[0], memory, order.signal);
      const boundary = makeBoundary(() => crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32);
      const { length, stream } = multipartBody(ranges, {
        contentType,
        size: size!,
        boundary,
        first: first.stream(part),
        brokeOff: ended,
      }, async (range, signal) => {
        return (await this.#start(order, entry, range, memory, signal)).stream(part);
      });
      framing = length - ranges.reduce((sum, { start, end }) => sum + end - start, 0);
      headers.set("content-type", `multipart/byteranges; boundary=${boundary}`);
      headers.set("content-length", `${length}`);
      return new Response(stream, { status: 206, headers });
    } catch (error) {
      memory[Symbol.dispose]();
      throw error;
    }
  }

  #start(
    { query: { mirrors, options } }: Order,
    entry: FileRecord,
    range: ByteRange | undefined,
    memory: AnswerMemory,
    signal: AbortSignal,
  ): Promise<Delivery> {
    const order = { mirrors, entry, range, options: withQueryOptions(this.#download, options) };
    return Delivery.start(order, this.#context, memory, signal);
  }
}

/** The same listener; when the body ends, its room is free. */
function leaving(memory: AnswerMemory, { sent, ended }: BodyListener): BodyListener {
  return {
    sent,
    ended: (outcome) => {
      memory[Symbol.dispose]();
      ended(outcome);
    },
  };
}

/** The headers of a 200 for the file. */
function fileHeaders(
  { info, file, etag, lastModified }: FileRecord,
  query: ProxyQuery,
): Headers {
  const contentType = info.contentType ?? "application/octet-stream";
  const headers = new Headers({
    "content-type": contentType,
    "content-security-policy": filePolicy(contentType),
    "x-content-type-options": "nosniff",
    "accept-ranges": file === undefined ? "none" : "bytes",
  });
  if (info.size !== undefined) headers.set("content-length", `${info.size}`);
  if (etag !== undefined) headers.set("etag", etag);
  if (lastModified !== undefined) headers.set("last-modified", lastModified);
  if (query.download) {
    headers.set("content-disposition", contentDisposition(fileNameInUrl(query.mirrors[0]!)));
  }
  return headers;
}

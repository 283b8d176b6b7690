/**
 * Responds to requests for a file on a set of mirrors: the whole file, ranges of it, 304, 412 or 416,
 * in the order of RFC 9110 sections 13.2.2 (preconditions) and 14.2 (ranges).
 *
 * @module
 */

import {
  type DownloaderOptions,
  freeConnections,
  limitConnections,
  MirrorBook,
} from "../../../mod.ts";
import { AddressPolicy } from "../guard/address_policy.ts";
import { guardedFetch } from "../guard/guarded_fetch.ts";
import { type ByteRange, contentRangeHeader, parseRange } from "../../http/byte_range.ts";
import { MemoryBudget, ResponseMemory } from "../capacity/memory_budget.ts";
import { type FileRecord, KnownFiles } from "./file/known_files.ts";
import type { BodyListener } from "../observe/request_log.ts";
import { Delivery, type DeliveryRequest, type FileFacts, type Observers } from "./body/delivery.ts";
import { fileHeaders } from "./file_headers.ts";
import { FirstDelivery, firstEnd, type Started } from "./body/first_delivery.ts";
import { type FoundFile, MirrorSources } from "./file/mirror_sources.ts";
import { multipartBody } from "./body/multipart.ts";
import { evaluatePreconditions, rangeApplies } from "../request/preconditions.ts";
import { asIncomplete, overloaded, Problem } from "../problem.ts";
import {
  describeIgnored,
  parseProxyQuery,
  type ProxyQuery,
  withQueryOptions,
} from "../request/query.ts";
import type { ResolvedProxyOptions } from "../options.ts";
import { hasChanged, isOutdated, upstreamProblem } from "./upstream_problem.ts";

/** A request to the proxy. */
export interface ProxyRequest {
  readonly request: Request;
  /** The parsed URL, without the token. */
  readonly url: URL;
  /** The name in the path; not safe to use as it is. */
  readonly name: string | undefined;
  /** Aborts when the client disconnects before it gets a response. */
  readonly signal: AbortSignal;
  /** Receives the progress of the response body. */
  readonly listener: BodyListener;
}

interface FileRequest extends ProxyRequest, Omit<FoundFile, "name"> {
  /** What is known of the file by now. */
  record: FileRecord | undefined;
  /** Whether the file was probed again for this request. */
  isLastAttempt: boolean;
}

/** A mirror's validators contradict what is known of the file, though its bytes seem to be the same. */
class Doubted extends Error {}

/** A download that gets fewer connections than this is not started, unless it has fewer mirrors. */
const LEAST_CONNECTIONS = 4;

export class FileService {
  readonly #maxMirrors: number;
  readonly #retryMaxMs: number;
  readonly #observers: Observers;
  readonly #budget: MemoryBudget;
  readonly #policy: AddressPolicy;
  readonly #known: KnownFiles;
  readonly #sources: MirrorSources;
  readonly #download: DownloaderOptions;

  constructor(options: ResolvedProxyOptions, observers: Observers) {
    const { memory, maxDownloads, maxMirrors, allowPrivate, allowHosts, download } = options;
    this.#maxMirrors = maxMirrors;
    if (options.maxMirrorConnections !== undefined) limitConnections(options.maxMirrorConnections);
    this.#retryMaxMs = options.retryMaxMs;
    this.#observers = observers;
    this.#budget = new MemoryBudget({
      bytes: memory,
      maxDownloads,
      stallTimeoutMs: options.stallTimeoutMs,
      connections: options.maxMirrorConnections,
    });
    this.#policy = new AddressPolicy({ allowPrivate, allowHosts });
    this.#download = {
      ...download,
      fetch: guardedFetch(download.fetch ?? fetch, this.#policy, {
        headers: options.mirrorHeaders,
        allowDowngrade: options.allowDowngrade,
      }),
      book: new MirrorBook(),
    };
    this.#known = new KnownFiles({
      rememberMs: options.rememberMs,
      trustDates: options.trustDates,
      maxProbes: maxDownloads,
      download: this.#download,
    });
    this.#sources = new MirrorSources(
      options,
      this.#policy,
      this.#download,
      this.#budget.largestBlock,
    );
  }

  /** Serves the file that the query names. */
  async serve(request: ProxyRequest): Promise<Response> {
    const query = parseProxyQuery(request.url.searchParams, this.#maxMirrors);
    const response = await this.#found(request, query).catch((error) => {
      throw this.#problem(error, query);
    });
    return namingIgnored(response, query);
  }

  async #found(request: ProxyRequest, query: ProxyQuery): Promise<Response> {
    const serve = (found: FoundFile) =>
      this.#serve({ ...request, ...found, record: undefined, isLastAttempt: false });
    const found = await this.#sources.find(request, query);
    try {
      return await serve(found);
    } catch (error) {
      if (found.forget === undefined || !isOutdated(error)) throw error;
      // The file has changed since its server was asked for mirrors of it.
      found.forget();
      return await serve(await this.#sources.find(request, query));
    }
  }

  async #serve(file: FileRequest): Promise<Response> {
    const { query, wanted } = file;
    if (freeConnections(query.mirrors) < Math.min(query.mirrors.length, LEAST_CONNECTIONS)) {
      throw overloaded("the proxy is at its limit of connections to mirrors; try again later");
    }
    const recalled = this.#known.recall(wanted);
    try {
      // The hosts of a known file were checked before, and `guardedFetch` checks each request to a
      // mirror: a seek need not wait here for a slow name server.
      if (recalled === undefined) await this.#check(query, file.signal);
      return await this.#respond(file);
    } catch (error) {
      if (!(error instanceof Doubted)) {
        // What this request has found out itself may be contradicted, too, as by a total that is wrong.
        const known = recalled ?? file.record;
        if (known === undefined || !isOutdated(error)) throw error;
        this.#known.invalidate(wanted, known, hasChanged(error));
        // Its server has to be asked for mirrors and hashes again.
        if (file.forget !== undefined) throw error;
      }
    }
    // The file has changed since the probe, or seems to: probe again.
    file.isLastAttempt = true;
    return await this.#respond(file);
  }

  /** Streams the progress of the downloads of the file that the query names. */
  async watch(request: ProxyRequest): Promise<Response> {
    const given = parseProxyQuery(request.url.searchParams, this.#maxMirrors);
    const { query } = await this.#sources.find(request, given).catch((error) => {
      throw this.#problem(error, given);
    });
    await this.#check(query, request.signal);
    return namingIgnored(this.#observers.live.watch(query.mirrors, request.listener), query);
  }

  /** Rejects when the host of a mirror is refused. */
  async #check(query: ProxyQuery, signal: AbortSignal): Promise<void> {
    await Promise.all(query.mirrors.map(async (mirror) => {
      try {
        await this.#policy.check(new URL(mirror), signal);
      } catch (error) {
        signal.throwIfAborted();
        // A mirror whose name cannot be resolved fails later, like any other.
        if (error instanceof Problem) throw error;
      }
    }));
  }

  #problem(error: unknown, { ignored }: ProxyQuery): Problem {
    const problem = upstreamProblem(error);
    if (problem.status === 503) this.#observers.metrics.refused();
    if (ignored.length === 0 || problem.status === 500) return problem;
    // One of them may be the rest of a mirror's URL.
    const { status, detail, headers, extensions, cause } = problem;
    return new Problem(status, `${detail} (${describeIgnored(ignored)})`, {
      headers,
      extensions,
      cause,
    });
  }

  async #respond(file: FileRequest): Promise<Response> {
    const { request, wanted, signal } = file;
    const end = firstEnd(request);
    await using first = end === undefined
      ? undefined
      : new FirstDelivery(end, (range) => this.#create(file, undefined, range));
    const record = file.record = await this.#known.get(wanted, signal, first?.prepare);
    const headers = fileHeaders(record, file);
    switch (evaluatePreconditions(request.method, request.headers, record)) {
      case "failed":
        throw new Problem(412, "the file does not match the preconditions of the request");
      case "not modified":
        headers.delete("content-length");
        headers.delete("content-type");
        return new Response(null, { status: 304, headers });
    }
    const size = record.file === undefined ? undefined : record.info.size;
    if (request.method === "HEAD") return new Response(null, { headers });
    const asked = size !== undefined && rangeApplies(request.headers, record)
      ? parseRange(request.headers.get("range"), size)
      : { type: "none" } as const;
    if (asked.type === "unsatisfiable") {
      throw new Problem(416, `the range is beyond the end of the file, which has ${size} bytes`, {
        headers: { "content-range": `bytes */${size}`, "accept-ranges": "bytes" },
      });
    }
    if (asked.type === "none") {
      if (size === 0) return new Response(null, { headers });
      return new Response(await this.#body(file, record, undefined, first), { headers });
    }
    const [range, ...more] = asked.ranges;
    if (more.length > 0) return await this.#multipart(file, record, asked.ranges, headers);
    headers.set("content-range", contentRangeHeader(range!, size!));
    headers.set("content-length", `${range!.end - range!.start}`);
    return new Response(await this.#body(file, record, range, first), { status: 206, headers });
  }

  /** Returns the bytes of the file, or of one range of it. */
  async #body(
    file: FileRequest,
    record: FileRecord,
    range: ByteRange | undefined,
    first: FirstDelivery | undefined,
  ): Promise<ReadableStream<Uint8Array>> {
    const { delivery, memory } = first?.take(range, record.info.size) ??
      this.#create(file, record, range);
    try {
      await this.#begin(file, record, delivery, file.signal);
    } catch (error) {
      memory[Symbol.dispose]();
      throw error;
    }
    const length = range === undefined ? record.file?.info.size : range.end - range.start;
    return delivery.stream(releasing(memory, file.listener), length);
  }

  /**
   * Waits for the first bytes of a delivery. Rejects with a {@linkcode Doubted} if a mirror says that it
   * has another file than the record, unless there was a probe for this request.
   */
  async #begin(
    file: FileRequest,
    record: FileRecord,
    delivery: Delivery,
    signal: AbortSignal,
  ): Promise<void> {
    await delivery.begin(signal);
    if (file.isLastAttempt) return;
    if (!this.#known.doubt(file.wanted, record, delivery.knownFile)) return;
    await delivery.close("cancelled");
    throw new Doubted("a mirror contradicts what is known of the file");
  }

  /** Creates a delivery with memory of its own. */
  #create(file: FileRequest, known: FileFacts | undefined, range: ByteRange | undefined): Started {
    const memory = new ResponseMemory(this.#budget, file.query.mirrors.length);
    try {
      return { delivery: this.#deliver(file, known, range, memory), memory };
    } catch (error) {
      memory[Symbol.dispose]();
      throw error;
    }
  }

  /** Responds with several ranges, one after another, in the memory of one response. */
  async #multipart(
    file: FileRequest,
    record: FileRecord,
    ranges: readonly ByteRange[],
    headers: Headers,
  ): Promise<Response> {
    const memory = new ResponseMemory(this.#budget, file.query.mirrors.length);
    const { sent, ended } = releasing(memory, file.listener);
    let remaining = ranges.length;
    let framing = 0;
    const part: BodyListener = {
      sent,
      ended: (outcome) => {
        remaining--;
        if (remaining > 0 && outcome === "complete") return;
        // The headers of the parts belong to the body too.
        if (remaining === 0) sent(framing);
        ended(outcome);
      },
    };
    try {
      // Before the response, so that a failure can still set the status.
      const start = async (range: ByteRange, signal: AbortSignal) => {
        const delivery = this.#deliver(file, record, range, memory);
        await this.#begin(file, record, delivery, signal);
        return delivery.stream(part, range.end - range.start);
      };
      const first = await start(ranges[0]!, file.signal);
      const boundary = crypto.randomUUID();
      const { length, stream } = multipartBody(
        ranges,
        {
          contentType: headers.get("content-type") ?? undefined,
          size: record.info.size!,
          boundary,
          first,
          onBreak: ended,
        },
        (range, signal) =>
          start(range, signal).catch((error) => Promise.reject(asIncomplete(error))),
      );
      framing = length - ranges.reduce((sum, { start, end }) => sum + end - start, 0);
      headers.set("content-type", `multipart/byteranges; boundary=${boundary}`);
      headers.set("content-length", `${length}`);
      return new Response(stream, { status: 206, headers });
    } catch (error) {
      memory[Symbol.dispose]();
      throw error;
    }
  }

  #deliver(
    file: FileRequest,
    known: FileFacts | undefined,
    range: ByteRange | undefined,
    memory: ResponseMemory,
  ): Delivery {
    const { wanted, query: { mirrors, options } } = file;
    const request: DeliveryRequest = {
      mirrors,
      known,
      range,
      retryMaxMs: this.#retryMaxMs,
      options: {
        ...withQueryOptions(this.#download, options),
        ...wanted.options,
        expectedName: wanted.name,
      },
      onLearned: (pieces) => {
        const { record } = file;
        const { knownFile } = delivery;
        if (record === undefined || this.#known.doubt(wanted, record, knownFile)) return;
        this.#known.learn(wanted, record, pieces, knownFile);
      },
      onFailed: (error) => {
        // It may have been the hash that does not fit any more.
        file.forget?.();
        if (file.record === undefined || !isOutdated(error)) return;
        this.#known.invalidate(wanted, file.record, hasChanged(error));
      },
    };
    const delivery = new Delivery(request, this.#observers, memory);
    return delivery;
  }
}

/** Wraps a listener so that the end of the body releases the memory. */
function releasing(memory: ResponseMemory, { sent, ended }: BodyListener): BodyListener {
  return {
    sent,
    ended: (outcome) => {
      memory[Symbol.dispose]();
      ended(outcome);
    },
  };
}

/** Names the ignored parameters in a header, so that a misspelled one can be found. */
function namingIgnored(response: Response, { ignored }: ProxyQuery): Response {
  if (ignored.length > 0) response.headers.set("sphttp-ignored", ignored.join(", "));
  return response;
}

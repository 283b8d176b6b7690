/**
 * Sends requests to mirrors and returns responses that are usable. It follows redirects itself,
 * remembers for each mirror where they led and with which validators it served, and sends no
 * credentials to another origin. Follows RFC 9110 sections 13.1.5 (If-Range) and 15.4.
 *
 * @module
 */

import { type FailureReason, MirrorError, type MirrorErrorOptions } from "../errors.ts";
import { unlessAborted } from "../unless_aborted.ts";
import { type BodyOptions, BodyReader, CHUNK } from "./body.ts";
import { BufferPool } from "./buffer_pool.ts";
import { takeCredentials } from "../http/credentials.ts";
import { parseRetryAfter } from "../http/http_date.ts";
import type { MirrorSource } from "../http/mirror_url.ts";
import type { ProxySource } from "../http/proxy_url.ts";
import { parseContentLength, rangeHeader } from "../http/byte_range.ts";
import { checkResponse, type RequestedRange, type UsableResponse } from "../http/response_check.ts";
import { readValidators, type Validators } from "../http/validators.ts";

export interface TransportOptions {
  readonly mirrors: readonly MirrorSource[];
  readonly headers: Headers;
  readonly http: "auto" | "http1" | "http2";
  readonly caCerts: readonly string[];
  /** The proxy for all requests; `undefined` for those of the environment. */
  readonly proxy: ProxySource | undefined;
  readonly maxRedirects: number;
  readonly fetch: typeof fetch;
  readonly knownMirrors: readonly KnownMirror[];
}

/** What a download has learned of a mirror that serves ranges. */
export interface KnownMirror {
  /** Its URL, without credentials. */
  readonly url: string;
  /** Where its redirects led; `undefined` if there were none. */
  readonly location: string | undefined;
  /** The validators with which it served. */
  readonly validators: Validators;
}

/** A usable response. */
export interface Reply {
  /** Where the mirror's redirects led; `undefined` if there were none. */
  readonly location: URL | undefined;
  readonly answer: UsableResponse;
  readonly validators: Validators;
  readonly contentType: string | undefined;
  readonly body: BodyReader;
}

interface Memory {
  /** Where its redirects led. */
  location: URL | undefined;
  /** The validators of its first response. */
  validators: Validators | undefined;
  /** Whether it serves ranges: only then may a request have an If-Range. */
  ranges: boolean;
  /** Whether it has ever responded. */
  answered: boolean;
}

/** Proxy Authentication Required: RFC 9110 section 15.5.8. */
const PROXY_LOGIN = 407;

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export class Transport {
  readonly buffers: BufferPool = new BufferPool(CHUNK);
  readonly #options: TransportOptions;
  readonly #memories: readonly Memory[];
  #client: Deno.HttpClient | undefined;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#memories = options.mirrors.map(({ url }) => {
      const known = options.knownMirrors.find((mirror) => mirror.url === url);
      const { location, validators } = known ?? {};
      return {
        location: location === undefined ? undefined : new URL(location),
        validators,
        ranges: known !== undefined,
        answered: false,
      };
    });
  }

  /** What was learned of the mirrors that serve ranges. */
  get knownMirrors(): KnownMirror[] {
    return this.#options.mirrors.flatMap(({ url }, index) => {
      const { location, validators, ranges } = this.#memories[index]!;
      return ranges && validators !== undefined
        ? [{ url, location: location?.href, validators }]
        : [];
    });
  }

  /**
   * Sends a request to the mirror with the given index. Rejects with a {@linkcode MirrorError} if no
   * response comes, or none that is usable.
   */
  async request(mirror: number, requested: RequestedRange, signal: AbortSignal): Promise<Reply> {
    const memory = this.#memories[mirror]!;
    const relocated = memory.location !== undefined;
    const { response, conditional } = await this.#follow(mirror, requested, signal);
    const { status, headers, body } = response;
    if (relocated && status >= 400 && status < 500 && status !== 416 && status !== 429) {
      // The target of an earlier redirect may have expired: ask the mirror itself again.
      await discard(body);
      memory.location = undefined;
      return this.request(mirror, requested, signal);
    }
    memory.answered = true;
    const validators = readValidators(headers, Date.now());
    const conditions = { conditional, validators: memory.validators };
    const check = checkResponse({ ...requested, ...conditions }, status, headers, validators);
    if (check.type === "refused") {
      await discard(body);
      // The target of a redirect may fail while the mirror itself does not.
      if (status >= 500) memory.location = undefined;
      const { reason, retryable } = check;
      const message = this.#blamed(check.message, status);
      const retryAfterMs = parseRetryAfter(headers.get("retry-after"), Date.now());
      const after = retryAfterMs === undefined ? "" : ` (Retry-After: ${retryAfterMs / 1000} s)`;
      throw this.#error(mirror, reason, message + after, { status, retryable, retryAfterMs });
    }
    memory.validators ??= validators;
    memory.ranges ||= check.type === "partial";
    if (check.type === "unsatisfiable") await discard(body);
    const length = bodyLength(check);
    return {
      location: memory.location,
      answer: check,
      validators,
      contentType: headers.get("content-type") ?? undefined,
      body: this.#read(mirror, check.type === "unsatisfiable" ? null : body, {
        length,
        framed: parseContentLength(headers.get("content-length")) === length,
      }),
    };
  }

  #read(
    mirror: number,
    stream: ReadableStream<Uint8Array<ArrayBuffer>> | null,
    options: Omit<BodyOptions, "fail">,
  ): BodyReader {
    const fail: BodyOptions["fail"] = (reason, message, cause) =>
      this.#error(mirror, reason, message, { phase: "body", retryable: true, cause });
    try {
      return new BodyReader(stream, { ...options, fail, buffers: this.buffers });
    } catch (cause) {
      throw fail("network", "the body cannot be read: it is locked", cause);
    }
  }

  /** Closes the transport's own HTTP client, and keeps no more buffers. */
  close(): void {
    this.#client?.close();
    this.#client = undefined;
    this.buffers.close();
  }

  async #follow(
    mirror: number,
    requested: RequestedRange,
    signal: AbortSignal,
  ): Promise<{ response: Response; conditional: boolean }> {
    const { mirrors, maxRedirects } = this.#options;
    const memory = this.#memories[mirror]!;
    const origin = new URL(mirrors[mirror]!.url);
    let url = memory.location ?? origin;
    for (let redirects = 0;; redirects++) {
      const headers = this.#headers(mirror, requested, url.origin === origin.origin);
      const response = await this.#fetch(mirror, url, headers, signal);
      const target = response.headers.get("location");
      if (!REDIRECTS.has(response.status) || target === null) {
        if (url !== origin) memory.location = url;
        return { response, conditional: headers.has("if-range") };
      }
      await discard(response.body);
      if (redirects === maxRedirects) {
        throw this.#error(mirror, "redirect", `more than ${maxRedirects} redirects`);
      }
      const next = URL.parse(target, url);
      if (next === null || !["http:", "https:"].includes(next.protocol)) {
        throw this.#error(mirror, "redirect", "redirected to a URL that is not http or https");
      }
      takeCredentials(next);
      url = next;
    }
  }

  #headers(mirror: number, { start, end }: RequestedRange, sameOrigin: boolean): Headers {
    const headers = new Headers(this.#options.headers);
    const { authorization } = this.#options.mirrors[mirror]!;
    if (authorization !== undefined) headers.set("authorization", authorization);
    if (!sameOrigin) {
      headers.delete("authorization");
      headers.delete("cookie");
    }
    headers.set("accept-encoding", "identity");
    if (end === undefined) return headers;
    headers.set("range", rangeHeader({ start, end }));
    const { validators, ranges } = this.#memories[mirror]!;
    if (ranges && validators?.strong !== undefined) headers.set("if-range", validators.strong);
    return headers;
  }

  async #fetch(mirror: number, url: URL, headers: Headers, signal: AbortSignal): Promise<Response> {
    const init: RequestInit & { client?: Deno.HttpClient } = {
      headers,
      signal,
      redirect: "manual",
    };
    const client = this.#openClient();
    if (client !== undefined) init.client = client;
    // Called without a receiver: browsers refuse a `fetch` that is called as a method.
    const { fetch } = this.#options;
    try {
      // A caller's own `fetch` may ignore the signal.
      const answer = fetch(url, init);
      return await unlessAborted(answer, signal, ({ body }) => discard(body));
    } catch (cause) {
      // Also after a cancellation: the target may be silent for good, and the mirror know another.
      this.#memories[mirror]!.location = undefined;
      throw this.#error(mirror, "network", `connection failed${this.#through}${detail(cause)}`, {
        retryable: !isForbidden(cause),
        proxyRefused: isRefusedTunnel(cause),
        cause,
      });
    }
  }

  /** Returns the transport's own HTTP client if the default one does not suffice. */
  #openClient(): Deno.HttpClient | undefined {
    const { http, caCerts, proxy } = this.#options;
    if (http === "auto" && caCerts.length === 0 && proxy === undefined) return undefined;
    const options: Deno.CreateHttpClientOptions = {
      caCerts: [...caCerts],
      http1: http !== "http2",
      http2: http !== "http1",
    };
    if (proxy !== undefined) options.proxy = proxy.client;
    return this.#client ??= Deno.createHttpClient(options);
  }

  /** Names the proxy: `fetch` does not say whether it failed, or the server behind it. */
  get #through(): string {
    const { proxy } = this.#options;
    return proxy === undefined ? "" : ` through the proxy ${proxy.name}`;
  }

  /** Returns what is wrong with a response, with the proxy if it may have sent it. */
  #blamed(message: string, status: number): string {
    const { proxy } = this.#options;
    if (proxy === undefined || status < 400) return message;
    if (status !== PROXY_LOGIN) return message + this.#through;
    const refused = proxy.client.basicAuth === undefined ? "requires" : "does not accept the";
    return `the proxy ${proxy.name} ${refused} credentials (status ${status})`;
  }

  #error(
    mirror: number,
    reason: FailureReason,
    message: string,
    facts: Partial<MirrorErrorOptions> = {},
  ): MirrorError {
    const { url } = this.#options.mirrors[mirror]!;
    return new MirrorError(message, {
      mirror: url,
      reason,
      phase: this.#memories[mirror]!.answered ? "headers" : "connect",
      retryable: false,
      ...facts,
    });
  }
}

async function discard(body: ReadableStream | null): Promise<void> {
  // It may have failed or be locked: neither matters.
  await body?.cancel().catch(() => {});
}

function bodyLength(answer: Reply["answer"]): number | undefined {
  if (answer.type === "unsatisfiable") return 0;
  return answer.type === "partial" ? answer.end - answer.start : answer.size;
}

const FETCH_PREFIX = /^error sending request.*?\): (client error \(\w+\): )?/;

/** Returns the network's own words. */
function detail(error: unknown): string {
  const said = innermostMessage(error).replace(FETCH_PREFIX, "");
  return said && `: ${said}`;
}

/** Reports whether a proxy answered CONNECT with a refusal. Deno's errors say so in words only. */
function isRefusedTunnel(error: unknown): boolean {
  return /unsuccessful tunnel|proxy authentication required/.test(innermostMessage(error));
}

function innermostMessage(error: unknown): string {
  return causesOf(error).at(-1)?.message ?? "";
}

/** Reports whether a request must not be sent: by Deno's permissions, or a caller's own fetch. */
function isForbidden(cause: unknown): boolean {
  return causesOf(cause).some(({ name }) => name === "NotCapable");
}

function causesOf(error: unknown): Error[] {
  return error instanceof Error ? [error, ...causesOf(error.cause)] : [];
}

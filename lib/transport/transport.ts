/**
 * Sends requests to mirrors and returns responses that are usable. It sends no credentials to another
 * origin. Follows RFC 9110 section 13.1.5 (If-Range).
 *
 * @module
 */

import { type FailureReason, MirrorError, type MirrorErrorOptions } from "../errors.ts";
import { isWebPage } from "../runtime.ts";
import { startedWithin } from "../after_running.ts";
import { unlessAborted } from "../unless_aborted.ts";
import { type BodyOptions, BodyReader, BUFFER_SIZES } from "./responses/body.ts";
import { BufferPool } from "./responses/buffer_pool.ts";
import { blameDescriptors } from "./connections/descriptors.ts";
import type { HttpClientOptions, Init } from "./connections/http_clients.ts";
import { MirrorClients } from "./connections/mirror_clients.ts";
import { mayBeConditional } from "./responses/conditions.ts";
import { verifyContent } from "./responses/content_check.ts";
import { type DoubtTools, settleDoubt, settleRefusal, withDetail } from "./responses/doubts.ts";
import { type KnownMirror, MirrorMemory } from "./responses/mirror_memory.ts";
import { networkProblem, readNetworkFailure, throughProxy } from "./network_failure.ts";
import { Referral } from "./responses/referral.ts";
import { discard, followRedirects, type RedirectOptions } from "./responses/redirects.ts";
import { refusalProblem, type Told } from "./responses/refusal.ts";
import { type Refresh, Renewals } from "./responses/renewal.ts";
import { isText } from "../http/name/error_text.ts";
import { NO_DIGESTS, readFileHashes } from "../http/digest.ts";
import { dispositionFileName } from "../http/name/content_disposition.ts";
import type { MirrorSource } from "../http/address/mirror_url.ts";
import { type MirrorHabits, statedTotal } from "../http/mirror_habits.ts";
import {
  checkResponse,
  type Refusal,
  type RequestedRange,
  toTheEnd,
} from "../http/response/response_check.ts";
import type { BodyFrame } from "../http/response/part.ts";
import type { Reply, Requested } from "./exchange.ts";
import { requestHeaders } from "./request_headers.ts";
import { readField } from "../http/field_value.ts";
import { readValidators } from "../http/validators.ts";

export interface TransportOptions extends HttpClientOptions {
  readonly mirrors: readonly MirrorSource[];
  readonly headers: Headers;
  readonly maxRedirects: number;
  readonly fetch: typeof fetch;
  readonly knownMirrors: readonly KnownMirror[];
  /** Whether hashes of the file are neither asked for nor read. @default false */
  readonly ignoreDigests?: boolean | undefined;
  /** Returns another URL of a mirror whose URL has expired. */
  readonly refresh?: Refresh | undefined;
  /** URLs of mirrors whose origins had unreliable validators. */
  readonly suspects?: readonly string[] | undefined;
  /** What is known of how mirrors answer, which downloads share. */
  readonly habits: MirrorHabits;
  /** Returns the time by which that is forgotten, in milliseconds. @default {performance.now} */
  readonly now?: (() => number) | undefined;
}

/** How mirrors refuse, or ignore, `bytes=N-` that may serve `bytes=N-M`. */
const UNENDED: readonly number[] = [200, 400, 406, 416, 501];

export class Transport {
  readonly buffers: BufferPool = new BufferPool(...BUFFER_SIZES);
  readonly #options: TransportOptions;
  readonly #mirrors: MirrorSource[] = [];
  readonly #memories: MirrorMemory[] = [];
  readonly #clients: MirrorClients;
  readonly #renewals: Renewals;

  constructor(options: TransportOptions) {
    this.#options = options;
    const { mirrors, suspects = [] } = options;
    this.#clients = new MirrorClients([], options);
    this.#renewals = new Renewals(this.#mirrors, options.refresh, (mirror, message, facts) => {
      return this.#error(mirror, "status", message, facts);
    });
    for (const mirror of mirrors) this.add(mirror, { isSuspect: suspects.includes(mirror.url) });
  }

  /** Adds a mirror, whose number is the next one. `isSuspect`: its origin had unreliable validators. */
  add(mirror: MirrorSource, options: { isSuspect?: boolean } = {}): void {
    const { url } = mirror;
    const known = this.#options.knownMirrors.find((mirror) => mirror.url === url);
    this.#mirrors.push(mirror);
    this.#memories.push(new MirrorMemory(url, known, options));
    this.#clients.add(mirror);
  }

  /** Changes the credentials for a mirror. */
  replace(mirror: number, source: MirrorSource): void {
    this.#mirrors[mirror] = source;
  }

  /** What was learned of the mirrors that serve ranges. */
  get knownMirrors(): KnownMirror[] {
    return this.#memories.map(({ known }) => known).filter((known) => known !== undefined);
  }

  /** URLs of the mirrors whose validators turned out to be unreliable. */
  get unreliableMirrors(): string[] {
    return this.#memories.filter(({ wavers }) => wavers).map(({ url }) => url);
  }

  /** Sends a request to a mirror. Rejects with a {@linkcode MirrorError} if no usable response comes. */
  async request(mirror: number, requested: Requested, signal: AbortSignal): Promise<Reply> {
    const { purpose = "part" } = requested;
    const memory = this.#memories[mirror]!;
    const relocated = memory.location !== undefined;
    const used = this.#renewals.sourceOf(mirror);
    const asked = purpose !== "part" || this.#needsEnd(memory) ? requested : toTheEnd(requested);
    const referral = new Referral();
    const onRedirect = (headers: Headers, url: URL) => referral.note(headers, url, true);
    const { response, conditional, place } = await this.#follow(mirror, asked, signal, onRedirect);
    const { status, headers, body } = response;
    const refusesOpen = () => this.#options.habits.refusesOpen(place, this.#now());
    if (asked !== requested && !conditional && UNENDED.includes(status)) {
      refusesOpen();
      await discard(body);
      return this.request(mirror, requested, signal);
    }
    if (relocated && status >= 400 && status < 500 && status !== 416 && status !== 429) {
      // The target of an earlier redirect may have expired: ask the mirror itself again.
      await discard(body);
      memory.location = undefined;
      return this.request(mirror, requested, signal);
    }
    const renewed = await this.#renewals.renew(mirror, used, response, signal);
    if (renewed !== undefined) {
      memory.moveTo(renewed.url);
      return this.request(mirror, requested, signal);
    }
    memory.answered = true;
    const validators = readValidators(headers, Date.now());
    const told = { response, place, said: () => memory.said(place, validators) };
    memory.recall(this.#options.habits, place, headers, this.#now());
    const check = checkResponse({ ...requested, ...memory.habits }, status, headers);
    const contentType = readField(headers, "content-type");
    if (check.type === "refused") {
      // Its length is that of other bytes than the range's.
      memory.encodes ||= check.reason === "encoding" && headers.has("content-length");
      await discard(body);
      if (conditional && (status === 304 || (status < 300 && check.reason === "range"))) {
        memory.ignoresIfRange = true;
        return this.request(mirror, requested, signal);
      }
      // The target of a redirect may fail while the mirror itself does not.
      if (status >= 500) memory.location = undefined;
      await settleRefusal(requested, status, check, this.#tools(mirror, told, signal));
      throw this.#refusal(mirror, check, told);
    }
    const { ignoreDigests } = this.#options;
    const digests = ignoreDigests ? NO_DIGESTS : referral.complete(
      readFileHashes(headers, check.answer.type === "whole" || purpose === "first"),
    );
    if (purpose === "first") {
      referral.note(headers, new URL(place), false);
      memory.begin(place, validators);
      memory.sendsText = isText(contentType);
    }
    const judgement = memory.judge(place, validators);
    if (conditional && check.answer.type === "whole") {
      memory.ignoresIfRange = true;
      if (judgement.doubt === undefined) {
        // Nothing has changed: the server takes If-Range for something else. From now on, bytes decide.
        await discard(body);
        return this.request(mirror, requested, signal);
      }
    }
    const { encoding, answer } = check;
    if (answer.type === "unsatisfiable") await discard(body);
    const unread = answer.type === "unsatisfiable" ? null : body;
    // A request that was cancelled shows nothing.
    const onEmpty = () => asked !== requested && !signal.aborted && refusesOpen();
    const reader = this.#read(mirror, unread, check.body, onEmpty);
    const tools = { ...this.#tools(mirror, told, signal), body: reader };
    const found = await settleDoubt(memory, requested, check, tools);
    if (memory.shortens === "always") this.#options.habits.shortened(place, this.#now());
    const settled = ignoreDigests ? found : await verifyContent(headers, check.body, found, tools);
    this.#renewals.served(mirror, used);
    memory.ranges ||= answer.type === "partial";
    return {
      ...judgement,
      place,
      location: memory.elsewhere,
      ...settled,
      validators,
      encoding,
      digests,
      elsewhere: referral.elsewhere,
      contentType,
      fileName: dispositionFileName(headers.get("content-disposition")),
    };
  }

  /** Names the validators of a mirror's first response, and those of this one, whose bytes differ. */
  said(mirror: number, { place, validators }: Reply): string {
    return this.#memories[mirror]!.said(place, validators);
  }

  /** Accepts the validators of a check that was passed. Reports whether they are new. */
  accept(mirror: number, { place, validators }: Reply): boolean {
    return this.#memories[mirror]!.accept(place, validators);
  }

  /** Compares the validators of a mirror no more. */
  distrust(mirror: number): void {
    this.#memories[mirror]!.unreliable = true;
  }

  /** Returns what settles what a response leaves open. */
  #tools(
    mirror: number,
    { response: { headers }, place, said }: Told,
    signal: AbortSignal,
  ): Omit<DoubtTools, "body"> {
    const memory = this.#memories[mirror]!;
    return {
      ask: (range, withinMs) => this.#ask(mirror, range, signal, withinMs),
      refute: (size, by = headers) => {
        memory.totals = { size };
        const stated = statedTotal(place, by, Date.now());
        if (stated !== undefined) this.#options.habits.refuted(stated, size, this.#now());
      },
      read: (stream, frame) => this.#read(mirror, stream, frame),
      fail: (reason, message) =>
        this.#error(mirror, reason, withDetail(message, reason === "changed" ? said() : "")),
    };
  }

  /** Reports whether the last part of the file has to be requested with its end. */
  #needsEnd(memory: MirrorMemory): boolean {
    const { href } = memory.elsewhere ?? new URL(memory.requested);
    return this.#options.habits.needsEnd(href, this.#now());
  }

  #now(): number {
    return (this.#options.now ?? (() => performance.now()))();
  }

  /** Sends another request about a response, without conditions; one that fails tells nothing. */
  async #ask(
    mirror: number,
    requested: RequestedRange,
    signal: AbortSignal,
    withinMs?: number,
  ): Promise<Response> {
    const ask = (signal: AbortSignal) =>
      this.#follow(mirror, { ...requested, purpose: "check" }, signal);
    try {
      const answer = withinMs === undefined ? ask(signal) : startedWithin(withinMs, signal, ask);
      return (await answer).response;
    } catch (error) {
      if (signal.aborted) throw error;
      return Response.error();
    }
  }

  /** Returns the error for a response that is of no use. */
  #refusal(mirror: number, refusal: Refusal, told: Told): MirrorError {
    const { headers, proxy } = this.#options;
    const { requested, sendsText } = this.#memories[mirror]!;
    const isOwn = new URL(told.place).origin === new URL(requested).origin;
    const { authorization } = this.#renewals.sourceOf(mirror);
    const { reason, message, facts } = refusalProblem(refusal, told, {
      ...{ sendsText, proxy },
      hadCredentials: isOwn && (authorization !== undefined || headers.has("authorization")),
    });
    return this.#error(mirror, reason, message, facts);
  }

  #read(
    mirror: number,
    stream: ReadableStream<Uint8Array<ArrayBuffer>> | null,
    frame: BodyFrame,
    onEmpty?: BodyOptions["onEmpty"],
  ): BodyReader {
    const fail: BodyOptions["fail"] = (reason, message, cause) =>
      this.#error(mirror, reason, message, { phase: "body", retryable: reason !== "range", cause });
    try {
      return new BodyReader(stream, { frame, fail, buffers: this.buffers, onEmpty });
    } catch (cause) {
      throw fail("network", "the body cannot be read: it is locked", cause);
    }
  }

  /** Sends later requests over new connections: those that are idle may be dead. */
  reconnect(): void {
    this.#clients.renew();
  }

  /** Keeps no more buffers, and closes the transport's own HTTP clients. */
  async close(): Promise<void> {
    this.buffers.close();
    await this.#clients.close();
  }

  async #follow(
    mirror: number,
    requested: Requested,
    signal: AbortSignal,
    onRedirect?: RedirectOptions["onRedirect"],
  ): Promise<{ response: Response; conditional: boolean; place: string }> {
    const memory = this.#memories[mirror]!;
    const origin = new URL(memory.requested);
    const first = memory.location ?? origin;
    let conditional = false;
    const { response, url } = await followRedirects({
      url: first,
      maxRedirects: this.#options.maxRedirects,
      cookies: memory.cookies,
      send: async (url, redirect) => {
        conditional = false;
        const headers = this.#headers(mirror, requested, url, url.origin === origin.origin);
        const cookie = memory.cookies.header(url, Date.now(), headers.get("cookie"));
        if (cookie !== undefined) headers.set("cookie", cookie);
        // A browser's cache lets one request for a URL wait for another: ranges would not come at once.
        const cache = isWebPage() ? "no-store" : "default";
        const send = (signal: AbortSignal) =>
          this.#fetch(mirror, url, { headers, signal, redirect, cache });
        const condition = headers.get("if-range");
        const conditions = memory.conditionsAt(url.href);
        if (conditions === undefined || condition === null) return send(signal);
        const answer = await conditions.try(condition, send, signal).finally(() => {
          if (conditions.isBlamed) this.#options.habits.refusesConditions(url.href, this.#now());
        });
        conditional = answer !== undefined;
        headers.delete("if-range");
        return answer ?? send(signal);
      },
      fail: (message) => this.#error(mirror, "redirect", message),
      onRedirect,
    });
    memory.arrive(url, { origin, first }, response.headers);
    return { response, conditional, place: url.href };
  }

  #headers(mirror: number, requested: Requested, url: URL, sameOrigin: boolean): Headers {
    const { purpose = "part" } = requested;
    const isConditional = purpose === "part" && mayBeConditional(url) &&
      !this.#options.habits.isUnconditional(url.href, this.#now());
    return requestHeaders(requested, {
      given: this.#options.headers,
      authorization: this.#renewals.sourceOf(mirror).authorization,
      sameOrigin,
      ignoreDigests: this.#options.ignoreDigests ?? false,
      condition: isConditional ? this.#memories[mirror]!.ifRange(url.href) : undefined,
    });
  }

  async #fetch(mirror: number, url: URL, init: Init): Promise<Response> {
    const clients = this.#clients.of(mirror);
    // An option that cannot be followed is no fault of the mirror. Most requests are sent at once.
    const preparing = clients.prepare(url);
    if (preparing !== undefined) await preparing;
    try {
      const answer = clients.fetch(url, init, this.#options.fetch);
      // A caller's own `fetch` may ignore the signal.
      return await unlessAborted(answer, init.signal, ({ body }) => discard(body));
    } catch (cause) {
      const memory = this.#memories[mirror]!;
      const remembered = memory.location?.href === url.href;
      // Also after a cancellation: the target may be silent for good, and the mirror know another.
      memory.location = undefined;
      // The client knows only that its relay did not connect.
      const error = clients.connectFailure(url) ?? cause;
      const failure = blameDescriptors(readNetworkFailure(error, this.#options.http));
      const { fault, permanent, proxyRefused } = failure;
      const isOwn = url.origin === new URL(memory.url).origin;
      const redirected = isOwn ? "" : ` (redirected to ${url.host})`;
      const through = throughProxy(this.#options.proxy) + redirected + clients.targetText(url);
      throw this.#error(mirror, "network", networkProblem(failure, through), {
        fault,
        // A mirror that has answered before may do so again, unless it may not be asked at all.
        retryable: fault !== "forbidden" && fault !== "port" &&
          (memory.answered || remembered || !permanent),
        proxyRefused,
        cause,
      });
    }
  }

  #error(
    mirror: number,
    reason: FailureReason,
    message: string,
    facts: Partial<MirrorErrorOptions> = {},
  ): MirrorError {
    const { url } = this.#mirrors[mirror]!;
    return new MirrorError(message, {
      mirror: url,
      reason,
      phase: this.#memories[mirror]!.answered ? "headers" : "connect",
      retryable: false,
      ...facts,
    });
  }
}

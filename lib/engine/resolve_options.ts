/**
 * Options are resolved once, at the door, into one fully required type. Nothing inside asks "is it
 * set?" again.
 *
 * @module
 */

import { type DelayRequest, DelayRequestAlgorithm } from "../policy/delay.ts";
import { DuplicateRequestAlgorithm, duplicateRequests } from "../policy/duplicate.ts";
import { type MirrorSource, parseMirrorUrl, parseMirrorUrls } from "../http/mirror_url.ts";
import { parseProxyUrl, type ProxySource } from "../http/proxy_url.ts";
import { OptionRangeError, OptionTypeError } from "../errors.ts";
import type { TraceEvent } from "../trace/events.ts";
import type { KnownFile } from "./file_info.ts";
import type { LowestRate, ResolvedLowestRate } from "../scheduler/lowest_rate.ts";
import { MOST_CONNECTIONS } from "../scheduler/mirror.ts";
import { MirrorBook } from "./mirror_book.ts";
import type { DownloaderOptions, HttpVersion } from "./options.ts";
import type { PolicySettings } from "../policy/policies.ts";
import type { RetryOptions } from "../scheduler/failures.ts";

/** Options with every default filled in. */
export interface ResolvedOptions {
  readonly mirrors: readonly MirrorSource[];
  /** What the user should know of the options. */
  readonly notes: readonly string[];
  readonly splitSize: number;
  readonly delayRequest: DelayRequestAlgorithm | DelayRequest;
  readonly policySettings: PolicySettings;
  readonly closeBadConnections: boolean;
  readonly maxConnectionsPerMirror: number | "auto";
  readonly book: MirrorBook | undefined;
  readonly windowSize: number;
  readonly maxRate: number;
  readonly lowestRate: ResolvedLowestRate | undefined;
  readonly start: number;
  readonly end: number | undefined;
  readonly knownFile: KnownFile | undefined;
  readonly headers: Headers;
  readonly http: HttpVersion;
  readonly caCerts: readonly string[];
  readonly proxy: ProxySource | undefined;
  readonly retry: Required<RetryOptions>;
  readonly connectTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly stallTimeoutMs: number;
  readonly maxRedirects: number;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal | undefined;
  readonly onEvent: (event: TraceEvent) => void;
  readonly trace: boolean;
}

/** The largest value that a count may have: beyond it, somebody mistyped. */
const MANY = 1_000_000;
/** The longest wait, in milliseconds: a day. */
const LONG_MS = 86_400_000;

/** Headers that belong to the engine. */
const RESERVED = ["range", "if-range", "accept-encoding", "host", "content-length"];

/** Fills in defaults and refuses what cannot be meant. */
export function resolveOptions(
  urls: readonly (string | URL)[],
  options: DownloaderOptions = {},
): ResolvedOptions {
  const { mirrors, repeated } = parseMirrorUrls(urls);
  const windowSize = resolveWindowSize(options.windowSize);
  const maxRate = resolveMaxRate(options.maxRate);
  const { delayRequest = defaultDelay(options), duplicateRequest = "nibib" } = options;
  const inTime = delayRequest === "adaptive" ? Infinity : Math.max(1000, Math.ceil(maxRate / 10));
  const byDefault = Math.min(1_000_000, Math.floor(windowSize / 2), inTime);
  const splitSize = whole("splitSize", options.splitSize ?? byDefault, 1000);
  if (windowSize < 2 * splitSize) {
    throw new OptionRangeError(
      "windowSize",
      `is ${windowSize}, but must be at least twice the block size of ${splitSize}`,
    );
  }
  const { start = 0, end } = options.range ?? {};
  whole("range.start", start, 0);
  if (end !== undefined) whole("range.end", end, start + 1);
  const coefficient = options.initialDelayCoefficient ?? 10;
  const policySettings: PolicySettings = {
    initialDelay: options.initialDelay ?? true,
    initialDelayCoefficient: number("initialDelayCoefficient", coefficient, 0, MANY),
    staticDelays: resolveStaticDelays(options.staticDelays ?? {}, mirrors),
    splitSize,
    windowSize,
    duplicate: typeof duplicateRequest === "function"
      ? duplicateRequest
      : duplicateRequests[named("duplicateRequest", DuplicateRequestAlgorithm, duplicateRequest)],
    invalidBlockThreshold: whole(
      "invalidBlockThreshold",
      options.invalidBlockThreshold ?? 20,
      0,
      MANY,
    ),
    maxBlocksPerRequest: whole("maxBlocksPerRequest", options.maxBlocksPerRequest ?? 16, 1, MANY),
  };
  const time = (name: TimeoutName, byDefault: number) =>
    whole(name, options[name] ?? byDefault, 1, LONG_MS);
  return {
    mirrors,
    notes: repeated.map((url) => `${url} was given more than once; it counts as one mirror`),
    splitSize,
    windowSize,
    maxRate,
    lowestRate: resolveLowestRate(options.lowestRate),
    start,
    end,
    delayRequest: typeof delayRequest === "function"
      ? delayRequest
      : named("delayRequest", DelayRequestAlgorithm, delayRequest),
    policySettings,
    closeBadConnections: options.closeBadConnections ?? false,
    maxConnectionsPerMirror: resolveConnections(options.maxConnectionsPerMirror),
    book: resolveBook(options.book),
    knownFile: resolveKnownFile(options.knownFile, mirrors),
    headers: resolveHeaders(options.headers),
    http: named("http", { A: "auto", B: "http1", C: "http2" } as const, options.http ?? "auto"),
    caCerts: options.caCerts ?? [],
    proxy: options.proxy === undefined ? undefined : parseProxyUrl(options.proxy),
    retry: resolveRetry(options.retry),
    connectTimeoutMs: time("connectTimeoutMs", 10_000),
    headersTimeoutMs: time("headersTimeoutMs", 10_000),
    idleTimeoutMs: time("idleTimeoutMs", 10_000),
    stallTimeoutMs: time("stallTimeoutMs", 1000),
    maxRedirects: whole("maxRedirects", options.maxRedirects ?? 10, 0, 100),
    fetch: options.fetch ?? globalThis.fetch,
    signal: options.signal,
    onEvent: options.onEvent ?? (() => {}),
    trace: options.trace ?? false,
  };
}

type TimeoutName = "connectTimeoutMs" | "headersTimeoutMs" | "idleTimeoutMs" | "stallTimeoutMs";

/** Resolves the most bytes that are held ahead of the consumer. */
export function resolveWindowSize(windowSize = 32 * 1024 * 1024): number {
  return whole("windowSize", windowSize, 2000);
}

/** Resolves the greatest rate, in bytes per second; `Infinity` for none. */
export function resolveMaxRate(maxRate: number = Infinity): number {
  return number("maxRate", maxRate, 1, Infinity);
}

function resolveLowestRate(lowest: LowestRate | undefined): ResolvedLowestRate | undefined {
  if (lowest === undefined) return undefined;
  const { bytesPerSecond, periodMs = 30_000 } = lowest;
  return {
    bytesPerSecond: number("lowestRate.bytesPerSecond", bytesPerSecond, 0, Number.MAX_SAFE_INTEGER),
    periodMs: number("lowestRate.periodMs", periodMs, 1000, LONG_MS),
  };
}

function resolveRetry(retry: RetryOptions = {}): Required<RetryOptions> {
  return {
    attempts: whole("retry.attempts", retry.attempts ?? 5, 1, MANY),
    minDelayMs: number("retry.minDelayMs", retry.minDelayMs ?? 250, 0, LONG_MS),
    maxDelayMs: number("retry.maxDelayMs", retry.maxDelayMs ?? 10_000, 0, LONG_MS),
    jitter: number("retry.jitter", retry.jitter ?? 0.5, 0, 1),
    maxRetryAfterMs: number("retry.maxRetryAfterMs", retry.maxRetryAfterMs ?? 120_000, 0, LONG_MS),
    maxTimeMs: number("retry.maxTimeMs", retry.maxTimeMs ?? Infinity, 0, Infinity),
  };
}

function resolveStaticDelays(
  delays: Readonly<Record<string, number>>,
  mirrors: readonly MirrorSource[],
): ReadonlyMap<string, number> {
  const resolved = new Map<string, number>();
  for (const [text, blocks] of Object.entries(delays)) {
    const { url } = parseMirrorUrl(text);
    if (!mirrors.some((mirror) => mirror.url === url)) {
      const known = mirrors.map((mirror) => mirror.url).join(", ");
      throw new OptionRangeError("staticDelays", `names ${url}, but the mirrors are: ${known}`);
    }
    resolved.set(url, whole("staticDelays", blocks, 0, MANY, `of ${url} `));
  }
  return resolved;
}

function resolveBook(book: MirrorBook | undefined): MirrorBook | undefined {
  if (book === undefined || book instanceof MirrorBook) return book;
  throw new OptionTypeError("book", `is of type ${typeof book}, but must be a MirrorBook`);
}

/** What only the original's algorithms have asks for one of them. */
function defaultDelay(options: DownloaderOptions): DelayRequestAlgorithm {
  const { initialDelay, initialDelayCoefficient, duplicateRequest } = options;
  const { invalidBlockThreshold, closeBadConnections } = options;
  const original = [initialDelay, initialDelayCoefficient, duplicateRequest, invalidBlockThreshold];
  return [...original, closeBadConnections].some((option) => option !== undefined)
    ? "diff"
    : "adaptive";
}

function resolveConnections(connections: number | "auto" = 2): number | "auto" {
  if (connections === "auto") return connections;
  return whole("maxConnectionsPerMirror", connections, 1, MOST_CONNECTIONS);
}

/** What is known of other mirrors only is of no use. */
function resolveKnownFile(
  file: KnownFile | undefined,
  mirrors: readonly MirrorSource[],
): KnownFile | undefined {
  const named = file?.mirrors.some(({ url }) => mirrors.some((mirror) => mirror.url === url));
  return named ? file : undefined;
}

function resolveHeaders(init: HeadersInit | undefined): Headers {
  const headers = new Headers(init);
  for (const name of RESERVED) {
    if (headers.has(name)) {
      throw new OptionTypeError("headers", `has "${name}", which is set for each request anew`);
    }
  }
  return headers;
}

function named<Name extends string>(
  option: string,
  names: Readonly<Record<string, Name>>,
  value: string,
): Name {
  const all = Object.values(names);
  const found = all.find((name) => name === value);
  if (found === undefined) {
    throw new OptionTypeError(option, `is "${value}", but must be one of ${all.join(", ")}`);
  }
  return found;
}

/** Checks a whole number; `of` says in messages what it is the option's value for. */
function whole(
  option: string,
  value: number,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
  of = "",
): number {
  if (!Number.isInteger(value)) {
    throw new OptionTypeError(option, `${of}is ${value}, but must be a whole number`);
  }
  return number(option, value, least, most, of);
}

function number(option: string, value: number, least: number, most: number, of = ""): number {
  if (!(value >= least && value <= most)) {
    throw new OptionRangeError(option, `${of}is ${value}, but must be from ${least} to ${most}`);
  }
  return value;
}

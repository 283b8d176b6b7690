/**
 * The options of a download: resolved once, at the door, into one fully required type. Nothing
 * inside asks "is it set?" again.
 *
 * @module
 */

import { type DelayRequest, DelayRequestAlgorithm } from "../algorithms/delay.ts";
import {
  type DuplicateRequest,
  DuplicateRequestAlgorithm,
  duplicateRequests,
} from "../algorithms/duplicate.ts";
import type { TraceEvent } from "../trace/events.ts";
import { type MirrorSource, parseMirrorUrl, parseMirrorUrls } from "../http/mirror_url.ts";
import type { PolicySettings } from "./policies.ts";
import type { RetryOptions } from "./retry.ts";

/** Which versions of HTTP are spoken: `auto` takes HTTP/2 where a server offers it over TLS. */
export type HttpVersion = "auto" | "http1" | "http2";

/** A part of the file. */
export interface ByteRange {
  /**
   * First byte.
   *
   * @default {0}
   */
  start?: number;
  /**
   * The byte behind the last one.
   *
   * @default {the end of the file}
   */
  end?: number;
}

/** Options of a {@linkcode Downloader}. */
export interface DownloaderOptions {
  /**
   * The unit of splitting, in bytes; from 1000 up.
   *
   * @default {1_000_000}
   */
  splitSize?: number;
  /**
   * Which block a mirror asks for next: an algorithm's name, or a function of your own.
   *
   * @default {"diff"}
   */
  delayRequest?: DelayRequestAlgorithm | DelayRequest;
  /**
   * Blocks of delay by mirror URL, for `delayRequest: "static"`; 0 for mirrors not named.
   *
   * @default {{}}
   */
  staticDelays?: Readonly<Record<string, number>>;
  /**
   * Whether `diff` places a mirror's first request by its response time.
   *
   * @default {true}
   */
  initialDelay?: boolean;
  /**
   * Blocks of initial delay for each multiple of the shortest response time; below 1 counts as 1.
   *
   * @default {10}
   */
  initialDelayCoefficient?: number;
  /**
   * When the block that holds up the front is asked for again: an algorithm's name, or a function
   * of your own.
   *
   * @default {"nibib"}
   */
  duplicateRequest?: DuplicateRequestAlgorithm | DuplicateRequest;
  /**
   * Threshold of the duplicate request algorithm, in blocks; `nibib` raises it to 20.
   *
   * @default {20}
   */
  invalidBlockThreshold?: number;
  /**
   * Whether a mirror whose block had to be asked for again is closed.
   *
   * @default {false}
   */
  closeBadConnections?: boolean;
  /**
   * The most neighbouring blocks asked for in one request. More than one is asked for only where a
   * block takes a few milliseconds, so that the cost of a request would outweigh it. 1 keeps every
   * request to one block.
   *
   * @default {16}
   */
  maxBlocksPerRequest?: number;
  /**
   * The most requests that one mirror has under way at once, from 1 to 16; `adaptive` only, the
   * others never have more than one. With 2, the second takes over when the first ends, so that the
   * link is never idle; with more, all but one are kept busy.
   *
   * @default {2}
   */
  maxConnectionsPerMirror?: number;
  /**
   * The most bytes held, and asked for, ahead of the consumer; at least twice `splitSize`. Mirrors
   * work side by side only where it has room for a few blocks of each.
   *
   * @default {32 MiB}
   */
  windowSize?: number;
  /**
   * The part of the file that is wanted.
   *
   * @default {the whole file}
   */
  range?: ByteRange;
  /**
   * Headers sent with every request. `Authorization` and `Cookie` are not sent on to another origin
   * by a redirect.
   *
   * @default {{}}
   */
  headers?: HeadersInit;
  /**
   * Which versions of HTTP are spoken.
   *
   * @default {"auto"}
   */
  http?: HttpVersion;
  /**
   * Certificates of authorities to trust besides the usual ones, in PEM format.
   *
   * @default {[]}
   */
  caCerts?: readonly string[];
  /** How failures of a mirror are met. */
  retry?: RetryOptions;
  /**
   * How long a mirror's first answer may take, connecting included, in milliseconds.
   *
   * @default {10_000}
   */
  connectTimeoutMs?: number;
  /**
   * How long the headers of a later answer may take, in milliseconds.
   *
   * @default {10_000}
   */
  headersTimeoutMs?: number;
  /**
   * How long a body may be silent, in milliseconds.
   *
   * @default {10_000}
   */
  idleTimeoutMs?: number;
  /**
   * How long a mirror that holds up the front may be silent while another could help, in
   * milliseconds; at least 8 times what its first answer took.
   *
   * @default {1000}
   */
  stallTimeoutMs?: number;
  /**
   * The most redirects that are followed for one request.
   *
   * @default {10}
   */
  maxRedirects?: number;
  /**
   * What sends the requests.
   *
   * @default {globalThis.fetch}
   */
  fetch?: typeof fetch;
  /** Ends the download when it aborts. */
  signal?: AbortSignal;
  /** Is called with everything that the download tells of itself. */
  onEvent?: (event: TraceEvent) => void;
  /**
   * Whether send and receive events are kept for {@linkcode Downloader.trace}.
   *
   * @default {false}
   */
  trace?: boolean;
}

/** Options with every default filled in. */
export interface ResolvedOptions {
  readonly mirrors: readonly MirrorSource[];
  /** What the user should know of the options. */
  readonly notes: readonly string[];
  readonly splitSize: number;
  readonly delayRequest: DelayRequestAlgorithm | DelayRequest;
  readonly policySettings: PolicySettings;
  readonly closeBadConnections: boolean;
  readonly maxConnectionsPerMirror: number;
  readonly windowSize: number;
  readonly start: number;
  readonly end: number | undefined;
  readonly headers: Headers;
  readonly http: HttpVersion;
  readonly caCerts: readonly string[];
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
/** More connections than this to one server are rude. */
const MOST_CONNECTIONS = 16;

/** Headers that belong to the engine. */
const RESERVED = ["range", "if-range", "accept-encoding", "host", "content-length"];

/** Fills in defaults and refuses what cannot be meant. */
export function resolveOptions(
  urls: readonly (string | URL)[],
  options: DownloaderOptions = {},
): ResolvedOptions {
  const { mirrors, repeated } = parseMirrorUrls(urls);
  const splitSize = whole("splitSize", options.splitSize ?? 1_000_000, 1000);
  const windowSize = whole("windowSize", options.windowSize ?? 32 * 1024 * 1024, 2000);
  if (windowSize < 2 * splitSize) {
    throw new RangeError(
      `windowSize is ${windowSize}, but must be at least twice splitSize (${splitSize})`,
    );
  }
  const { start = 0, end } = options.range ?? {};
  whole("range.start", start, 0);
  if (end !== undefined) whole("range.end", end, start + 1);
  const coefficient = options.initialDelayCoefficient ?? 10;
  const { delayRequest = "diff", duplicateRequest = "nibib" } = options;
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
    start,
    end,
    delayRequest: typeof delayRequest === "function"
      ? delayRequest
      : named("delayRequest", DelayRequestAlgorithm, delayRequest),
    policySettings,
    closeBadConnections: options.closeBadConnections ?? false,
    maxConnectionsPerMirror: whole(
      "maxConnectionsPerMirror",
      options.maxConnectionsPerMirror ?? 2,
      1,
      MOST_CONNECTIONS,
    ),
    headers: resolveHeaders(options.headers),
    http: named("http", { A: "auto", B: "http1", C: "http2" } as const, options.http ?? "auto"),
    caCerts: options.caCerts ?? [],
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

function resolveRetry(retry: RetryOptions = {}): Required<RetryOptions> {
  return {
    attempts: whole("retry.attempts", retry.attempts ?? 5, 1, MANY),
    minDelayMs: number("retry.minDelayMs", retry.minDelayMs ?? 250, 0, LONG_MS),
    maxDelayMs: number("retry.maxDelayMs", retry.maxDelayMs ?? 10_000, 0, LONG_MS),
    jitter: number("retry.jitter", retry.jitter ?? 0.5, 0, 1),
    maxRetryAfterMs: number("retry.maxRetryAfterMs", retry.maxRetryAfterMs ?? 120_000, 0, LONG_MS),
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
      throw new RangeError(`staticDelays names ${url}, which is none of the mirrors: ${known}`);
    }
    resolved.set(url, whole(`staticDelays of ${url}`, blocks, 0, MANY));
  }
  return resolved;
}

function resolveHeaders(init: HeadersInit | undefined): Headers {
  const headers = new Headers(init);
  for (const name of RESERVED) {
    if (headers.has(name)) {
      throw new TypeError(`headers has "${name}", which is set for each request anew`);
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
    throw new TypeError(`${option} is "${value}", but must be one of ${all.join(", ")}`);
  }
  return found;
}

function whole(option: string, value: number, least: number, most = Number.MAX_SAFE_INTEGER) {
  if (!Number.isInteger(value)) {
    throw new TypeError(`${option} is ${value}, but must be a whole number`);
  }
  return number(option, value, least, most);
}

function number(option: string, value: number, least: number, most: number): number {
  if (!(value >= least && value <= most)) {
    throw new RangeError(`${option} is ${value}, but must be from ${least} to ${most}`);
  }
  return value;
}

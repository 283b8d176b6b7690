/**
 * Resolves the options of a download once: fills in defaults, checks every value, and refuses what
 * the chosen algorithm does not use. Nothing inside the engine asks again whether an option is set.
 *
 * @module
 */

import { OptionRangeError, UnusedOptionError } from "../../option_errors.ts";
import type { ConnectRules } from "../../http/address/connect_rules.ts";
import {
  type MirrorSource,
  parseMirrorUrl,
  parseMirrorUrls,
} from "../../http/address/mirror_url.ts";
import type { Hashes } from "../../http/hashes.ts";
import type { MirrorHabits } from "../../http/mirror_habits.ts";
import { PROOF_LEVELS, type ProofLevel } from "../../http/proof.ts";
import { requestedUrl } from "../../http/address/named_address.ts";
import type { ProxySource } from "../../http/address/proxy_url.ts";
import { DelayRequestAlgorithm } from "../../policy/delay.ts";
import {
  type DuplicateRequest,
  DuplicateRequestAlgorithm,
  duplicateRequests,
} from "../../policy/duplicate.ts";
import type { PolicySettings } from "../../policy/policies.ts";
import type { ResolvedRetry, RetryOptions } from "../../scheduler/failure/retries.ts";
import type { LowestRate, ResolvedLowestRate } from "../../scheduler/failure/speeds.ts";
import type { HostLimits } from "../../scheduler/host/host_limits.ts";
import { MOST_CONNECTIONS } from "../../scheduler/mirror/lanes.ts";
import type { ClientCertificate } from "../../transport/connections/http_clients.ts";
import { callable, instance, list, number, oneOf, record, text, whole } from "../../checks.ts";
import { checkHashes, checkKnownFile, type KnownFile } from "../memory/known_file.ts";
import { checkKnownPiece, type KnownPiece } from "../memory/known_pieces.ts";
import { MirrorBook } from "../memory/mirror_book.ts";
import { processHabits, processHosts } from "../memory/shared.ts";
import {
  resolveCertificate,
  resolveConnect,
  resolveEachAddress,
  resolveHeaders,
  resolveProxy,
  resolveText,
} from "./connection_options.ts";
import { refuseDenoOnly } from "./deno_only.ts";
import { type PieceDigests, resolvePieces } from "./expected_pieces.ts";
import type { DownloaderOptions } from "./options.ts";
import { resolveSizes } from "./sizes.ts";

/** Options that are passed on as they are, or with their default. */
type Plain =
  | ("splitSize" | "windowSize" | "maxRate" | "delayRequest" | "closeBadConnections")
  | ("maxConnectionsPerMirror" | "http" | "caCerts" | "maxIdleMs" | "recordOrigins")
  | ("stallTimeoutMs" | "maxRedirects" | "fetch" | "onEvent" | "trace" | "deliverAfter");

/** Options with every default filled in. */
export interface ResolvedOptions
  extends Readonly<{ [Name in Plain]-?: Exclude<DownloaderOptions[Name], undefined> }> {
  readonly mirrors: readonly MirrorSource[];
  /** Messages about the options, for the user. */
  readonly notes: readonly string[];
  readonly policySettings: PolicySettings;
  /** The most bytes to which the window may grow. */
  readonly mostWindowSize: number;
  readonly book: MirrorBook | undefined;
  readonly lowestRate: ResolvedLowestRate | undefined;
  readonly start: number;
  readonly end: number | undefined;
  readonly knownFile: KnownFile | undefined;
  /** The same where it is known of other mirrors only, which may be added. */
  readonly givenFile: KnownFile | undefined;
  readonly allowHtml: boolean;
  readonly expectedName: string | undefined;
  readonly expectedSize: number | undefined;
  readonly expectedHashes: Hashes;
  readonly verifyHash: boolean;
  readonly ignoreDigests: boolean;
  readonly requireProof: ProofLevel;
  readonly expectedPieces: PieceDigests | undefined;
  readonly knownPieces: readonly KnownPiece[];
  readonly headers: Headers;
  readonly proxy: ProxySource | false | undefined;
  readonly noProxy: string | undefined;
  readonly clientCertificate: ClientCertificate | undefined;
  readonly connect: ConnectRules;
  /** Whether names are to be looked up, so that each address is a mirror of its own. */
  readonly eachAddress: boolean;
  /** Maximum number of concurrent requests to each mirror that is an address, in the order of the mirrors. */
  readonly connections: readonly (number | undefined)[] | undefined;
  readonly retry: ResolvedRetry;
  /** What the hosts of all downloads take at once. */
  readonly hosts: HostLimits;
  /** How mirrors are to be requested. */
  readonly habits: MirrorHabits;
  readonly connectTimeoutMs: number | undefined;
  readonly headersTimeoutMs: number | undefined;
  readonly idleTimeoutMs: number | undefined;
  readonly refresh: DownloaderOptions["refresh"];
  readonly signal: AbortSignal | undefined;
}

type Timeouts = Pick<
  ResolvedOptions,
  "connectTimeoutMs" | "headersTimeoutMs" | "idleTimeoutMs" | "maxIdleMs" | "stallTimeoutMs"
>;

/** Maximum of all counts; a larger one is a typing error. */
const MANY = 1_000_000;
/** Maximum of all times: a day, in milliseconds. */
const LONG_MS = 86_400_000;

/** Fills in defaults and checks every value. */
export function resolveOptions(
  urls: readonly (string | URL)[],
  options: DownloaderOptions = {},
): ResolvedOptions {
  record("options", options);
  refuseDenoOnly(options);
  const { mirrors, repeated } = parseMirrorUrls(urls);
  const maxRate = resolveMaxRate(options.maxRate);
  const delayRequest = algorithm("delayRequest", options.delayRequest, DelayRequestAlgorithm) ??
    "adaptive";
  const duplicateRequest =
    algorithm("duplicateRequest", options.duplicateRequest, DuplicateRequestAlgorithm) ?? "nibib";
  const { start, end } = resolveRange(options.range);
  const expectedSize = options.expectedSize === undefined
    ? undefined
    : whole("expectedSize", options.expectedSize, 0);
  const expectedPieces = resolvePieces(options.expectedPieces, { expectedSize, start, end });
  const pieceLength = expectedPieces?.length ?? 0;
  const chosen = { isAdaptive: delayRequest === "adaptive", maxRate, pieceLength };
  const { splitSize, windowSize, mostWindowSize } = resolveSizes(options, chosen);
  const eachAddress = resolveEachAddress(options.eachAddress, options.proxy);
  const givenFile = options.knownFile && checkKnownFile(options.knownFile);
  const resolved: ResolvedOptions = {
    mirrors,
    notes: repeated.map((url) => `${url} was given more than once; it counts as one mirror`),
    splitSize,
    windowSize,
    mostWindowSize,
    maxRate,
    lowestRate: resolveLowestRate(options.lowestRate),
    start,
    end,
    delayRequest,
    policySettings: resolvePolicy(options, { duplicateRequest, mirrors, splitSize }),
    closeBadConnections: options.closeBadConnections ?? false,
    maxConnectionsPerMirror: resolveConnections(options.maxConnectionsPerMirror),
    book: instance("book", options.book, MirrorBook),
    knownFile: knownOf(givenFile, mirrors, eachAddress ? requestedUrl : undefined),
    givenFile,
    deliverAfter: oneOf("deliverAfter", options.deliverAfter ?? "agreement", DELIVER_AFTER),
    allowHtml: options.allowHtml ?? false,
    expectedName: resolveText("expectedName", options.expectedName),
    expectedSize,
    expectedPieces,
    expectedHashes: checkHashes("expectedHashes", options.expectedHashes ?? {}),
    verifyHash: options.verifyHash ?? true,
    ignoreDigests: options.ignoreDigests ?? false,
    requireProof: oneOf("requireProof", options.requireProof ?? "size", PROOF_LEVELS),
    // Digests of all pieces prove more than some known ones.
    knownPieces: expectedPieces !== undefined
      ? []
      : list("knownPieces", options.knownPieces ?? [], checkKnownPiece),
    headers: resolveHeaders(options.headers, options.http),
    http: oneOf("http", options.http ?? "auto", ["auto", "http1", "http2"]),
    caCerts: list("caCerts", options.caCerts ?? [], text),
    proxy: resolveProxy(options.proxy),
    noProxy: resolveText("noProxy", options.noProxy),
    clientCertificate: resolveCertificate(options.clientCertificate),
    connect: resolveConnect(options.connect, options.proxy),
    eachAddress,
    connections: undefined,
    retry: resolveRetry(options.retry),
    hosts: processHosts,
    habits: processHabits,
    ...resolveTimeouts(options),
    maxRedirects: whole("maxRedirects", options.maxRedirects ?? 50, 0, 100),
    fetch: callable("fetch", options.fetch) ?? globalThis.fetch,
    refresh: callable("refresh", options.refresh),
    signal: instance("signal", options.signal, AbortSignal),
    onEvent: callable("onEvent", options.onEvent) ?? (() => {}),
    trace: options.trace ?? false,
    recordOrigins: options.recordOrigins ?? false,
  };
  refuseUnused(resolved, duplicateRequest);
  return resolved;
}

/** Resolves what the algorithms but `adaptive` are set to. */
function resolvePolicy(
  options: DownloaderOptions,
  { duplicateRequest, mirrors, splitSize }: {
    readonly duplicateRequest: DuplicateRequestAlgorithm | DuplicateRequest;
    readonly mirrors: readonly MirrorSource[];
    readonly splitSize: number;
  },
): PolicySettings {
  const coefficient = options.initialDelayCoefficient ?? 10;
  const count = (name: string, value: number | undefined, byDefault: number, least: number) =>
    whole(name, value ?? byDefault, least, MANY);
  return {
    initialDelay: options.initialDelay ?? true,
    initialDelayCoefficient: number("initialDelayCoefficient", coefficient, 0, MANY),
    staticDelays: resolveStaticDelays(options.staticDelays ?? {}, mirrors),
    splitSize,
    duplicate: typeof duplicateRequest === "function"
      ? duplicateRequest
      : duplicateRequests[duplicateRequest],
    invalidBlockThreshold: count("invalidBlockThreshold", options.invalidBlockThreshold, 20, 0),
    maxBlocksPerRequest: count("maxBlocksPerRequest", options.maxBlocksPerRequest, 16, 1),
  };
}

/** Resolves how long to wait for mirrors; `undefined` leaves it to the others. */
function resolveTimeouts(options: DownloaderOptions): Timeouts {
  const time = (name: keyof Timeouts) =>
    options[name] === undefined ? undefined : whole(name, options[name], 1, LONG_MS);
  return {
    connectTimeoutMs: time("connectTimeoutMs"),
    headersTimeoutMs: time("headersTimeoutMs"),
    idleTimeoutMs: time("idleTimeoutMs"),
    maxIdleMs: whole("maxIdleMs", options.maxIdleMs ?? 60_000, 1, LONG_MS),
    stallTimeoutMs: whole("stallTimeoutMs", options.stallTimeoutMs ?? 1000, 1, LONG_MS),
  };
}

/** Refuses each option that the chosen algorithms do not use, unless it has its default value. */
function refuseUnused(resolved: ResolvedOptions, duplicateRequest: unknown): void {
  const { delayRequest, policySettings, closeBadConnections } = resolved;
  const { staticDelays, initialDelay, initialDelayCoefficient } = policySettings;
  const { duplicate, invalidBlockThreshold, maxBlocksPerRequest } = policySettings;
  const adaptive = delayRequest === "adaptive";
  const diff = delayRequest === "diff";
  const threshold = invalidBlockThreshold === 20;
  let selector = "delayRequest";
  let chosen = typeof delayRequest === "function" ? "a function" : delayRequest as string;
  const refuse = (option: string, isDefault: boolean, isUsed: boolean, usedBy: string) => {
    if (!isDefault && !isUsed) throw new UnusedOptionError(option, selector, chosen, usedBy);
  };
  refuse("staticDelays", staticDelays.size === 0, delayRequest === "static", "static");
  refuse("initialDelay", initialDelay, diff, "diff");
  refuse("initialDelayCoefficient", initialDelayCoefficient === 10, diff, "diff");
  refuse("duplicateRequest", duplicate === duplicateRequests.nibib, !adaptive, "diff");
  refuse("invalidBlockThreshold", threshold, !adaptive, "diff");
  refuse("closeBadConnections", !closeBadConnections, !adaptive, "diff");
  refuse("maxBlocksPerRequest", maxBlocksPerRequest === 16, !adaptive, "diff");
  refuse(
    "maxConnectionsPerMirror",
    resolved.maxConnectionsPerMirror === DEFAULT_CONNECTIONS,
    adaptive,
    "adaptive",
  );
  [selector, chosen] = ["duplicateRequest", "none"];
  refuse("invalidBlockThreshold", threshold, duplicateRequest !== "none", "nibib");
  refuse("closeBadConnections", !closeBadConnections, duplicateRequest !== "none", "nibib");
}

/** Returns an algorithm: a function as it is, or one of `names`. */
function algorithm<Name extends string, Own>(
  option: string,
  value: Name | Own | undefined,
  names: Readonly<Record<string, Name>>,
): Name | Own | undefined {
  if (value === undefined || typeof value === "function") return value;
  return oneOf(option, value, Object.values(names));
}

/** Resolves the maximum rate, in bytes per second; `Infinity` for no limit. */
export function resolveMaxRate(maxRate: number = Infinity): number {
  return number("maxRate", maxRate, 1, Infinity);
}

function resolveRange(range: DownloaderOptions["range"]): Pick<ResolvedOptions, "start" | "end"> {
  const { start = 0, end } = record("range", range ?? {});
  const first = whole("range.start", start, 0);
  return { start: first, end: end === undefined ? end : whole("range.end", end, first + 1) };
}

function resolveLowestRate(lowest: LowestRate | undefined): ResolvedLowestRate | undefined {
  if (lowest === undefined) return undefined;
  const { bytesPerSecond, periodMs = 30_000 } = record("lowestRate", lowest);
  return {
    bytesPerSecond: number("lowestRate.bytesPerSecond", bytesPerSecond, 0, Number.MAX_SAFE_INTEGER),
    periodMs: number("lowestRate.periodMs", periodMs, 1000, LONG_MS),
  };
}

function resolveRetry(retry: RetryOptions = {}): ResolvedRetry {
  record("retry", retry);
  return {
    attempts: whole("retry.attempts", retry.attempts ?? 5, 1, MANY),
    minDelayMs: number("retry.minDelayMs", retry.minDelayMs ?? 250, 0, LONG_MS),
    maxDelayMs: number("retry.maxDelayMs", retry.maxDelayMs ?? 10_000, 0, LONG_MS),
    jitter: number("retry.jitter", retry.jitter ?? 0.5, 0, 1),
    maxRetryAfterMs: number(
      "retry.maxRetryAfterMs",
      retry.maxRetryAfterMs ?? 3_600_000,
      0,
      LONG_MS,
    ),
    maxTurnMs: number("retry.maxTurnMs", retry.maxTurnMs ?? Infinity, 0, Infinity),
    maxQuietMs: number("retry.maxQuietMs", retry.maxQuietMs ?? Infinity, 0, Infinity),
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
      const problem = `names ${url}, but the mirrors are: ${known}`;
      throw new OptionRangeError("staticDelays", problem);
    }
    resolved.set(url, whole("staticDelays", blocks, 0, MANY, `of ${url} `));
  }
  return resolved;
}

const DEFAULT_CONNECTIONS = 8;

const DELIVER_AFTER = ["agreement", "first-answer"] as const;

function resolveConnections(connections: number | "auto" = DEFAULT_CONNECTIONS): number | "auto" {
  if (connections === "auto") return connections;
  return whole("maxConnectionsPerMirror", connections, 1, MOST_CONNECTIONS);
}

/** Returns the options of a download from these mirrors instead. */
export function withMirrors(
  options: ResolvedOptions,
  mirrors: readonly MirrorSource[],
): ResolvedOptions {
  const { givenFile, eachAddress } = options;
  const knownFile = knownOf(givenFile, mirrors, eachAddress ? requestedUrl : undefined);
  return { ...options, mirrors, knownFile };
}

/** Returns what is known of a file, if it is known of one of the mirrors. */
export function knownOf(
  file: KnownFile | undefined,
  mirrors: readonly MirrorSource[],
  nameOf: (url: string) => string = (url) => url,
): KnownFile | undefined {
  const isNamed = file?.mirrors.some(({ url }) =>
    mirrors.some((mirror) => mirror.url === nameOf(url))
  );
  return isNamed ? file : undefined;
}

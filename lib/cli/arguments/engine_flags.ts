/**
 * Parses the flags that set options of the engine. The engine checks the values (see validate.ts).
 *
 * @module
 */

import type { DownloaderOptions } from "../../../mod.ts";
import { usageError } from "../../command_line/command_error.ts";
import type { ParsedFlags } from "../../command_line/flag_parser.ts";
import {
  parseCount,
  parseNumber,
  parseRate,
  parseSeconds,
  parseSize,
  unlessZero,
} from "../../command_line/values.ts";
import { VERSION } from "../../version.ts";
import type { FlagName, RequestFlagName } from "./flags.ts";
import {
  parseConnectTo,
  parseHosts,
  parseInterface,
  parseResolve,
} from "./values/connect_values.ts";
import {
  parseConnections,
  parseCookie,
  parseHeader,
  parseHeaderValue,
  parseProxy,
  parseStaticDelay,
} from "./values/request_values.ts";

type FlagValues = ParsedFlags<FlagName>;

/** The engine's default window. */
const DEFAULT_WINDOW = 32 * 1024 * 1024;

/** The lowest rate if only `--speed-time` is given, as in curl. */
const LEAST_RATE = 1;

/** Options of the engine that say how requests are sent. */
export type RequestOptions = Pick<
  DownloaderOptions,
  "proxy" | "noProxy" | "connect" | "headers" | "http" | "connectTimeoutMs"
>;

/** Parses the flags that say how requests are sent. */
export function requestOptions(values: ParsedFlags<RequestFlagName>): RequestOptions {
  const { has, given } = values;
  if (has("http1.1") && has("http2")) {
    throw usageError("--http1.1 and --http2 cannot be used together");
  }
  const connect = connectOptions(values);
  const proxy = given("proxy", parseProxy);
  if (proxy && connect !== undefined) {
    const flag = TARGET_FLAGS.find((name) => has(name));
    if (flag !== undefined) {
      throw usageError(
        `--${flag} cannot be used with --proxy, which connects to the servers itself`,
      );
    }
  }
  return {
    proxy,
    noProxy: given("noproxy", parseHosts),
    connect,
    headers: headers(values),
    http: has("http1.1") ? "http1" : has("http2") ? "http2" : undefined,
    connectTimeoutMs: given("connect-timeout", unlessZero(parseSeconds)),
  };
}

/** Flags that say where connections lead. */
const TARGET_FLAGS = ["resolve", "connect-to", "ipv4", "ipv6"] as const;

function connectOptions(
  { has, given, each }: ParsedFlags<RequestFlagName>,
): DownloaderOptions["connect"] {
  if (has("ipv4") && has("ipv6")) throw usageError("--ipv4 and --ipv6 cannot be used together");
  const resolve = each("resolve", parseResolve);
  const connectTo = each("connect-to", parseConnectTo);
  const family = has("ipv4") ? 4 : has("ipv6") ? 6 : undefined;
  const localAddress = given("interface", (flag, text) => parseInterface(flag, text, family));
  if (![...TARGET_FLAGS, "interface" as const].some((name) => has(name))) return undefined;
  return {
    resolve: resolve.length > 0 ? Object.fromEntries(resolve) : undefined,
    // The first that fits is used: a place that is given again keeps its position, and its first value.
    connectTo: connectTo.length > 0
      ? Object.fromEntries([...connectTo, ...connectTo.toReversed()])
      : undefined,
    family,
    localAddress,
  };
}

/** Parses all flags that set options of the engine. */
export function engineOptions(values: FlagValues): DownloaderOptions {
  const { has, given, each } = values;
  const splitSize = given("split-size", parseSize);
  const window = given("window", parseSize);
  const staticDelays = each("static-delay", parseStaticDelay);
  const delay = given("delay", asGiven) ?? (staticDelays.length > 0 ? "static" : undefined);
  return {
    splitSize,
    // The window must hold two blocks.
    windowSize: window ??
      (splitSize !== undefined && 2 * splitSize > DEFAULT_WINDOW ? 2 * splitSize : undefined),
    // The engine checks the names of algorithms.
    delayRequest: delay as DownloaderOptions["delayRequest"],
    staticDelays: staticDelays.length > 0 ? Object.fromEntries(staticDelays) : undefined,
    initialDelay: has("no-initial-delay") ? false : undefined,
    initialDelayCoefficient: given("initial-delay-coefficient", parseNumber),
    duplicateRequest: given("duplicate", asGiven) as DownloaderOptions["duplicateRequest"],
    invalidBlockThreshold: given("invalid-block-threshold", parseCount),
    closeBadConnections: has("close-bad-connections") ? true : undefined,
    maxConnectionsPerMirror: given("max-connection-per-server", parseConnections),
    eachAddress: eachAddress(values),
    maxRate: given("limit-rate", unlessZero(parseRate)),
    lowestRate: lowestRate(values),
    deliverAfter: given("deliver-after", asGiven) as DownloaderOptions["deliverAfter"],
    allowHtml: has("allow-html") ? true : undefined,
    requireProof: given("require-proof", asGiven) as DownloaderOptions["requireProof"],
    ignoreDigests: has("ignore-digests") ? true : undefined,
    maxRedirects: given("max-redirs", parseCount),
    ...requestOptions(values),
    maxIdleMs: given("max-idle", parseSeconds),
    retry: retry(values),
  };
}

/** Parses whether each address of a name is a mirror. */
function eachAddress({ has, given }: FlagValues): true | undefined {
  if (!has("each-address")) return undefined;
  if (has("insecure")) throw usageError("--each-address cannot be used with --insecure");
  if (!given("proxy", parseProxy)) return true;
  throw usageError(
    "--each-address cannot be used with --proxy, which connects to the servers itself",
  );
}

/** Parses how failures are retried; a delay that is given is always the same, as in curl. */
function retry({ given }: FlagValues): DownloaderOptions["retry"] {
  const retries = given("retry", parseCount);
  const delayMs = given("retry-delay", unlessZero(parseSeconds));
  const maxTimeMs = given("retry-max-time", unlessZero(parseSeconds));
  if (retries === undefined && delayMs === undefined && maxTimeMs === undefined) return undefined;
  const delay = delayMs === undefined
    ? {}
    : { minDelayMs: delayMs, maxDelayMs: delayMs, jitter: 0 };
  return { attempts: retries === undefined ? undefined : retries + 1, maxTimeMs, ...delay };
}

function lowestRate({ has, given }: FlagValues): DownloaderOptions["lowestRate"] {
  const bytesPerSecond = given("speed-limit", unlessZero(parseRate));
  const periodMs = given("speed-time", parseSeconds);
  const off = has("speed-limit") && bytesPerSecond === undefined;
  if (off || (bytesPerSecond === undefined && periodMs === undefined)) return undefined;
  return { bytesPerSecond: bytesPerSecond ?? LEAST_RATE, periodMs };
}

/** Parses headers: those of `--header`, and those that have flags; one names the program. */
function headers({ given, each }: ParsedFlags<RequestFlagName>): [string, string][] {
  const all = each("header", parseHeader);
  const named = (flag: RequestFlagName, name: string, value: string | undefined) => {
    if (value === undefined) return;
    if (all.some(([other]) => other.toLowerCase() === name.toLowerCase())) {
      throw usageError(`--${flag} and --header "${name}: …" cannot be used together`);
    }
    all.unshift([name, value]);
  };
  named("referer", "Referer", given("referer", parseHeaderValue));
  const agent = given("user-agent", parseHeaderValue);
  const ownAgent = all.some(([name]) => name.toLowerCase() === "user-agent");
  named("user-agent", "User-Agent", agent ?? (ownAgent ? undefined : `sphttp/${VERSION}`));
  const cookies = each("cookie", parseCookie);
  named("cookie", "Cookie", cookies.length > 0 ? cookies.join("; ") : undefined);
  // A request has to have a Host: without a value, it is that of the URL.
  return all.filter(([name, value]) => value !== "" || name.toLowerCase() !== "host");
}

function asGiven(_flag: string, text: string): string {
  return text;
}

/**
 * The options of the proxy, their defaults and their validation. Everything inside the proxy works
 * with {@linkcode ResolvedProxyOptions}, which is complete and valid.
 *
 * @module
 */

import type { DownloaderOptions } from "../../mod.ts";
import { number, oneOf, shown, whole } from "../checks.ts";
import { LEAST_SHARE } from "./capacity/memory_budget.ts";

/** A format of the access log. */
export type AccessLogFormat = "text" | "json";

/** Origins whose pages may read responses: none, all (`*`), or those listed. */
export type CorsOption = undefined | "*" | readonly string[];

/** Options of {@linkcode createHandler}. */
export interface ProxyOptions {
  /**
   * Whether mirrors at private, loopback and other special-purpose addresses are allowed.
   *
   * @default {false}
   */
  allowPrivate?: boolean | undefined;
  /**
   * The only hosts allowed as mirrors: `one.example`, `*.example`, `one.example:8080`, addresses or
   * networks like `10.0.0.0/8`.
   *
   * @default {every public host}
   */
  allowHosts?: readonly string[] | undefined;
  /**
   * The token that clients must send, as `Authorization: Bearer TOKEN`; players that cannot may add
   * `token=TOKEN` to the query of a file. The page exchanges it for a cookie. With at least 16
   * characters, links can be signed with it.
   *
   * @default {none}
   */
  token?: string | undefined;
  /**
   * The names and addresses of the proxy, as clients write them: `proxy.example`, `*.example`,
   * `192.0.2.1`, or networks; `*` for every one. Loopback names are always among them. Requests by
   * another name get a 421, except to `/healthz`. Set it if `allowPrivate` is, or the proxy's address
   * decides who may use it: pages of other sites can send requests by names of their own (DNS
   * rebinding).
   *
   * @default {every name}
   */
  ownHosts?: readonly string[] | undefined;
  /**
   * Maximum number of mirrors in a request.
   *
   * @default {32}
   */
  maxMirrors?: number | undefined;
  /**
   * Maximum number of concurrent downloads; more requests get a 503 with `Retry-After`.
   *
   * @default {128}
   */
  maxDownloads?: number | undefined;
  /**
   * Maximum number of connections to mirrors, those of all downloads of the process together. Downloads
   * wait for one another's; requests that would get too few of them get a 503 with `Retry-After`.
   *
   * @default {as many as the process can open}
   */
  maxMirrorConnections?: number | undefined;
  /**
   * Memory shared by all downloads, in bytes: three eighths for their reorder buffers, the rest for
   * data on its way through connections and responses. Each download gets an equal share of at most
   * 64 MiB. When that would be less than 2 MiB, more requests get a 503 with `Retry-After`.
   *
   * @default {256 MiB}
   */
  memory?: number | undefined;
  /**
   * How long a response goes on, after its first bytes, while no mirror delivers anything, in
   * milliseconds: mirrors may come back while the client waits. As long, before its first bytes too, mirrors
   * are waited for that all refuse requests for the moment; if they say that they will do so for longer, or
   * other responses have waited for them in vain, a 503 with a `Retry-After` comes at once.
   *
   * @default {30_000}
   */
  retryMaxMs?: number | undefined;
  /**
   * A client that takes nothing for this long, in milliseconds, is disconnected when another one would be
   * refused for it; a player resumes by its next request.
   *
   * @default {120_000}
   */
  stallTimeoutMs?: number | undefined;
  /**
   * Origins whose pages may read responses.
   *
   * @default {none}
   */
  cors?: CorsOption | undefined;
  /**
   * How long the result of probing a set of mirrors is used without another probe, in milliseconds.
   *
   * @default {60_000}
   */
  rememberMs?: number | undefined;
  /**
   * Whether files whose mirrors share a `Last-Modified`, but no strong ETag, get an ETag that is good for longer
   * than this process, and the same in another one. Mirrors that copy a file keep its date; but it says little
   * of builds that set all dates to one.
   *
   * @default {false}
   */
  trustDates?: boolean | undefined;
  /**
   * Whether the server of a file, if a client names one mirror of it, is asked for others (`Link` fields with
   * `rel=duplicate` or `rel=describedby`, RFC 6249). They count with a digest of the file or the same
   * strong ETag, and where the client could have named them.
   *
   * @default {false}
   */
  discoverMirrors?: boolean | undefined;
  /**
   * Headers of requests to mirrors, like `Authorization` or `Cookie`, by origin, as in
   * `{ "https://a.example": { authorization: "…" } }`. No other origin gets them, wherever redirects
   * lead. A login in the URL of a mirror takes precedence.
   *
   * @default {none}
   */
  mirrorHeaders?: Readonly<Record<string, HeadersInit>> | undefined;
  /**
   * Whether redirects of mirrors may lead from https to http.
   *
   * @default {false}
   */
  allowDowngrade?: boolean | undefined;
  /**
   * Options of the downloads, like timeouts, `retry`, `caCerts` or `fetch`. Clients choose the mirrors,
   * so `headers` must not contain secrets: those belong in `mirrorHeaders`; and `eachAddress` is
   * refused, as the names that clients are allowed to use are not looked up by the downloads.
   */
  download?:
    | Omit<
      DownloaderOptions,
      | ("range" | "signal" | "knownFile" | "book" | "windowSize" | "trace" | "onEvent")
      | "eachAddress"
    >
    | undefined;
  /**
   * Called with a line of the access log for each completed request.
   *
   * @default {no log}
   */
  log?: ((line: string) => void) | undefined;
  /**
   * The path of the metrics, `false` for none. They name the hosts of the mirrors that clients use: if
   * strangers may use the proxy, serve them elsewhere, by `metrics()` of the handler.
   *
   * @default {"/metrics"}
   */
  metricsPath?: string | false | undefined;
  /**
   * Called with the error behind a 500; the client learns nothing of it.
   *
   * @default {errors are ignored}
   */
  onError?: ((error: unknown) => void) | undefined;
  /**
   * The format of the access log.
   *
   * @default {"text"}
   */
  logFormat?: AccessLogFormat | undefined;
}

type Optional = "allowHosts" | "ownHosts" | "token" | "cors" | "maxMirrorConnections";

/** Complete and valid options. */
export type ResolvedProxyOptions =
  & {
    readonly [Name in Exclude<keyof ProxyOptions, Optional | "mirrorHeaders">]-?: NonNullable<
      ProxyOptions[Name]
    >;
  }
  & { readonly [Name in Optional]: ProxyOptions[Name] }
  & { readonly mirrorHeaders: ReadonlyMap<string, Headers> };

/** Headers of `download` that may go to every mirror, as they say nothing that is secret. */
const HARMLESS = ["user-agent", "accept", "accept-language", "referer", "from", "via"];

/**
 * Validates options and fills in the defaults. {@linkcode AddressPolicy} checks the patterns of
 * `allowHosts`, {@linkcode HostCheck} those of `ownHosts`, and `Downloader` the options of `download`.
 *
 * @throws {TypeError} when an option has the wrong type, is not a whole number, or would send a secret to
 * mirrors that clients choose
 * @throws {RangeError} when a number is too small
 */
export function resolveProxyOptions(options: ProxyOptions): ResolvedProxyOptions {
  const { token } = options;
  // The token is a secret: no message shows it.
  if (token !== undefined && (typeof token !== "string" || token === "")) {
    throw new TypeError("token must be a string that is not empty; leave it out to require none");
  }
  for (const name of new Headers(options.download?.headers).keys()) {
    if (HARMLESS.includes(name)) continue;
    throw new TypeError(
      `download.headers has "${name}", which would go to every mirror that a client names; say in ` +
        "mirrorHeaders which origins it is for",
    );
  }
  if ((options.download as DownloaderOptions | undefined)?.eachAddress) {
    throw new TypeError(
      "download.eachAddress cannot be used in the proxy, which checks names, not what they lead to",
    );
  }
  const retryMaxMs = number("retryMaxMs", options.retryMaxMs ?? 30_000, 0, Infinity);
  return {
    allowPrivate: ofType("allowPrivate", "boolean", options.allowPrivate ?? false),
    allowHosts: strings("allowHosts", options.allowHosts),
    token,
    ownHosts: strings("ownHosts", options.ownHosts),
    maxMirrors: whole("maxMirrors", options.maxMirrors ?? 32, 1),
    maxDownloads: whole("maxDownloads", options.maxDownloads ?? 128, 1),
    maxMirrorConnections: options.maxMirrorConnections === undefined
      ? undefined
      : whole("maxMirrorConnections", options.maxMirrorConnections, 1),
    memory: whole("memory", options.memory ?? 256 * 1024 * 1024, LEAST_SHARE),
    cors: options.cors === "*" ? "*" : strings("cors", options.cors),
    rememberMs: number("rememberMs", options.rememberMs ?? 60_000, 0, Infinity),
    trustDates: ofType("trustDates", "boolean", options.trustDates ?? false),
    allowDowngrade: ofType("allowDowngrade", "boolean", options.allowDowngrade ?? false),
    discoverMirrors: ofType("discoverMirrors", "boolean", options.discoverMirrors ?? false),
    mirrorHeaders: byOrigin(ofType("mirrorHeaders", "object", options.mirrorHeaders ?? {})),
    retryMaxMs,
    stallTimeoutMs: number("stallTimeoutMs", options.stallTimeoutMs ?? 120_000, 0, Infinity),
    download: withPatience(ofType("download", "object", options.download ?? {}), retryMaxMs),
    metricsPath: metricsPath(options.metricsPath ?? "/metrics"),
    log: ofType("log", "function", options.log ?? (() => {})),
    onError: ofType("onError", "function", options.onError ?? (() => {})),
    logFormat: oneOf("logFormat", options.logFormat ?? "text", ["text", "json"]),
  };
}

/**
 * Fills in how long a download waits for a busy server: players do not wait as long as a command. The
 * client learns from a 503 when to come back.
 */
function withPatience(
  download: NonNullable<ProxyOptions["download"]>,
  retryMaxMs: number,
): NonNullable<ProxyOptions["download"]> {
  const patience = { maxTurnMs: 30_000, maxQuietMs: retryMaxMs, maxRetryAfterMs: 120_000 };
  const retry = { ...patience, ...download.retry };
  return { ...download, retry };
}

/** Paths that have another meaning. */
const OTHER_PATHS = ["/", "/proxy", "/admission", "/live", "/link", "/session", "/healthz"];

/** Reports whether a path can be that of the metrics. */
export function isMetricsPath(path: string): boolean {
  return /^\/[\w.~-]+$/.test(path) && !OTHER_PATHS.includes(path);
}

function metricsPath(path: string | false): string | false {
  if (path === false || (typeof path === "string" && isMetricsPath(path))) return path;
  throw new TypeError(
    `metricsPath is ${shown(path)}, but must be a path like "/metrics", or false`,
  );
}

/** Headers that the engine sets itself. */
const ENGINE_HEADERS = ["accept-encoding", "range", "if-range", "host"];

/** Validates headers by origin. */
function byOrigin(all: Readonly<Record<string, HeadersInit>>): Map<string, Headers> {
  return new Map(
    Object.entries(all).map(([origin, init]) => {
      if (!/^https?:/.test(origin) || URL.parse(origin)?.origin !== origin) {
        throw new TypeError(
          `mirrorHeaders has "${origin}", but must have origins like https://a.example`,
        );
      }
      const headers = new Headers(init);
      const wrong = ENGINE_HEADERS.find((name) => headers.has(name));
      if (wrong === undefined) return [origin, headers];
      throw new TypeError(
        `mirrorHeaders of ${origin} has "${wrong}", which the engine sets itself`,
      );
    }),
  );
}

function ofType<Value>(option: string, type: string, value: Value): Value {
  const given: string = typeof value;
  if (given !== type) {
    throw new TypeError(`${option} is ${shown(value)}, but must be of type ${type}`);
  }
  return value;
}

/** Validates and copies a list of strings. */
function strings(option: string, value: readonly string[] | undefined): string[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.some((text) => typeof text !== "string")) {
    const or = option === "cors" ? '"*" or ' : "";
    throw new TypeError(`${option} is ${shown(value)}, but must be ${or}a list of strings`);
  }
  return [...value];
}

/**
 * The options of the proxy, and their defaults.
 *
 * @module
 */

import type { DownloaderOptions } from "../../mod.ts";
import { LEAST_SHARE } from "./capacity/memory_budget.ts";

/** How a line is written. */
export type AccessLogFormat = "text" | "json";

/** Who may read answers from a page: nobody else, everybody, or pages of these origins. */
export type CorsOption = undefined | "*" | readonly string[];

/** Options of {@linkcode createHandler}. */
export interface ProxyOptions {
  /**
   * Whether mirrors at private, loopback and other special addresses may be used.
   *
   * @default {false}
   */
  allowPrivate?: boolean;
  /**
   * The only hosts that may be used: `one.example`, `*.example`, `one.example:8080`, addresses or
   * networks like `10.0.0.0/8`.
   *
   * @default {every public host}
   */
  allowHosts?: readonly string[] | undefined;
  /**
   * What a client has to show, as `Authorization: Bearer TOKEN` or in the query as `token=TOKEN`.
   *
   * @default {nothing}
   */
  token?: string | undefined;
  /**
   * The most mirrors of one request.
   *
   * @default {32}
   */
  maxMirrors?: number;
  /**
   * The most downloads at once; beyond it, clients are told to come back later.
   *
   * @default {128}
   */
  maxDownloads?: number;
  /**
   * What all downloads may take together, in bytes: three eighths of it for their reorder
   * buffers, the rest for what is on its way through connections and answers. Each gets an equal share, 64 MiB at most;
   * where it would be less than 2 MiB, clients are told to come back later.
   *
   * @default {256 MiB}
   */
  memory?: number;
  /**
   * Pages of which origins may read the answers.
   *
   * @default {none}
   */
  cors?: CorsOption;
  /**
   * How long what was learned of a set of mirrors is used without asking them again, in
   * milliseconds.
   *
   * @default {60_000}
   */
  rememberMs?: number;
  /** Options of the downloads, like timeouts, `retry`, `caCerts` or `fetch`. */
  download?: Omit<
    DownloaderOptions,
    "range" | "signal" | "knownFile" | "book" | "windowSize" | "trace" | "onEvent"
  >;
  /** Takes a line for each request that has been answered. */
  log?: (line: string) => void;
  /**
   * Takes what went wrong inside when a request is answered with a 500: clients learn nothing of
   * it.
   *
   * @default {nothing is told}
   */
  onError?: (error: unknown) => void;
  /**
   * How these lines are written.
   *
   * @default {"text"}
   */
  logFormat?: AccessLogFormat;
}

type Optional = "allowHosts" | "token" | "cors";

/** The options of the proxy, with nothing left to ask of them. */
export type ResolvedProxyOptions =
  & Readonly<Required<Omit<ProxyOptions, Optional>>>
  & { readonly [Name in Optional]: ProxyOptions[Name] };

const FORMATS: readonly AccessLogFormat[] = ["text", "json"];

/**
 * Gives the options with their defaults. Patterns of `allowHosts` and options of `download` are
 * held against what is accepted by those who use them.
 *
 * @throws {TypeError} when an option is of another type than it should, or no whole number
 * @throws {RangeError} when a number is too small
 */
export function resolveProxyOptions(options: ProxyOptions): ResolvedProxyOptions {
  const { token, logFormat = "text", rememberMs = 60_000 } = options;
  // The value is a secret, and in no message.
  if (token !== undefined && typeof token !== "string") throw new TypeError("token is no text");
  if (token === "") {
    throw new TypeError("token is empty, but must be a text; leave it out for none");
  }
  if (!FORMATS.includes(logFormat)) {
    throw new TypeError(`logFormat is ${show(logFormat)}, but must be "text" or "json"`);
  }
  return {
    allowPrivate: ofType("allowPrivate", "boolean", options.allowPrivate ?? false),
    allowHosts: texts("allowHosts", options.allowHosts),
    token,
    maxMirrors: whole("maxMirrors", options.maxMirrors ?? 32, 1),
    maxDownloads: whole("maxDownloads", options.maxDownloads ?? 128, 1),
    memory: whole("memory", options.memory ?? 256 * 1024 * 1024, LEAST_SHARE),
    cors: options.cors === "*" ? "*" : texts("cors", options.cors),
    rememberMs: milliseconds("rememberMs", rememberMs),
    download: ofType("download", "object", options.download ?? {}),
    log: ofType("log", "function", options.log ?? (() => {})),
    onError: ofType("onError", "function", options.onError ?? (() => {})),
    logFormat,
  };
}

function ofType<Value>(option: string, type: string, value: Value): Value {
  const given: string = typeof value;
  if (given !== type) {
    throw new TypeError(`${option} is ${show(value)}, but must be of type ${type}`);
  }
  return value;
}

/** A list of texts; it is kept as it is now. */
function texts(option: string, value: readonly string[] | undefined): string[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.some((text) => typeof text !== "string")) {
    const or = option === "cors" ? '"*" or ' : "";
    throw new TypeError(`${option} is ${show(value)}, but must be ${or}a list of texts`);
  }
  return [...value];
}

function whole(option: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value)) {
    throw new TypeError(`${option} is ${show(value)}, but must be a whole number`);
  }
  if (value < least) throw new RangeError(`${option} is ${value}, but must be at least ${least}`);
  return value;
}

function milliseconds(option: string, value: number): number {
  if (typeof value !== "number" || Number.isNaN(value)) {
    throw new TypeError(`${option} is ${show(value)}, but must be a number of milliseconds`);
  }
  if (value < 0) throw new RangeError(`${option} is ${value}, but must be at least 0`);
  return value;
}

function show(value: unknown): string {
  return typeof value === "string" || Array.isArray(value) ? JSON.stringify(value) : `${value}`;
}

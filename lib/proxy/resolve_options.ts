/**
 * Takes the options of the proxy as they were given, and makes of them what everything inside
 * relies on: complete and valid. All defaults are here.
 *
 * @module
 */

import type { AccessLogFormat } from "./observe/access_log.ts";
import { LEAST_SHARE } from "./capacity/memory_budget.ts";
import type { ProxyOptions } from "./options.ts";

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

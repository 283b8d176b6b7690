/**
 * The options of a download that are about its requests and connections: how they are checked.
 *
 * @module
 */

import { record, text, texts } from "../../checks.ts";
import { OptionTypeError } from "../../option_errors.ts";
import { type ConnectOptions, ConnectRules } from "../../http/address/connect_rules.ts";
import { parseProxyUrl, type ProxySource } from "../../http/address/proxy_url.ts";
import type { ClientCertificate } from "../../transport/connections/http_clients.ts";
import type { DownloaderOptions } from "./options.ts";

/** Headers that the engine sets itself. */
const RESERVED = ["range", "if-range", "accept-encoding", "content-length"];

/** Checks the headers of every request. */
export function resolveHeaders(
  init: HeadersInit | undefined,
  http: DownloaderOptions["http"],
): Headers {
  const headers = new Headers(init);
  if (http === "http2" && headers.has("host")) {
    throw new OptionTypeError(
      "headers",
      'has "host", which can be sent by HTTP/1.1 only; leave out http2',
    );
  }
  for (const name of RESERVED) {
    if (headers.has(name)) {
      throw new OptionTypeError("headers", `has "${name}", which the engine sets itself`);
    }
  }
  return headers;
}

/** Checks a certificate of the client. */
export function resolveCertificate(
  value: ClientCertificate | undefined,
): ClientCertificate | undefined {
  if (value === undefined) return undefined;
  const { cert, key } = texts("clientCertificate", value, ["cert", "key"]);
  if (cert !== undefined && key !== undefined) return { cert, key };
  const missing = cert === undefined ? "cert" : "key";
  throw new OptionTypeError(`clientCertificate.${missing}`, "is missing, but must be PEM");
}

/** Parses the URL of a proxy. */
export function resolveProxy(value: DownloaderOptions["proxy"]): ProxySource | false | undefined {
  return value === undefined || value === false ? value : parseProxyUrl(value);
}

/** Checks a text that may be left out. */
export function resolveText(option: string, value: string | undefined): string | undefined {
  return value === undefined ? undefined : text(option, value);
}

/** Checks the rules for connections; `proxy` would make them useless. */
export function resolveConnect(
  options: ConnectOptions | undefined,
  proxy: DownloaderOptions["proxy"],
): ConnectRules {
  const rules = new ConnectRules(options === undefined ? {} : record("connect", options));
  if (proxy && rules.choosesTargets) throw notWithProxy("connect");
  return rules;
}

/** Reports whether each address is to be a mirror; `proxy` would hide them. */
export function resolveEachAddress(
  value: boolean = false,
  proxy: DownloaderOptions["proxy"],
): boolean {
  if (value && proxy) throw notWithProxy("eachAddress");
  return value;
}

function notWithProxy(option: string): OptionTypeError {
  return new OptionTypeError(
    option,
    "cannot be used with a proxy, which connects to the servers itself; leave one of them out",
  );
}

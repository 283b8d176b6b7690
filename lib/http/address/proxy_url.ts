/**
 * Parses the URL of the proxy through which requests are sent. Errors repeat nothing of it: there may
 * be a password in it.
 *
 * @module
 */

import { OptionTypeError } from "../../option_errors.ts";
import { type Credentials, takeCredentials } from "./credentials.ts";
import { bareHost } from "./host.ts";
import { parseUrl } from "../../stand_ins.ts";

export interface ProxySource {
  /** Host and port: fit to be shown. */
  readonly name: string;
  /** The host; an IPv6 address is not in brackets. */
  readonly host: string;
  readonly port: number;
  /** What `Deno.createHttpClient` takes: the URL without credentials, and the credentials. */
  readonly client: { readonly url: string; readonly basicAuth?: Credentials };
}

/** The schemes that Deno's client knows, and their default ports, as in curl. */
const PORTS: Readonly<Record<string, number>> = {
  "http:": 80,
  "https:": 443,
  "socks5:": 1080,
  "socks5h:": 1080,
};

const ACCEPTED = "must be like http://host:port, with http, https, socks5 or socks5h, " +
  "and with user:password@ before the host if the proxy requires it";

/**
 * Parses the URL of a proxy.
 *
 * @throws {TypeError} it is not one; the message says what one looks like
 */
export function parseProxyUrl(text: string | URL): ProxySource {
  const url = parseUrl(text);
  if (url === null) throw new OptionTypeError("proxy", `is not a URL, but ${ACCEPTED}`);
  const { protocol, hostname } = url;
  const defaultPort = PORTS[protocol];
  // `host:port` is a URL whose scheme is the host.
  if (defaultPort === undefined) {
    throw new OptionTypeError("proxy", `has an unsupported scheme, but ${ACCEPTED}`);
  }
  if (hostname === "") throw new OptionTypeError("proxy", `has no host, but ${ACCEPTED}`);
  if (url.pathname.length > 1 || url.search !== "" || url.hash !== "") {
    throw new OptionTypeError("proxy", `has a path or query, but ${ACCEPTED}`);
  }
  const port = Number(url.port || defaultPort);
  const name = `${hostname}:${port}`;
  const basicAuth = takeCredentials(url);
  const clientUrl = `${protocol}//${name}`;
  const client = basicAuth === undefined ? { url: clientUrl } : { url: clientUrl, basicAuth };
  return { name, host: bareHost(hostname), port, client };
}

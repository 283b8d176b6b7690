/**
 * The proxy through which requests go, as it is given: checked, and freed of credentials.
 *
 * @module
 */

/** A proxy. */
export interface ProxySource {
  /** Its URL without credentials. */
  readonly url: string;
  /** Host and port: fit to be shown. */
  readonly name: string;
  /** What it is told of who asks. */
  readonly basicAuth: { readonly username: string; readonly password: string } | undefined;
}

/** The schemes that Deno's client knows, and their ports where none is given. */
const PORTS: Readonly<Record<string, number>> = {
  "http:": 80,
  "https:": 443,
  "socks5:": 1080,
  "socks5h:": 1080,
};

const ACCEPTED = "must be like http://host:port, with http, https, socks5 or socks5h, " +
  "and user:password@ before the host where the proxy asks for it";

/**
 * Reads the URL of a proxy. Nothing of what is wrong with it is shown: there may be a password in it.
 *
 * @throws {TypeError} it is no URL of a proxy; the message says what one looks like
 */
export function parseProxy(text: string | URL): ProxySource {
  const url = URL.parse(text);
  if (url === null) throw new TypeError(`proxy is no URL, but ${ACCEPTED}`);
  const { protocol, hostname, username, password } = url;
  const port = PORTS[protocol];
  // What looks like host:port is a URL, too, whose scheme is the host.
  if (port === undefined) throw new TypeError(`proxy is a URL of another kind, but ${ACCEPTED}`);
  if (hostname === "") throw new TypeError(`proxy names no host, but ${ACCEPTED}`);
  if (url.pathname.length > 1 || url.search !== "" || url.hash !== "") {
    throw new TypeError(`proxy goes on behind the host, but ${ACCEPTED}`);
  }
  const name = `${hostname}:${url.port || port}`;
  const named = username !== "" || password !== "";
  const basicAuth = named
    ? { username: decoded(username), password: decoded(password) }
    : undefined;
  return { url: `${protocol}//${name}`, name, basicAuth };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

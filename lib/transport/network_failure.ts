/**
 * Reads the errors of `fetch`. The platform gives no codes, only words, in a chain of causes: this is
 * the one place that matches them. Errors of a caller's own `fetch` may have the codes of Node.js. `fetch`
 * does not say either whether a proxy failed, or the server behind it: messages name both.
 *
 * @module
 */

import type { NetworkFault } from "../errors.ts";
import type { ProxySource } from "../http/address/proxy_url.ts";

/** What an error of `fetch` says. */
export interface NetworkFailure {
  /** What failed; `undefined` if the words are not known. */
  readonly fault: NetworkFault | undefined;
  /** What failed, in words; "" if nothing is said. */
  readonly words: string;
  /** Whether the same request to a server that has never answered would fail again. */
  readonly permanent: boolean;
  /** Whether a proxy answered CONNECT with a refusal. */
  readonly proxyRefused: boolean;
}

/** How the platform says a failure, and what it means. */
interface Wording {
  readonly pattern: RegExp;
  readonly fault: NetworkFault;
  /** What to say instead; `$1` is a group of the pattern. */
  readonly words?: string;
  readonly permanent?: boolean;
}

/** Proxy Authentication Required: RFC 9110 section 15.5.8. */
const PROXY_LOGIN = 407;

/** What is wrong when no further connection can be opened. */
export const TOO_MANY = "this process has too many files and connections open";

/** The first that matches applies. */
const WORDINGS: readonly Wording[] = [
  {
    pattern: /^Fetch failed: (Requests to port \d+ are blocked)$/,
    fault: "port",
    words: "$1, as it is that of another service",
    permanent: true,
  },
  {
    pattern: /^Fetch failed: (.*)$/,
    fault: "forbidden",
    words: "Deno's fetch refuses it: $1",
    permanent: true,
  },
  {
    pattern: /Too many open files|\bos error 10024\b/,
    fault: "descriptors",
    words: TOO_MANY,
  },
  {
    pattern: /^dns error.*(temporary failure|try again)/i,
    fault: "host",
    words: "the name lookup failed for now",
  },
  {
    pattern: /^dns error/,
    fault: "host",
    words: "the host name does not resolve",
    permanent: true,
  },
  { pattern: /has no IPv[46] address$/, fault: "host", permanent: true },
  { pattern: /Connection refused|actively refused/, fault: "refused", words: "refused" },
  { pattern: /^Proxy server unreachable/, fault: "refused" },
  // Answers of SOCKS proxies (RFC 1928 section 6).
  { pattern: /^(Network|Host) unreachable|^TTL expired/, fault: "unreachable" },
  {
    // The second of HTTP/2 (RFC 9113 section 5.4).
    pattern: /Connection reset|forcibly closed|Broken pipe|^(stream|connection) error received/,
    fault: "reset",
    words: "reset",
  },
  { pattern: /^tcp connect error: (.*)$/, fault: "unreachable", words: "$1" },
  {
    // Many servers end TLS without its close_notify.
    pattern: /^(connection closed before message|socket hang up|peer closed connection without)/,
    fault: "empty",
    words: "closed",
  },
  {
    pattern: /^invalid HTTP (version|status-code) parsed/,
    fault: "garbage",
    words: "it does not begin with a status line of HTTP/1",
    permanent: true,
  },
  {
    pattern: /^message head is too large/,
    fault: "head",
    words: "it has over 100 fields, or is too large (limits of Deno's fetch)",
    permanent: true,
  },
  {
    pattern: /^invalid HTTP header parsed/,
    fault: "head",
    words: "a field is malformed or folded over lines, which Deno's fetch does not accept",
    permanent: true,
  },
  {
    pattern: /^(invalid|unexpected) (content-length|transfer-encoding) parsed/,
    fault: "head",
    words: "its $2 is invalid",
    permanent: true,
  },
  {
    pattern: /fatal alert: NoApplicationProtocol|^connection error detected: frame with invalid/,
    fault: "http2",
    permanent: true,
  },
  { pattern: /^HTTP\/1\.1 is not offered/, fault: "http1", permanent: true },
  {
    pattern: /corrupt message of type InvalidContentType/,
    fault: "plain",
    permanent: true,
  },
  { pattern: /fatal alert: CertificateRequired/, fault: "clientCertificate", permanent: true },
  {
    pattern: /^invalid peer certificate: .*CaUsedAsEndEntity/,
    fault: "caCertificate",
    permanent: true,
  },
  {
    pattern: /^invalid peer certificate: UnknownIssuer/,
    fault: "certificate",
    words: "it is signed by an unknown authority, or by itself",
    permanent: true,
  },
  {
    pattern:
      /^invalid peer certificate: .*(expired|NotValidYet|not valid (yet|before|after|until))/i,
    fault: "certificate",
    words: "it has expired, or is not valid yet",
    permanent: true,
  },
  {
    pattern: /^invalid peer certificate: (?:certificate )?(.*)$/s,
    fault: "certificate",
    words: "$1",
    permanent: true,
  },
  { pattern: /fatal alert: (\w+)/, fault: "tls", words: "the server said $1", permanent: true },
  {
    pattern: /^(tls handshake eof|Client network socket disconnected before secure TLS)/,
    fault: "tls",
    words: "the server closed the connection",
  },
];

/** Codes of Node.js and Bun, and the platform's words for the same. */
const CODES: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "invalid peer certificate: certificate expired",
  CERT_NOT_YET_VALID: "invalid peer certificate: certificate not valid yet",
  ConnectionClosed: "Connection reset",
  ConnectionRefused: "Connection refused",
  DEPTH_ZERO_SELF_SIGNED_CERT: "invalid peer certificate: UnknownIssuer",
  ENOTFOUND: "dns error",
  EAI_AGAIN: "dns error: temporary failure",
  ECONNREFUSED: "Connection refused",
  EMFILE: "Too many open files",
  EHOSTUNREACH: "tcp connect error: No route to host",
  ENETUNREACH: "tcp connect error: Network is unreachable",
  ECONNRESET: "Connection reset",
  EPIPE: "Broken pipe",
  ERR_SSL_WRONG_VERSION_NUMBER: "corrupt message of type InvalidContentType",
  ERR_TLS_CERT_ALTNAME_INVALID: "invalid peer certificate: not valid for this host",
  HPE_HEADER_OVERFLOW: "message head is too large",
  HPE_INVALID_CONSTANT: "invalid HTTP version parsed",
  HPE_INVALID_CONTENT_LENGTH: "invalid content-length parsed",
  HPE_INVALID_HEADER_TOKEN: "invalid HTTP header parsed",
  HPE_INVALID_STATUS: "invalid HTTP status-code parsed",
  HPE_INVALID_VERSION: "invalid HTTP version parsed",
  HPE_UNEXPECTED_CONTENT_LENGTH: "unexpected content-length parsed",
  SELF_SIGNED_CERT_IN_CHAIN: "invalid peer certificate: UnknownIssuer",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "invalid peer certificate: UnknownIssuer",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "invalid peer certificate: UnknownIssuer",
  UND_ERR_HEADERS_OVERFLOW: "message head is too large",
  UND_ERR_SOCKET: "socket hang up",
};

/** How the platform says that a proxy refuses. */
const PROXY_REFUSAL =
  /unsuccessful tunnel|proxy authentication required|not allowed by ruleset|General SOCKS server failure/;

const FETCH_PREFIX = /^error sending request.*?\): (client error \(\w+\): )?/;

/** Reads an error of `fetch`; `http` tells which versions of HTTP were tried. */
export function readNetworkFailure(
  error: unknown,
  http: "auto" | "http1" | "http2" = "http2",
): NetworkFailure {
  const failure = readFailure(error);
  if (failure.fault !== "http2" || http === "http2") return failure;
  if (http === "http1") return { ...failure, fault: "http1" };
  return { ...failure, fault: "tls", words: "the server offers neither HTTP/1.1 nor HTTP/2" };
}

function readFailure(error: unknown): NetworkFailure {
  const causes = causesOf(error);
  const innermost = causes.at(-1);
  const said = (innermost?.message ?? "").replace(FETCH_PREFIX, "");
  const proxyRefused = PROXY_REFUSAL.test(said);
  // By Deno's permissions, or by a caller's own fetch that asks for them.
  if (causes.some(({ name }) => name === "NotCapable")) {
    return { fault: "forbidden", words: said, permanent: true, proxyRefused };
  }
  const code = innermost === undefined ? undefined : CODES[codeOf(innermost) ?? ""];
  if (proxyRefused) {
    const words = said.includes("authentication")
      ? "it requires credentials, or does not accept these"
      : "it refuses to connect to the server";
    return { fault: undefined, words, permanent: false, proxyRefused };
  }
  for (const text of code === undefined ? [said] : [said, code]) {
    for (const { pattern, fault, words, permanent = false } of WORDINGS) {
      const match = pattern.exec(text);
      if (match === null) continue;
      return { fault, words: filled(words ?? said, match), permanent, proxyRefused };
    }
  }
  return { fault: undefined, words: said, permanent: false, proxyRefused };
}

/** Returns what is wrong, for people; `through` names the proxy and the target, with a space before it. */
export function networkProblem({ fault, words }: NetworkFailure, through: string): string {
  switch (fault) {
    case "reset":
      return `the connection${through} was reset before a response came`;
    case "empty":
      return `the connection${through} was closed without a response`;
    case "garbage":
      return `the response${through} is not HTTP: ${words}`;
    case "head":
      return `the header of the response${through} cannot be read: ${words}`;
    case "plain":
      return `the server does not speak TLS on this port${through}`;
    case "tls":
      return `the TLS handshake failed${through}: ${words}`;
    case "certificate":
      return `the server's certificate is not accepted${through}: ${words}`;
    case "caCertificate":
      return `the server's certificate is not accepted${through}: it is the certificate of an ` +
        "authority (CA), used as the server's own";
    case "clientCertificate":
      return `the server requires a client certificate${through}`;
    case "http1":
      return `the server does not offer HTTP/1.1${through}`;
    case "http2":
      return `the server does not offer HTTP/2${through}`;
    default:
      return `connection failed${through}${words && `: ${words}`}`;
  }
}

function filled(words: string, match: RegExpExecArray): string {
  return words.replace(/\$(\d)/g, (_, group) => match[Number(group)] ?? "")
    // How rustls writes the names of a certificate.
    .replaceAll(/(?:DnsName|IpAddress)\("?([^()"]*)"?\)/g, "$1");
}

function codeOf(error: Error): string | undefined {
  return "code" in error && typeof error.code === "string" ? error.code : undefined;
}

function causesOf(error: unknown): Error[] {
  return error instanceof Error ? [error, ...causesOf(error.cause)] : [];
}

/** Returns what follows a failure of the network: the proxy, if there is one. */
export function throughProxy(proxy: ProxySource | false | undefined): string {
  return proxy ? ` through the proxy ${proxy.name}` : "";
}

/** Returns what is wrong with a response, with the proxy if it may have sent it. */
export function blameProxy(
  message: string,
  status: number,
  proxy: ProxySource | false | undefined,
): string {
  if (!proxy || status < 400) return message;
  if (status !== PROXY_LOGIN) return message + throughProxy(proxy);
  const refused = proxy.client.basicAuth === undefined ? "requires" : "does not accept the";
  return `the proxy ${proxy.name} ${refused} credentials (status ${status})`;
}

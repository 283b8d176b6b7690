/**
 * Opens connections through a proxy, for TLS that the platform's client does not speak: by HTTP CONNECT
 * (RFC 9110 section 9.3.6) or SOCKS5 (RFC 1928, with passwords of RFC 1929).
 *
 * @module
 */

import type { Socket } from "node:net";
import { basicAuthorization, type Credentials } from "../../http/address/credentials.ts";
import type { ProxySource } from "../../http/address/proxy_url.ts";
import { SocketReader } from "../connections/socket_reader.ts";

/** Maximum length of what a proxy sends before the tunnel begins. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** What is requested of a proxy: a connection to `host`. */
interface TunnelRequest {
  readonly socket: Socket;
  readonly answer: SocketReader;
  readonly host: string;
  readonly port: number;
  readonly login: Credentials | undefined;
}

/**
 * Opens a connection to `host` through a proxy. The errors of a proxy that refuses have the words of
 * the platform.
 *
 * @param connect opens a connection to the proxy
 */
export async function openTunnel(
  proxy: ProxySource,
  host: string,
  port: number,
  connect: (host: string, port: number) => Promise<Socket>,
): Promise<Socket> {
  const { url, basicAuth: login } = proxy.client;
  const socket = await connect(proxy.host, proxy.port);
  const answer = new SocketReader(socket, MAX_ANSWER_BYTES);
  const request = { socket, answer, host, port, login };
  try {
    await (url.startsWith("http:") ? requestHttp(request) : requestSocks(request));
  } catch (error) {
    socket.destroy();
    throw error;
  }
  answer.release();
  return socket;
}

async function requestHttp({ socket, answer, host, port, login }: TunnelRequest): Promise<void> {
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const authorization = login === undefined
    ? ""
    : `Proxy-Authorization: ${basicAuthorization(login)}\r\n`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`);
  const status = Number(/^HTTP\/1\.\d (\d{3})/.exec(await answer.textUntil("\r\n\r\n"))?.[1]);
  if (status >= 200 && status < 300) return;
  throw new Error(
    status === 407 ? "proxy authentication required" : "unsuccessful tunnel",
  );
}

const VERSION = 5;
const NO_LOGIN = 0;
const BY_PASSWORD = 2;

/** Replies of RFC 1928 section 6, in the words of the platform. */
const SOCKS_REPLIES: readonly (string | undefined)[] = [
  undefined,
  "General SOCKS server failure",
  "Connection not allowed by ruleset",
  "Network unreachable",
  "Host unreachable",
  "Connection refused",
  "TTL expired",
];

async function requestSocks({ socket, answer, host, port, login }: TunnelRequest): Promise<void> {
  const methods = login === undefined ? [NO_LOGIN] : [NO_LOGIN, BY_PASSWORD];
  socket.write(Uint8Array.of(VERSION, methods.length, ...methods));
  const [version, method] = await answer.bytes(2);
  if (version !== VERSION || !methods.includes(method!)) {
    throw new Error("proxy authentication required");
  }
  if (method === BY_PASSWORD) {
    const text = (value: string) => {
      const bytes = new TextEncoder().encode(value).subarray(0, 255);
      return [bytes.byteLength, ...bytes];
    };
    socket.write(Uint8Array.of(1, ...text(login!.username), ...text(login!.password)));
    const [, refused] = await answer.bytes(2);
    if (refused !== 0) throw new Error("proxy authentication required");
  }
  // The proxy resolves the name, as it does for the platform's client with "socks5h".
  const name = new TextEncoder().encode(host);
  socket.write(
    Uint8Array.of(VERSION, 1, 0, 3, name.byteLength, ...name, port >> 8, port & 0xff),
  );
  const [, code, , kind] = await answer.bytes(4);
  if (code !== 0) throw new Error(SOCKS_REPLIES[code!] ?? "unsuccessful tunnel");
  const length = kind === 1 ? 4 : kind === 4 ? 16 : (await answer.bytes(1))[0]!;
  await answer.bytes(length + 2);
}

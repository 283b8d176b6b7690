/**
 * Connections through a proxy, for TLS that the platform's client does not speak: HTTP CONNECT (RFC 9110 section 9.3.6),
 * and SOCKS5 (RFC 1928, with passwords of RFC 1929).
 *
 * @module
 */

import type { Socket } from "node:net";
import type { ProxySource } from "../http/address/proxy_url.ts";

/** A proxy, as `parseProxyUrl()` returns it. */
export type TunnelProxy = ProxySource["client"];

/** Longest answer of a proxy before the tunnel begins. */
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Opens a connection to `host` through a proxy. The errors of a proxy that refuses have the words of
 * the platform.
 *
 * @param connect opens a connection to the proxy
 */
export async function openTunnel(
  { url, basicAuth }: TunnelProxy,
  host: string,
  port: number,
  connect: (host: string, port: number) => Promise<Socket>,
): Promise<Socket> {
  const { protocol, hostname, port: proxyPort } = new URL(url);
  const socks = protocol !== "http:";
  const to = hostname.replace(/^\[(.*)\]$/, "$1");
  const socket = await connect(to, Number(proxyPort || (socks ? 1080 : 80)));
  const answer = new Answer(socket);
  try {
    if (socks) await requestSocks(socket, answer, host, port, basicAuth);
    else await requestHttp(socket, answer, host, port, basicAuth);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  answer.release();
  return socket;
}

type Login = TunnelProxy["basicAuth"];

async function requestHttp(
  socket: Socket,
  answer: Answer,
  host: string,
  port: number,
  login: Login,
): Promise<void> {
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const authorization = login === undefined
    ? ""
    : `Proxy-Authorization: Basic ${base64(`${login.username}:${login.password}`)}\r\n`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`);
  const status = Number(/^HTTP\/1\.\d (\d{3})/.exec(await answer.head())?.[1]);
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

async function requestSocks(
  socket: Socket,
  answer: Answer,
  host: string,
  port: number,
  login: Login,
): Promise<void> {
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

/** Reads what a proxy sends before the tunnel begins. */
class Answer {
  readonly #socket: Socket;
  #pending = new Uint8Array();
  #failure: Error | undefined;
  #wake = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", this.#onData);
    socket.on("error", this.#onError);
    socket.on("close", this.#onClose);
    socket.on("end", this.#onClose);
  }

  readonly #onData = (data: Uint8Array): void => {
    const joined = new Uint8Array(this.#pending.byteLength + data.byteLength);
    joined.set(this.#pending);
    joined.set(data, this.#pending.byteLength);
    this.#pending = joined;
    this.#wake();
  };

  readonly #onError = (error: Error): void => {
    this.#failure ??= error;
    this.#wake();
  };

  readonly #onClose = (): void =>
    this.#onError(new Error("connection closed before message completed"));

  async bytes(length: number): Promise<Uint8Array> {
    while (this.#pending.byteLength < length) await this.#more();
    const bytes = this.#pending.slice(0, length);
    this.#pending = this.#pending.slice(length);
    return bytes;
  }

  /** Returns the header of a response to CONNECT. */
  async head(): Promise<string> {
    for (;;) {
      const text = new TextDecoder("latin1").decode(this.#pending);
      const end = text.indexOf("\r\n\r\n");
      if (end >= 0) {
        await this.bytes(end + 4);
        return text.slice(0, end);
      }
      await this.#more();
    }
  }

  /** Leaves the connection to others, with the bytes that were not read. */
  release(): void {
    this.#socket.pause();
    this.#socket.off("data", this.#onData);
    this.#socket.off("error", this.#onError);
    this.#socket.off("close", this.#onClose);
    this.#socket.off("end", this.#onClose);
    if (this.#pending.byteLength > 0) this.#socket.unshift(this.#pending);
  }

  async #more(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#pending.byteLength > MAX_ANSWER_BYTES) {
      throw new Error("unsuccessful tunnel: the proxy's response is too long");
    }
    await new Promise<void>((resolve) => this.#wake = resolve);
    if (this.#failure !== undefined) throw this.#failure;
  }
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

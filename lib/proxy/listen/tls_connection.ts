/**
 * A connection of a client with TLS: after the handshake it goes on with the version of HTTP that was
 * chosen in it. Follows RFC 7301 (ALPN).
 *
 * @module
 */

import { ClientConnection, type ConnectionOptions } from "./client_connection.ts";
import type { Http2Connection, Http2Relay } from "./http2_relay.ts";

export class TlsConnection {
  readonly #socket: Deno.TlsConn;
  readonly #options: ConnectionOptions;
  readonly #relay: () => Http2Relay;
  readonly #since = performance.now();
  #inner: ClientConnection | Http2Connection | undefined;
  #isClosed = false;

  /** @param relay returns what serves HTTP/2 */
  constructor(socket: Deno.TlsConn, options: ConnectionOptions, relay: () => Http2Relay) {
    this.#socket = socket;
    this.#options = options;
    this.#relay = relay;
  }

  /** Since when it has waited for a complete request; `undefined` while there is one. */
  get idleSince(): number | undefined {
    return this.#inner === undefined ? this.#since : this.#inner.idleSince;
  }

  /** Since when the client has taken nothing of what is written to it; `undefined` if nothing is. */
  get writingSince(): number | undefined {
    return this.#inner?.writingSince;
  }

  /** Serves requests until the connection ends. Never rejects. */
  async serve(): Promise<void> {
    const { headerTimeoutMs } = this.#options;
    const timer = headerTimeoutMs === Infinity
      ? undefined
      : setTimeout(() => this.close(), headerTimeoutMs);
    try {
      this.#inner = await this.#begin();
    } catch {
      // No TLS, or nothing can be relayed.
      this.close();
    } finally {
      clearTimeout(timer);
    }
    await this.#inner?.serve();
    this.#isClosed = true;
  }

  /** Ends it after the responses that are being sent; at once if there is none. */
  end(): void {
    if (this.#inner === undefined) this.close();
    else this.#inner.end();
  }

  /** Closes it at once. */
  close(): void {
    if (this.#inner !== undefined) return this.#inner.close();
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
  }

  async #begin(): Promise<ClientConnection | Http2Connection> {
    const { alpnProtocol } = await this.#socket.handshake();
    if (alpnProtocol !== "h2") return new ClientConnection(this.#socket, this.#options);
    const relayed = await this.#relay().connect(this.#socket, this.#options);
    if (!this.#isClosed) return relayed;
    relayed.close();
    throw new Error("closed meanwhile");
  }
}

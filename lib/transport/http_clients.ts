/**
 * The HTTP clients of a download: the platform's default one as long as it suffices, else its own.
 *
 * @module
 */

import type { ProxySource } from "../http/proxy_url.ts";

export interface HttpClientOptions {
  readonly http: "auto" | "http1" | "http2";
  readonly caCerts: readonly string[];
  /** The proxy for all requests; `undefined` for those of the environment. */
  readonly proxy: ProxySource | undefined;
}

export class HttpClients {
  readonly #options: HttpClientOptions;
  /** Clients by the version of HTTP that they use. */
  readonly #clients = new Map<HttpClientOptions["http"], Deno.HttpClient>();

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  /** Returns the client for requests to `url`; `undefined` for the platform's default one. */
  clientFor(url: URL): Deno.HttpClient | undefined {
    const { caCerts, proxy } = this.#options;
    // HTTP/2 is negotiated in the TLS handshake: a plain server speaks HTTP/1.1.
    const http = this.#options.http === "http2" && url.protocol === "http:"
      ? "auto"
      : this.#options.http;
    if (http === "auto" && caCerts.length === 0 && proxy === undefined) return undefined;
    let client = this.#clients.get(http);
    if (client === undefined) {
      const options: Deno.CreateHttpClientOptions = {
        caCerts: [...caCerts],
        http1: http !== "http2",
        http2: http !== "http1",
      };
      if (proxy !== undefined) options.proxy = proxy.client;
      client = Deno.createHttpClient(options);
      this.#clients.set(http, client);
    }
    return client;
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }
}

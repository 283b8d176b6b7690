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
  #client: Deno.HttpClient | undefined;

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  /** Returns the client for requests to `url`; `undefined` for the platform's default one. */
  clientFor(_url: URL): Deno.HttpClient | undefined {
    const { http, caCerts, proxy } = this.#options;
    if (http === "auto" && caCerts.length === 0 && proxy === undefined) return undefined;
    const options: Deno.CreateHttpClientOptions = {
      caCerts: [...caCerts],
      http1: http !== "http2",
      http2: http !== "http1",
    };
    if (proxy !== undefined) options.proxy = proxy.client;
    return this.#client ??= Deno.createHttpClient(options);
  }

  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }
}

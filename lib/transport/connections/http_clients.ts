/**
 * The HTTP clients of a download: the platform's default one as long as it suffices, else its own. At
 * most two: one that connects as usual, and one whose connections lead where rules say.
 *
 * @module
 */

import type { ConnectRules } from "../../http/address/connect_rules.ts";
import { bareHost, portOf } from "../../http/address/host.ts";
import type { ProxySource } from "../../http/address/proxy_url.ts";
import type { Dialer } from "./dialer.ts";
import { hasAllHosts, mayHaveProxies, withProxyEnvironment } from "./proxy_environment.ts";
import type { Relay } from "./relay.ts";

/** A certificate by which a client proves who it is, and its key. Both in PEM format. */
export interface ClientCertificate {
  /** The certificate, followed by those of intermediate authorities if there are any. */
  readonly cert: string;
  /** The private key, not encrypted. */
  readonly key: string;
}

export interface HttpClientOptions {
  readonly http: "auto" | "http1" | "http2";
  readonly caCerts: readonly string[];
  readonly clientCertificate: ClientCertificate | undefined;
  /** The proxy for all requests; `undefined` for those of the environment, `false` for none. */
  readonly proxy: ProxySource | false | undefined;
  /** Hosts that are requested without a proxy; `undefined` for those of the environment. */
  readonly noProxy: string | undefined;
  readonly connect: ConnectRules;
  readonly headers: Headers;
}

export class HttpClients {
  readonly #options: HttpClientOptions;
  #usual: Deno.HttpClient | undefined;
  #relayed: Promise<RelayedClient> | undefined;
  #relay: Relay | undefined;
  /** Places that have answered. */
  readonly #answered = new Set<string>();
  /** Places that are connected to through the relay, since the first address of their name is dead. */
  readonly #rerouted = new Set<string>();
  /** The clients for servers without TLS, if others have to use HTTP/2. */
  #plain: HttpClients | undefined;

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  /** Returns other clients for `url`: HTTP/2 is negotiated by TLS, so a plain server speaks HTTP/1.1. */
  #plainFor({ protocol }: URL): HttpClients | undefined {
    if (this.#options.http !== "http2" || protocol !== "http:") return undefined;
    return this.#plain ??= new HttpClients({ ...this.#options, http: "auto" });
  }

  /** Returns the client for requests to `url`; `undefined` for the platform's default one. */
  async clientFor(url: URL): Promise<Deno.HttpClient | undefined> {
    const plain = this.#plainFor(url);
    if (plain !== undefined) return await plain.clientFor(url);
    const { connect } = this.#options;
    const led = connect.apply(url.hostname, portOf(url)) || this.#rerouted.has(url.host);
    return led ? (await (this.#relayed ??= this.#openRelayed())).client : this.#usualClient();
  }

  /**
   * Sends a request. If a name that has never answered has a dead address where others accept
   * connections, the request, which cannot have been sent, is sent again by one of these.
   */
  async fetch(
    url: URL,
    init: RequestInit & { readonly signal: AbortSignal },
    fetch: typeof globalThis.fetch,
  ): Promise<Response> {
    const client = await this.clientFor(url);
    // Called without a receiver: browsers refuse a `fetch` that is called as a method.
    const send = (signal: AbortSignal): Promise<Response> => {
      const own: RequestInit & { client?: Deno.HttpClient } = { ...init, signal };
      if (client !== undefined) own.client = client;
      return fetch(url, own);
    };
    if (!this.#mayReroute(url) || fetch !== globalThis.fetch) return await send(init.signal);
    const over = new AbortController();
    const hanging = new AbortController();
    try {
      const answer = send(AbortSignal.any([init.signal, hanging.signal]));
      const place = { host: url.hostname, port: portOf(url) };
      const signal = AbortSignal.any([init.signal, over.signal]);
      // Loaded meanwhile: the request is not to wait for it.
      const isDead = import("./dead_address.ts")
        .then(({ isFirstAddressDead }) => isFirstAddressDead({ ...place, signal }));
      const response = await Promise.race([
        answer,
        isDead.then((dead) => dead ? undefined : answer),
      ]);
      if (response !== undefined) {
        this.#answered.add(url.host);
        return response;
      }
      answer.then(({ body }) => body?.cancel()).catch(() => {});
    } finally {
      over.abort();
    }
    hanging.abort();
    this.#rerouted.add(url.host);
    return await this.fetch(url, init, fetch);
  }

  /** Reports whether a name may be connected to by another of its addresses. */
  #mayReroute({ hostname, host }: URL): boolean {
    const { proxy, connect } = this.#options;
    return !this.#answered.has(host) && !this.#rerouted.has(host) && !proxy &&
      connect.localAddress === undefined && !connect.choosesTargets &&
      /[a-z]/i.test(hostname) && !hostname.startsWith("[") && !/(^|\.)localhost$/.test(hostname) &&
      typeof Deno !== "undefined" && (proxy === false || !mayHaveProxies());
  }

  /** Returns why the last connection to a URL's host failed, if a rule said where it leads. */
  connectFailure(url: URL): Error | undefined {
    const { hostname } = url;
    const plain = this.#plainFor(url);
    if (plain !== undefined) return plain.connectFailure(url);
    return this.#relay?.failure(bareHost(hostname), portOf(url));
  }

  /** Says where connections for `url` lead, with a space before it; "" where no rule says so. */
  targetText(url: URL): string {
    const { connect } = this.#options;
    if (!connect.apply(url.hostname, portOf(url))) return "";
    const { host, port, addresses } = connect.target(url.hostname, portOf(url));
    const where = (addresses ?? [host]).map((one) => one.includes(":") ? `[${one}]` : one);
    const family = connect.family === undefined ? "" : ` by IPv${connect.family}`;
    return ` (connecting to ${where.join(", ")} port ${port}${family})`;
  }

  async close(): Promise<void> {
    await this.#plain?.close();
    this.#usual?.close();
    this.#usual = undefined;
    const relayed = this.#relayed;
    this.#relayed = undefined;
    const opened = await relayed?.catch(() => undefined);
    opened?.client.close();
    await opened?.relay.close();
  }

  #usualClient(): Deno.HttpClient | undefined {
    const { http, caCerts, proxy, noProxy, clientCertificate, connect } = this.#options;
    const suffices = http === "auto" && caCerts.length === 0 && proxy === undefined &&
      noProxy === undefined && clientCertificate === undefined &&
      connect.localAddress === undefined && !this.#setsHost;
    if (suffices) return undefined;
    const options = this.#clientOptions();
    if (proxy && !(noProxy !== undefined && hasAllHosts(noProxy))) options.proxy = proxy.client;
    if (connect.localAddress !== undefined) options.localAddress = connect.localAddress;
    const environment = {
      ...{ proxies: proxy !== false, noProxy },
      option: proxy === false ? "proxy" : "noProxy",
    };
    return this.#usual ??= withProxyEnvironment(environment, () => Deno.createHttpClient(options));
  }

  async #openRelayed(): Promise<RelayedClient> {
    const [{ Dialer }, { Relay }] = await Promise.all([
      import("./dialer.ts"),
      import("./relay.ts"),
    ]);
    const dialer: Dialer = new Dialer({ rules: this.#options.connect });
    const relay = await Relay.open((host, port, signal) => dialer.dial(host, port, signal));
    this.#relay = relay;
    const options = { ...this.#clientOptions(), proxy: relay.proxy };
    // A host in NO_PROXY would be connected to without the relay.
    const environment = { proxies: true, noProxy: "", option: "connect" };
    try {
      const client = withProxyEnvironment(environment, () => Deno.createHttpClient(options));
      return { client, relay };
    } catch (error) {
      await relay.close();
      throw error;
    }
  }

  #clientOptions(): Deno.CreateHttpClientOptions {
    const { http, caCerts, clientCertificate } = this.#options;
    return {
      caCerts: [...caCerts],
      http1: http !== "http2",
      // Deno would send the host of the URL beside it (:authority), which servers refuse.
      http2: http !== "http1" && !this.#setsHost,
      allowHost: this.#setsHost,
      ...clientCertificate,
    };
  }

  get #setsHost(): boolean {
    return this.#options.headers.has("host");
  }
}

interface RelayedClient {
  readonly client: Deno.HttpClient;
  readonly relay: Relay;
}

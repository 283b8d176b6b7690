/**
 * The HTTP clients of a download, and which of them sends a request: by which version of HTTP, and where
 * its connections lead. Requests that run at the same time have connections of their own.
 *
 * @module
 */

import type { ConnectRules } from "../../http/address/connect_rules.ts";
import { bareHost, portOf } from "../../http/address/host.ts";
import type { ProxySource } from "../../http/address/proxy_url.ts";
import { mayConnect } from "../../environment.ts";
import { readNetworkFailure } from "../network_failure.ts";
import type { Dialer } from "./dialer.ts";
import type { Http2Lanes } from "./http2_lanes.ts";
import { type ClientVersion, type HttpVersions, processVersions } from "./http_versions.ts";
import { hasAllHosts, mayHaveProxies, withProxyEnvironment } from "./proxy_environment.ts";
import type { Relay } from "./relay.ts";
import { sharedClient } from "./shared_client.ts";

/** Where a relay would listen. */
const LOOPBACK = "127.0.0.1";

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
  /** Whether connections that are not in use can be closed: those of the platform's client cannot. */
  readonly closesIdle?: boolean | undefined;
}

/** A request that can be ended. */
export type Init = RequestInit & { readonly signal: AbortSignal };
type Fetch = typeof globalThis.fetch;
/** A client to request with; `undefined` for the platform's default one. */
type Client = Deno.HttpClient | undefined;

export class HttpClients {
  readonly #options: HttpClientOptions;
  readonly #versions: HttpVersions;
  /** Clients for HTTP/1.1: one that connects as usual, and one whose connections lead where rules say. */
  readonly #http1: { usual: Client; relayed: Client } = { usual: undefined, relayed: undefined };
  /** Clients for HTTP/1.1 without TLS whose connections lead to one address, by that and its port. */
  readonly #direct = new Map<string, Deno.HttpClient>();
  /** Connections by HTTP/2, by origin and whether they lead through the relay. */
  readonly #http2 = new Map<string, Http2Lanes>();
  #shared: Disposable | undefined;
  #relaying: Promise<Relay> | undefined;
  #relay: Relay | undefined;
  /** Whether the platform's default client is not used: it cannot be closed, nor can its connections. */
  #avoidsDefault: boolean;
  #isClosed = false;
  /** Places that have answered. */
  readonly #answered = new Set<string>();
  /** Places that are connected to through the relay, since the first address of their name is dead. */
  readonly #rerouted = new Set<string>();

  constructor(options: HttpClientOptions, versions: HttpVersions = processVersions) {
    this.#options = options;
    this.#versions = versions;
    this.#avoidsDefault = options.closesIdle ?? false;
  }

  /**
   * Opens what a request to `url` needs first; returns a promise if that takes time. Throws, or rejects, if an
   * option cannot be followed.
   */
  prepare(url: URL): Promise<void> | undefined {
    const isRelayed = this.#isRelayed(url);
    const create = () => {
      this.#expectOpen();
      if (this.#versionFor(url) === "http1") this.#http1Client(url, isRelayed);
    };
    if (isRelayed) return (this.#relaying ??= this.#openRelay()).then(create);
    create();
    return undefined;
  }

  /**
   * Sends a request. Where both versions of HTTP may be used, one that the server refuses is replaced by
   * the other.
   */
  async fetch(url: URL, init: Init, fetch: Fetch): Promise<Response> {
    const version = this.#versionFor(url);
    if (!this.#mayChange(url)) return await this.#send(version, url, init, fetch);
    const { origin } = url;
    const other = version === "http1" ? "http2" : "http1";
    let refused: Response;
    try {
      refused = await this.#send(version, url, init, fetch);
    } catch (error) {
      const { fault } = readNetworkFailure(error);
      const hopeless = init.signal.aborted || this.connectFailure(url) !== undefined;
      if (hopeless || !this.#versions.isMismatch(origin, fault)) throw error;
      const response = await this.#send(other, url, init, fetch).catch((cause) => {
        throw init.signal.aborted || fault === "http2" ? cause : error;
      });
      // Meanwhile another request may have shown that the first version serves.
      if (this.#versions.isMismatch(origin, fault)) this.#versions.settle(origin, other);
      return response;
    }
    if (this.#versions.isRefusal(origin, refused.status)) {
      const response = await this.#send(other, url, init, fetch).catch(() => undefined);
      if (response !== undefined && response.status < 400) {
        await refused.body?.cancel().catch(() => {});
        this.#versions.settle(origin, other);
        return response;
      }
      await response?.body?.cancel().catch(() => {});
      // What was cancelled has not shown that the other one does not serve.
      if (init.signal.aborted) return refused;
    }
    this.#versions.settle(origin, version);
    return refused;
  }

  /** Returns why the last connection to a URL's host failed, if a rule said where it leads. */
  connectFailure(url: URL): Error | undefined {
    return this.#relay?.failure(bareHost(url.hostname), portOf(url));
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

  /** Sends later requests over new connections; those that are under way go on. */
  renew(): void {
    this.#closeClients();
    if (this.#shared !== undefined) sharedClient.renew();
    this.#avoidsDefault = true;
  }

  #closeClients(): void {
    for (const lanes of this.#http2.values()) lanes.close();
    this.#http2.clear();
    this.#http1.usual?.close();
    this.#http1.relayed?.close();
    this.#http1.usual = this.#http1.relayed = undefined;
    for (const client of this.#direct.values()) client.close();
    this.#direct.clear();
  }

  /**
   * Throws once all is closed: a client that was created for a request which went on meanwhile would never be
   * closed.
   */
  #expectOpen(): void {
    if (this.#isClosed) throw new DOMException("The connections are closed", "AbortError");
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#closeClients();
    this.#shared?.[Symbol.dispose]();
    this.#shared = undefined;
    const relay = await this.#relaying?.catch(() => undefined);
    this.#relaying = this.#relay = undefined;
    await relay?.close();
  }

  /**
   * Sends a request by one version. If a name that has never answered has a dead address where others
   * accept connections, the request, which cannot have been sent, is sent again by one of these.
   */
  async #send(version: ClientVersion, url: URL, init: Init, fetch: Fetch): Promise<Response> {
    const send = (signal: AbortSignal) => this.#sendOnce(version, url, { ...init, signal }, fetch);
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
    return await this.#send(version, url, init, fetch);
  }

  async #sendOnce(version: ClientVersion, url: URL, init: Init, fetch: Fetch): Promise<Response> {
    const isRelayed = this.#isRelayed(url);
    if (isRelayed) await (this.#relaying ??= this.#openRelay());
    this.#expectOpen();
    if (version === "http1") {
      return await fetch(url, withClient(init, this.#http1Client(url, isRelayed)));
    }
    // Loaded on demand: few servers need it.
    const [{ Http2Lanes }, { watchBody }] = await Promise.all([
      import("./http2_lanes.ts"),
      import("./watched_body.ts"),
    ]);
    this.#expectOpen();
    const place = `${url.origin} ${isRelayed}`;
    let lanes = this.#http2.get(place);
    if (lanes === undefined) {
      const open = () => isRelayed ? this.#relayedClient("http2") : this.#usualClient("http2");
      this.#http2.set(place, lanes = new Http2Lanes(open));
    }
    const { client, release } = lanes.take();
    try {
      return watchBody(await fetch(url, withClient(init, client)), release);
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Reports whether a name may be connected to by another of its addresses. */
  #mayReroute({ hostname, host }: URL): boolean {
    const { proxy, connect } = this.#options;
    return !this.#answered.has(host) && !this.#rerouted.has(host) && !proxy &&
      connect.localAddress === undefined && !connect.choosesTargets &&
      /[a-z]/i.test(hostname) && !hostname.startsWith("[") && !/(^|\.)localhost$/.test(hostname) &&
      typeof Deno !== "undefined" && (proxy === false || !mayHaveProxies()) &&
      mayConnect(LOOPBACK);
  }

  /** Reports whether connections for `url` lead through the relay. */
  #isRelayed(url: URL): boolean {
    return this.#rerouted.has(url.host) ||
      (this.#options.connect.apply(url.hostname, portOf(url)) && !this.#isDirect(url));
  }

  /**
   * Reports whether connections for `url` lead to one address, and without TLS, so that the platform's client
   * can do that itself.
   */
  #isDirect(url: URL): boolean {
    const { connect } = this.#options;
    const { addresses } = connect.target(url.hostname, portOf(url));
    return connect.isPinned && url.protocol === "http:" && addresses?.length === 1 &&
      connect.localAddress === undefined;
  }

  /** Reports whether the version of HTTP for `url` may depend on the server. */
  #mayChange({ protocol }: URL): boolean {
    return this.#options.http === "auto" && protocol === "https:" && !this.#setsHost &&
      typeof Deno !== "undefined";
  }

  #versionFor(url: URL): ClientVersion {
    if (this.#mayChange(url)) return this.#versions.of(url.origin);
    // HTTP/2 is negotiated by TLS: a plain server speaks HTTP/1.1.
    return this.#options.http === "http2" && url.protocol === "https:" ? "http2" : "http1";
  }

  #http1Client(url: URL, isRelayed: boolean): Client {
    // Elsewhere, `fetch` takes no client.
    if (typeof Deno === "undefined") return undefined;
    if (isRelayed) return this.#http1.relayed ??= this.#relayedClient("http1");
    if (this.#isDirect(url)) return this.#directClient(url);
    if (!this.#suffices) return this.#http1.usual ??= this.#usualClient("http1");
    // Over TLS, the default client would use HTTP/2 where it is offered.
    if (url.protocol === "http:" && !this.#avoidsDefault) return undefined;
    this.#shared ??= sharedClient.hold();
    return sharedClient.client;
  }

  /** Whether the platform's default client, or the shared one for TLS, is that of the download. */
  get #suffices(): boolean {
    const { http, caCerts, proxy, noProxy, clientCertificate, connect } = this.#options;
    const isUsual = http !== "http1" && caCerts.length === 0 && clientCertificate === undefined;
    const goesDirectly = proxy === undefined && noProxy === undefined &&
      connect.localAddress === undefined;
    return isUsual && goesDirectly && !this.#setsHost;
  }

  #usualClient(version: ClientVersion): Deno.HttpClient {
    const { proxy, noProxy, connect } = this.#options;
    const options = this.#clientOptions(version);
    if (proxy && !(noProxy !== undefined && hasAllHosts(noProxy))) options.proxy = proxy.client;
    if (connect.localAddress !== undefined) options.localAddress = connect.localAddress;
    const environment = {
      ...{ proxies: proxy !== false, noProxy },
      option: proxy === false ? "proxy" : "noProxy",
    };
    return withProxyEnvironment(environment, () => Deno.createHttpClient(options));
  }

  /** Creates a client that connects through the relay, which is open. */
  #relayedClient(version: ClientVersion): Deno.HttpClient {
    return this.#leadingClient(version, this.#relay!.proxy);
  }

  #directClient(url: URL): Deno.HttpClient {
    const { addresses, port } = this.#options.connect.target(url.hostname, portOf(url));
    const [address] = addresses!;
    const key = `${address} ${port}`;
    const known = this.#direct.get(key);
    if (known !== undefined) return known;
    const hostname = address!.includes(":") ? `[${address}]` : address!;
    const client = this.#leadingClient("http1", { transport: "tcp", hostname, port });
    this.#direct.set(key, client);
    return client;
  }

  /** Creates a client whose connections lead to, or through, one place. */
  #leadingClient(version: ClientVersion, proxy: Deno.Proxy): Deno.HttpClient {
    const options = { ...this.#clientOptions(version), proxy };
    // A host in NO_PROXY would be connected to elsewhere.
    const option = this.#options.connect.isPinned ? "eachAddress" : "connect";
    const environment = { proxies: true, noProxy: "", option };
    return withProxyEnvironment(environment, () => Deno.createHttpClient(options));
  }

  async #openRelay(): Promise<Relay> {
    const [{ Dialer }, { Relay }] = await Promise.all([
      import("./dialer.ts"),
      import("./relay.ts"),
    ]);
    const dialer: Dialer = new Dialer({ rules: this.#options.connect });
    return this.#relay = await Relay.open((host, port, signal) => dialer.dial(host, port, signal));
  }

  #clientOptions(version: ClientVersion): Deno.CreateHttpClientOptions {
    const { caCerts, clientCertificate } = this.#options;
    return {
      caCerts: [...caCerts],
      http1: version === "http1",
      // Deno would send the host of the URL beside it (:authority), which servers refuse.
      http2: version === "http2",
      allowHost: this.#setsHost,
      ...clientCertificate,
    };
  }

  get #setsHost(): boolean {
    return this.#options.headers.has("host");
  }
}

function withClient(init: Init, client: Client): RequestInit {
  const own: RequestInit & { client?: Deno.HttpClient } = { ...init };
  if (client !== undefined) own.client = client;
  return own;
}

/**
 * Which hosts the proxy may be sent to, so that nobody uses it to reach what only its own machine
 * or network can reach (server-side request forgery, CWE-918). A name is looked up as `fetch` does
 * it, but `fetch` does so once more: against a name server that changes its mind in between, let
 * `--deny-net` with networks stand guard as well, which Deno holds against the connection itself.
 *
 * @module
 */

import {
  fitsAddress,
  fitsName,
  type HostPattern,
  isNetwork,
  parseHostPattern,
} from "./host_pattern.ts";
import {
  type AddressClass,
  classifyAddress,
  type IpAddress,
  parseIpAddress,
} from "./ip_address.ts";
import { DnsCache, type DnsCacheOptions } from "./dns_cache.ts";
import { Problem } from "../problem.ts";

/** Options of an {@linkcode AddressPolicy}. */
export interface AddressPolicyOptions extends DnsCacheOptions {
  /**
   * Whether addresses that are not public may be used: private ones, loopback and whatever else has
   * a special purpose. Where a cloud's machines get their credentials stays closed all the same.
   *
   * @default {false}
   */
  allowPrivate?: boolean;
  /**
   * The only hosts that may be used, public or not: `one.example`, `*.example` (every name below
   * it), either with a port as in `one.example:8080`, addresses, or networks like `10.0.0.0/8`.
   * Networks let a name through when all of its addresses lie in them. An empty list allows none.
   *
   * @default {every public host}
   */
  allowHosts?: readonly string[];
}

/** What the operator may allow besides one host. */
const WIDE = "--allow-private or ";

/** What a host that is not used is, in words. */
const WORDS: Readonly<Record<Exclude<AddressClass, "public">, string>> = {
  "unspecified": "the unspecified address",
  "loopback": "a loopback address",
  "private": "a private address",
  "shared": "an address behind a provider's NAT",
  "link-local": "a link-local address",
  "cloud metadata": "the address of a cloud's metadata service",
  "multicast": "a multicast address",
  "broadcast": "the broadcast address",
  "documentation": "an address for documentation",
  "benchmarking": "an address for benchmarks",
  "reserved": "a reserved address",
};

/** Decides which hosts may be used. */
export class AddressPolicy {
  readonly #allowPrivate: boolean;
  readonly #allowed: readonly HostPattern[] | undefined;
  readonly #names: DnsCache;

  /**
   * Sets up the policy.
   *
   * @throws {TypeError} when a pattern of `allowHosts` cannot be read
   */
  constructor(options: AddressPolicyOptions = {}) {
    this.#allowPrivate = options.allowPrivate ?? false;
    this.#allowed = options.allowHosts?.map(parseHostPattern);
    this.#names = new DnsCache(options);
  }

  /**
   * Fulfils when the URL's host may be used. Rejects with a {@linkcode Problem} of status 403 when
   * it may not, with another error when its name cannot be resolved, and with the signal's reason
   * when that aborts.
   */
  async check(url: URL, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (url.protocol !== "http:" && url.protocol !== "https:") {
      throw new Problem(
        403,
        `${url.protocol} URLs are not used by this proxy, only http: and https:`,
      );
    }
    const host = url.hostname.replace(/\.+$/, "");
    const literal = parseIpAddress(host);
    if (this.#allowed !== undefined) return await this.#checkAllowed(url, host, literal, signal);
    if (literal !== undefined) return this.#checkPurpose(literal, host, "is");
    if (!this.#allowPrivate && (!host.includes(".") || host.endsWith(".localhost"))) {
      throw refusal(host, "is a name that means something on this machine or network only", WIDE);
    }
    for (const text of await this.#names.addresses(host, signal)) {
      this.#checkPurpose(parseIpAddress(text), host, "leads to");
    }
  }

  async #checkAllowed(
    url: URL,
    host: string,
    literal: IpAddress | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const port = url.port || (url.protocol === "https:" ? "443" : "80");
    const patterns = this.#allowed!.filter((pattern) => (pattern.port ?? port) === port);
    const lies = (address: IpAddress | undefined) =>
      patterns.some((pattern) => fitsAddress(pattern, address));
    if (patterns.some((pattern) => fitsName(pattern, host)) || lies(literal)) return;
    if (literal === undefined && patterns.some(isNetwork)) {
      const addresses = await this.#names.addresses(host, signal);
      if (addresses.every((text) => lies(parseIpAddress(text)))) return;
    }
    throw refusal(url.host, "is none of the hosts that this proxy may use");
  }

  #checkPurpose(address: IpAddress | undefined, host: string, verb: string): void {
    const purpose = address === undefined ? "reserved" : classifyAddress(address);
    if (purpose === "public") return;
    if (this.#allowPrivate && purpose !== "cloud metadata") return;
    const way = purpose === "cloud metadata" ? "" : WIDE;
    // The address itself is not named: what a name leads to inside is nobody's business outside.
    throw refusal(host, `${verb} ${WORDS[purpose]}`, way);
  }
}

function refusal(host: string, why: string, wide = ""): Problem {
  return new Problem(
    403,
    `${host} ${why}; the proxy's operator can allow it with ${wide}--allow-host`,
  );
}

/**
 * Makes a `fetch` that requests only what the policy lets through. It rejects with a
 * `Deno.errors.NotCapable` whose `cause` is the policy's {@linkcode Problem} where that refuses,
 * and with a `TypeError` when redirects are to be followed.
 */
export function guardedFetch(
  fetch: typeof globalThis.fetch,
  policy: Pick<AddressPolicy, "check">,
): typeof globalThis.fetch {
  return async (
    input: URL | Request | string,
    init?: RequestInit & { client?: Deno.HttpClient },
  ): Promise<Response> => {
    const request = input instanceof Request ? input : undefined;
    const url = new URL(request?.url ?? String(input));
    if ((init?.redirect ?? request?.redirect ?? "follow") === "follow") {
      throw new TypeError(
        `${url.host}: redirect is "follow", but each URL has to be checked first`,
      );
    }
    try {
      await policy.check(url, init?.signal ?? request?.signal);
    } catch (cause) {
      if (!(cause instanceof Problem)) throw cause;
      // What Deno's own permissions would throw: it is final, no retry will change it.
      throw new Deno.errors.NotCapable(`${url.host} is refused: ${cause.detail}`, { cause });
    }
    return await fetch(input, init);
  };
}

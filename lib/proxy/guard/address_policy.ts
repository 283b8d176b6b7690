/**
 * Decides which hosts the proxy may connect to, and checks every request to a mirror. It keeps
 * clients from reaching private addresses through the proxy (server-side request forgery, CWE-918).
 *
 * A name is resolved here as `fetch` does it, but `fetch` resolves it once more. A name server can
 * return another address then (DNS rebinding). `--deny-net` with networks closes that gap, because
 * Deno checks it against the address it connects to.
 *
 * @module
 */

import { portOf, withoutLastDots } from "../../http/address/host.ts";
import {
  HOST_PATTERNS,
  type HostPattern,
  isNetwork,
  matchesAddress,
  matchesName,
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

export interface AddressPolicyOptions extends DnsCacheOptions {
  /**
   * Whether private, loopback and other special-purpose addresses are allowed. Cloud metadata
   * services stay blocked, because they hand out credentials, whatever the options.
   *
   * @default {false}
   */
  allowPrivate?: boolean | undefined;
  /**
   * The only hosts allowed, public or not: `one.example`, `*.example` (every name below it), either
   * with a port as in `one.example:8080`, addresses, or networks like `10.0.0.0/8`. A network allows
   * a name when it contains all of the name's addresses. An empty list allows none.
   *
   * @default {every public host}
   */
  allowHosts?: readonly string[] | undefined;
}

const DESCRIPTIONS: Readonly<Record<Exclude<AddressClass, "public">, string>> = {
  "unspecified": "the unspecified address",
  "loopback": "a loopback address",
  "private": "a private address",
  "shared": "an address behind a carrier-grade NAT",
  "link-local": "a link-local address",
  "cloud metadata": "the address of a cloud metadata service",
  "multicast": "a multicast address",
  "broadcast": "the broadcast address",
  "documentation": "an address reserved for documentation",
  "benchmarking": "an address reserved for benchmarks",
  "reserved": "a reserved address",
};

export class AddressPolicy {
  readonly #allowPrivate: boolean;
  readonly #allowed: readonly HostPattern[] | undefined;
  readonly #names: DnsCache;

  /**
   * Creates a policy.
   *
   * @throws {TypeError} when `allowHosts` has an invalid pattern
   */
  constructor(options: AddressPolicyOptions = {}) {
    this.#allowPrivate = options.allowPrivate ?? false;
    this.#allowed = options.allowHosts?.map((text) => {
      const pattern = parseHostPattern(text);
      if (pattern !== undefined) return pattern;
      throw new TypeError(`allowHosts has "${text}", but must have ${HOST_PATTERNS}`);
    });
    this.#names = new DnsCache(options);
  }

  /**
   * Resolves when the host of `url` is allowed. Rejects with a {@linkcode Problem} of status 403
   * when it is not, with another error when its name cannot be resolved, and with the signal's
   * reason when that aborts.
   */
  async check(url: URL, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (url.protocol !== "http:" && url.protocol !== "https:") {
      throw new Problem(
        403,
        `${url.protocol} URLs are not supported, only http: and https:`,
      );
    }
    const host = withoutLastDots(url.hostname);
    const literal = parseIpAddress(host);
    if (literal !== undefined && isMetadata(literal)) throw metadataRefusal(host, "is");
    if (this.#allowed !== undefined) return await this.#checkAllowed(url, host, literal, signal);
    if (literal !== undefined) return this.#checkPurpose(literal, host, "is");
    if (!this.#allowPrivate && (!host.includes(".") || host.endsWith(".localhost"))) {
      throw refusal(host, "is a name of the local machine or network", "private");
    }
    for (const text of await this.#names.addresses(host, signal)) {
      this.#checkPurpose(parseIpAddress(text), host, "resolves to");
    }
  }

  async #checkAllowed(
    url: URL,
    host: string,
    literal: IpAddress | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const port = `${portOf(url)}`;
    const patterns = this.#allowed!.filter((pattern) => (pattern.port ?? port) === port);
    const isListed = (address: IpAddress | undefined) =>
      patterns.some((pattern) => matchesAddress(pattern, address));
    if (isListed(literal)) return;
    const isNamed = patterns.some((pattern) => matchesName(pattern, host));
    if (literal === undefined && (isNamed || patterns.some(isNetwork))) {
      const addresses = await this.#allowedAddresses(host, isNamed, signal);
      if (addresses.some(isMetadata)) throw metadataRefusal(host, "resolves to");
      if (isNamed || addresses.every(isListed)) return;
    }
    throw refusal(url.host, "is not on this proxy's list of allowed hosts", "listed");
  }

  /** Returns the addresses of a name; none if it is allowed by name, and cannot be resolved here. */
  async #allowedAddresses(
    host: string,
    isNamed: boolean,
    signal: AbortSignal | undefined,
  ): Promise<(IpAddress | undefined)[]> {
    try {
      return (await this.#names.addresses(host, signal)).map(parseIpAddress);
    } catch (error) {
      signal?.throwIfAborted();
      // The request fails for the same reason, unless a proxy resolves the name.
      if (isNamed) return [];
      throw error;
    }
  }

  #checkPurpose(address: IpAddress | undefined, host: string, verb: "is" | "resolves to"): void {
    const purpose = address === undefined ? "reserved" : classifyAddress(address);
    if (purpose === "public") return;
    if (purpose === "cloud metadata") throw metadataRefusal(host, verb);
    if (this.#allowPrivate) return;
    // Without the address itself: clients must not learn what a name resolves to in this network.
    throw refusal(host, `${verb} ${DESCRIPTIONS[purpose]}`, "private");
  }
}

function isMetadata(address: IpAddress | undefined): boolean {
  return address !== undefined && classifyAddress(address) === "cloud metadata";
}

/** Returns the refusal of an address that hands out credentials of the machine: no option allows it. */
function metadataRefusal(host: string, verb: "is" | "resolves to"): Problem {
  return new Problem(
    403,
    `${host} ${verb} ${DESCRIPTIONS["cloud metadata"]}, which is never allowed`,
  );
}

/**
 * How the operator can allow a host. The same handler runs in the command, in other servers, and in
 * `deno serve`, which has neither flags nor options.
 */
const ADVICE = {
  private: "--allow-private or --allow-host of the command, allowPrivate or allowHosts of " +
    "createHandler()",
  listed: "--allow-host of the command, allowHosts of createHandler()",
};

function refusal(host: string, why: string, advice: keyof typeof ADVICE): Problem {
  return new Problem(403, `${host} ${why}; the proxy's operator can allow it: ${ADVICE[advice]}`);
}

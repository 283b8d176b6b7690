/**
 * Which hosts the proxy may be sent to, so that nobody uses it to reach what only its own machine
 * or network can reach (server-side request forgery, CWE-918). A name is looked up as `fetch` does
 * it, but `fetch` does so once more: against a name server that changes its mind in between, let
 * `--deny-net` with networks stand guard as well, which Deno holds against the connection itself.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { unlessAborted } from "../unless_aborted.ts";
import {
  type AddressClass,
  classifyAddress,
  contains,
  type IpAddress,
  type IpNetwork,
  parseIpAddress,
  parseIpNetwork,
} from "./ip_address.ts";
import { Problem } from "./problem.ts";

/** Options of an {@linkcode AddressPolicy}. */
export interface AddressPolicyOptions {
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
  /**
   * Gives all addresses of a name.
   *
   * @default {what the operating system says, the hosts file included}
   */
  resolve?: (name: string) => Promise<readonly string[]>;
  /**
   * The time in milliseconds, from any start.
   *
   * @default {performance.now}
   */
  now?: () => number;
}

/** How long the addresses of a name are remembered, in milliseconds. */
const REMEMBER_MS = 30_000;
/**
 * How long it is remembered that a name cannot be resolved, in milliseconds: not for long, as that
 * may be over soon, but all mirrors of a request, and the seeks that follow, need not wait anew.
 */
const REMEMBER_FAILURE_MS = 5000;
/** The most names that are remembered. */
const MOST_NAMES = 1000;

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

/** Hosts that may be used, by name or by address; on one port only, where one is given. */
type Pattern =
  & { readonly port: string | undefined }
  & ({ readonly name: string; readonly below: boolean } | { readonly network: IpNetwork });

interface Remembered {
  readonly addresses: Promise<readonly string[]>;
  /** Until when that holds; failures shorten it. */
  until: number;
}

/** Decides which hosts may be used. */
export class AddressPolicy {
  readonly #allowPrivate: boolean;
  readonly #allowed: readonly Pattern[] | undefined;
  readonly #resolve: (name: string) => Promise<readonly string[]>;
  readonly #now: () => number;
  readonly #names = new Map<string, Remembered>();

  /**
   * Sets up the policy.
   *
   * @throws {TypeError} when a pattern of `allowHosts` cannot be read
   */
  constructor(options: AddressPolicyOptions = {}) {
    this.#allowPrivate = options.allowPrivate ?? false;
    this.#allowed = options.allowHosts?.map(parsePattern);
    this.#resolve = options.resolve ?? resolve;
    this.#now = options.now ?? (() => performance.now());
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
    for (const text of await this.#lookUp(host, signal)) {
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
    const networks = patterns.filter((pattern) => "network" in pattern);
    const lies = (address: IpAddress | undefined) =>
      address !== undefined && networks.some(({ network }) => contains(network, address));
    const named = patterns.some((pattern) => "name" in pattern && fits(pattern, host));
    if (named || lies(literal)) return;
    if (literal === undefined && networks.length > 0) {
      const addresses = await this.#lookUp(host, signal);
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

  /** All addresses of a name; there is at least one. */
  async #lookUp(name: string, signal: AbortSignal | undefined): Promise<readonly string[]> {
    try {
      const addresses = await unlessAborted(this.#remember(name), signal);
      if (addresses.length === 0) throw new Error("it has no address");
      return addresses;
    } catch (cause) {
      signal?.throwIfAborted();
      throw new Error(`${name} cannot be resolved: ${messageOf(cause)}`, { cause });
    }
  }

  #remember(name: string): Promise<readonly string[]> {
    const now = this.#now();
    const known = this.#names.get(name);
    if (known !== undefined && known.until > now) return known.addresses;
    this.#names.delete(name);
    const [oldest] = this.#names.keys();
    if (this.#names.size >= MOST_NAMES) this.#names.delete(oldest!);
    const remembered: Remembered = { addresses: this.#resolve(name), until: now + REMEMBER_MS };
    this.#names.set(name, remembered);
    remembered.addresses.catch(() => {
      remembered.until = this.#now() + REMEMBER_FAILURE_MS;
    });
    return remembered.addresses;
  }
}

/** All addresses of a name, from where `fetch` has them. */
async function resolve(name: string): Promise<string[]> {
  const addresses = await lookup(name, { all: true });
  return addresses.map(({ address }) => address);
}

function parsePattern(text: string): Pattern {
  const network = parseIpNetwork(text) ?? single(parseIpAddress(text));
  if (network !== undefined) return { network, port: undefined };
  const below = text.startsWith("*.");
  const host = below ? text.slice(2) : text;
  const url = /^[^*/\\?#@\s]+$/.test(host) ? URL.parse(`http://${host}/`) : null;
  const name = url?.hostname.replace(/\.+$/, "");
  const address = single(parseIpAddress(name ?? ""));
  if (!name || (below && address !== undefined)) {
    throw new TypeError(
      `allowHosts has "${text}", but takes hosts like one.example, *.one.example or ` +
        `one.example:8080, and networks like 10.0.0.0/8`,
    );
  }
  // The URL does not keep port 80.
  const [, digits] = /:(\d+)$/.exec(host) ?? [];
  const port = digits === undefined ? undefined : String(Number(digits));
  return address === undefined ? { name, below, port } : { network: address, port };
}

function fits({ name, below }: { name: string; below: boolean }, host: string): boolean {
  return below ? host.endsWith(`.${name}`) : host === name;
}

/** The network of one address alone. */
function single(address: IpAddress | undefined): IpNetwork | undefined {
  return address && { ...address, prefix: address.version === 4 ? 32 : 128 };
}

function refusal(host: string, why: string, wide = ""): Problem {
  return new Problem(
    403,
    `${host} ${why}; the proxy's operator can allow it with ${wide}--allow-host`,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

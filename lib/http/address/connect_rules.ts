/**
 * Rules for where connections lead: other addresses for a name, or another host, while the URL, the
 * `Host` header and the name in the certificate stay what they are. As curl's `--resolve` and
 * `--connect-to`. Pure.
 *
 * @module
 */

import { OptionRangeError, OptionTypeError } from "../../option_errors.ts";
import { addressIn, bareHost, hostIn } from "./host.ts";

/** Where connections lead; anything left out is looked up as usual. */
export interface ConnectOptions {
  /**
   * IP addresses to connect to, by `host:port`; `*:port` is any other host. They are tried in order, a
   * quarter of a second apart, until one accepts the connection.
   */
  readonly resolve?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /**
   * Another `host:port` to connect to, by `host:port`. In a key, an empty host or port is any; in a
   * value, it stays as it is. The first key that fits is used, then `resolve`.
   */
  readonly connectTo?: Readonly<Record<string, string>> | undefined;
  /** Connect to IPv4 or IPv6 addresses only. */
  readonly family?: 4 | 6 | undefined;
  /** IP address of this machine from which connections are made. */
  readonly localAddress?: string | undefined;
}

/** Where a connection leads. */
export interface ConnectTarget {
  /** A name, or an IP address without brackets. */
  readonly host: string;
  readonly port: number;
  /** The IP addresses to connect to; `undefined` to look up `host`. */
  readonly addresses: readonly string[] | undefined;
}

interface Place {
  /** Normalized, an IPv6 address without brackets; "" for any. */
  readonly host: string;
  /** `undefined` for any. */
  readonly port: number | undefined;
}

/** Rules that were checked. */
export class ConnectRules {
  readonly family: 4 | 6 | undefined;
  readonly localAddress: string | undefined;
  readonly #resolve: ReadonlyMap<string, readonly string[]>;
  readonly #connectTo: readonly (readonly [from: Place, to: Place])[];
  readonly #options: ConnectOptions;
  #pinned: { readonly host: string; readonly addresses: readonly string[] } | undefined;

  /**
   * Checks the options.
   *
   * @throws {OptionTypeError | OptionRangeError} one is invalid; names it
   */
  constructor(options: ConnectOptions = {}) {
    const { resolve = {}, connectTo = {}, family, localAddress } = this.#options = options;
    if (family !== undefined && family !== 4 && family !== 6) {
      throw new OptionRangeError("connect.family", `is ${family}, but must be 4 or 6`);
    }
    this.family = family;
    this.localAddress = localAddress === undefined
      ? undefined
      : checkAddress("connect.localAddress", localAddress);
    const isIPv6 = this.localAddress?.includes(":");
    if (family !== undefined && isIPv6 !== undefined && isIPv6 !== (family === 6)) {
      throw new OptionRangeError(
        "connect.localAddress",
        `is "${localAddress}", which is not an IPv${family} address`,
      );
    }
    this.#resolve = new Map(
      entries("connect.resolve", resolve).map(([key, value]) => {
        const option = `connect.resolve["${key}"]`;
        const place = parsePlace("connect.resolve", key, { wildcard: true });
        const addresses = typeof value === "string" ? [value] : value;
        if (!Array.isArray(addresses) || addresses.length === 0) {
          throw new OptionTypeError(option, "has no address, but must be one or a list of them");
        }
        return [keyOf(place), addresses.map((address) => checkAddress(option, address))];
      }),
    );
    this.#connectTo = entries("connect.connectTo", connectTo).map(([key, value]) => {
      const option = `connect.connectTo["${key}"]`;
      return [parsePlace("connect.connectTo", key), parsePlace(option, value)];
    });
  }

  /** Reports whether a rule says where connections to `host` lead, other than `localAddress`. */
  apply(host: string, port: number): boolean {
    host = bareHost(host);
    const target = this.target(host, port);
    return this.family !== undefined || target.addresses !== undefined || target.host !== host ||
      target.port !== port;
  }

  /**
   * Returns the same rules, by which connections that lead to the name `host` lead to some of its addresses
   * only, which are tried in order.
   */
  pinned(host: string, addresses: readonly string[]): ConnectRules {
    const rules = new ConnectRules(this.#options);
    rules.#pinned = { host: bareHost(host), addresses };
    return rules;
  }

  /** Whether connections to a name lead to some of its addresses only. */
  get isPinned(): boolean {
    return this.#pinned !== undefined;
  }

  /** Whether there are rules that a proxy would make useless. */
  get choosesTargets(): boolean {
    return this.family !== undefined || this.#resolve.size > 0 || this.#connectTo.length > 0 ||
      this.isPinned;
  }

  /** Returns where a connection to `host` leads; an IPv6 address may be in brackets. */
  target(host: string, port: number): ConnectTarget {
    host = bareHost(host);
    const to = this.#connectTo.find(([from]) =>
      (from.host === "" || from.host === host) && (from.port === undefined || from.port === port)
    )?.[1];
    host = to?.host || host;
    port = to?.port ?? port;
    const addresses = this.#resolve.get(keyOf({ host, port })) ??
      this.#resolve.get(keyOf({ host: "*", port }));
    if (this.#pinned?.host !== host) return { host, port, addresses };
    const pinned = this.#pinned.addresses;
    // At another port, the user's list may have others.
    const usable = pinned.filter((address) => addresses?.includes(address) ?? true);
    return { host, port, addresses: usable.length > 0 ? usable : addresses };
  }
}

function entries<Value>(
  option: string,
  value: Readonly<Record<string, Value>>,
): [key: string, value: Value][] {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return Object.entries(value);
  }
  throw new OptionTypeError(option, "must be an object whose keys are like one.example:443");
}

/** Parses `host:port`; with `wildcard`, both are needed, and `*` is any host. */
function parsePlace(option: string, text: unknown, { wildcard = false } = {}): Place {
  const [, hostText = "", portText = ""] =
    /^(\[[^\]]*\]|[^:[\]]*):(\d*)$/.exec(typeof text === "string" ? text : "") ?? [undefined, "?"];
  const host = hostText === "" || (wildcard && hostText === "*") ? hostText : hostIn(hostText);
  const port = portText === "" ? undefined : Number(portText);
  const complete = !wildcard || (host !== "" && port !== undefined);
  if (host === undefined || !complete || (port !== undefined && (port < 1 || port > 65_535))) {
    throw new OptionTypeError(
      option,
      `has ${JSON.stringify(text)}, which is not like one.example:443 or [::1]:443`,
    );
  }
  return { host, port };
}

function checkAddress(option: string, text: unknown): string {
  const address = typeof text === "string" ? addressIn(text) : undefined;
  if (address !== undefined) return address;
  throw new OptionTypeError(
    option,
    `is ${JSON.stringify(text)}, but must be an IP address like 127.0.0.1 or ::1`,
  );
}

function keyOf({ host, port }: Place): string {
  return `${host} ${port}`;
}

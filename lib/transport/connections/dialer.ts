/**
 * Opens TCP connections by rules (see `lib/http/address/connect_rules.ts`). A name may have many addresses, of
 * which some are dead: they are tried a quarter of a second apart, the families in turn, and the first
 * that accepts is used. Follows RFC 8305 sections 4 and 5 (Happy Eyeballs). Sockets and lookups are those
 * that Deno has of Node.js: its own have no local address, no reset, and no lookup by family.
 *
 * @module
 */

import type { LookupAddress } from "node:dns";
import type { Socket } from "node:net";
import { addressIn } from "../../http/address/host.ts";
import type { ConnectRules, ConnectTarget } from "../../http/address/connect_rules.ts";
import { deferred } from "../../stand_ins.ts";

/** Time until the next address is tried beside the one before, in milliseconds. */
const ATTEMPT_MS = 250;

/** A name with more addresses than this is tried by the first of them. */
const MOST_ADDRESSES = 16;

export interface DialerOptions {
  readonly rules: ConnectRules;
  /** Looks up the addresses of a name. @default that of the system */
  readonly lookup?: ((host: string, family: 0 | 4 | 6) => Promise<LookupAddress[]>) | undefined;
}

export type { Socket };

/** Connects to a host. Rejects with a {@linkcode DialError}, or the reason of `signal`. */
export type Dial = (host: string, port: number, signal: AbortSignal) => Promise<Socket>;

/** An error with a code of the system, like `ECONNREFUSED`. */
export interface DialError extends Error {
  readonly code?: string | undefined;
}

export class Dialer {
  readonly #options: DialerOptions;

  constructor(options: DialerOptions) {
    this.#options = options;
  }

  /** Returns where a connection to `host` leads. */
  target(host: string, port: number): ConnectTarget {
    return this.#options.rules.target(host, port);
  }

  /**
   * Connects to `host`, or to where the rules lead. Rejects with a {@linkcode DialError} if no address
   * accepts the connection, and with the reason of `signal`.
   */
  async dial(host: string, port: number, signal: AbortSignal): Promise<Socket> {
    signal.throwIfAborted();
    const target = this.target(host, port);
    const addresses = await this.addresses(target);
    return await this.#race(addresses, target.port, signal);
  }

  /** Returns the addresses to try, in order. Rejects if there are none. */
  async addresses({ host, addresses }: ConnectTarget): Promise<readonly string[]> {
    const { rules, lookup = lookUp } = this.#options;
    // From an address of one family, there is no way to one of the other.
    const family = rules.family ?? familyOf(rules.localAddress ?? "");
    const known = addresses ?? (familyOf(host) === 0 ? undefined : [host]);
    const found = known ?? (await lookup(host, family)).map(({ address }) => address);
    const usable = found.filter((address) => family === 0 || familyOf(address) === family);
    if (usable.length === 0) {
      throw new Error(`${host} has no IPv${family} address`);
    }
    // The order of a list is the user's.
    return known === undefined ? inTurn(usable).slice(0, MOST_ADDRESSES) : usable;
  }

  /** Tries the addresses until one accepts. */
  async #race(addresses: readonly string[], port: number, signal: AbortSignal): Promise<Socket> {
    const { connect } = await import("node:net");
    signal.throwIfAborted();
    const { localAddress } = this.#options.rules;
    const { promise, resolve, reject } = deferred<Socket>();
    const pending = new Set<Socket>();
    const failures: Error[] = [];
    let next = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const attempt = () => {
      clearTimeout(timer);
      const host = addresses[next++];
      if (host === undefined) return;
      const socket = connect({ host, port, localAddress, allowHalfOpen: true, noDelay: true });
      pending.add(socket);
      socket.once("connect", () => {
        // Two may connect at the same moment.
        if (!pending.delete(socket)) return;
        for (const other of pending) other.destroy();
        pending.clear();
        resolve(socket);
      });
      // Stays, so that a later error is never unhandled.
      socket.on("error", (error) => {
        if (!pending.delete(socket)) return;
        failures.push(error);
        if (failures.length === addresses.length) reject(failures[0]);
        else attempt();
      });
      timer = setTimeout(attempt, ATTEMPT_MS);
    };
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort);
    try {
      attempt();
      return await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      for (const socket of pending) socket.destroy();
    }
  }
}

/** Returns the family of an IP address; 0 for a name. */
function familyOf(host: string): 0 | 4 | 6 {
  if (host.includes(":")) return 6;
  return addressIn(host) === undefined ? 0 : 4;
}

async function lookUp(host: string, family: 0 | 4 | 6): Promise<LookupAddress[]> {
  // Always this machine, whatever its list of hosts has (RFC 6761 section 6.3).
  if (/(^|\.)localhost\.?$/i.test(host)) {
    return [{ address: "127.0.0.1", family: 4 }, { address: "::1", family: 6 }];
  }
  const { lookup } = await import("node:dns/promises");
  return await lookup(host, { all: true, family });
}

/** Returns the addresses with the families in turn, beginning with that of the first. */
export function inTurn(addresses: readonly string[]): string[] {
  const isIPv6 = (address: string) => address.includes(":");
  const first = addresses.filter((address) => isIPv6(address) === isIPv6(addresses[0]!));
  const second = addresses.filter((address) => !first.includes(address));
  const turns = Math.max(first.length, second.length);
  return Array.from({ length: turns }, (_, turn) => [first[turn], second[turn]])
    .flat().filter((address) => address !== undefined);
}

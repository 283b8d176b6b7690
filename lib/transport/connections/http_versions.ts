/**
 * Which version of HTTP servers are asked by, where both may be used: HTTP/1.1, by which requests that
 * run at the same time have connections of their own, and HTTP/2 for servers that speak nothing else, or
 * refuse HTTP/1.1.
 *
 * @module
 */

import type { NetworkFault } from "../../errors.ts";

/** A version that a client speaks. */
export type ClientVersion = "http1" | "http2";

/** Maximum number of servers that are remembered. */
const MOST_ORIGINS = 1000;

/** By these, servers refuse HTTP/1.1, or a client that speaks it; 464 is that of a load balancer. */
const REFUSALS: readonly number[] = [400, 403, 421, 426, 464, 505];

/** How connections to a server fail that speaks HTTP/2 only, whether it says so in TLS or not. */
const FAULTS: readonly (NetworkFault | undefined)[] = ["http2", "garbage", "tls", "empty", "reset"];

export class HttpVersions {
  readonly #settled = new Map<string, ClientVersion>();

  /** Returns the version to use for a server. */
  of(origin: string): ClientVersion {
    return this.#settled.get(origin) ?? "http1";
  }

  /** Records the version that serves a server's origin. */
  settle(origin: string, version: ClientVersion): void {
    if (this.#settled.get(origin) === version) return;
    this.#settled.delete(origin);
    this.#settled.set(origin, version);
    if (this.#settled.size <= MOST_ORIGINS) return;
    const [oldest] = this.#settled.keys();
    this.#settled.delete(oldest!);
  }

  /** Reports whether the other version may help against a status. */
  isRefusal(origin: string, status: number): boolean {
    return !this.#settled.has(origin) && REFUSALS.includes(status);
  }

  /** Reports whether the other version may help against a failure. */
  isMismatch(origin: string, fault: NetworkFault | undefined): boolean {
    return fault === "http2" || (!this.#settled.has(origin) && FAULTS.includes(fault));
  }
}

/** What is known in this process. */
export const processVersions: HttpVersions = new HttpVersions();

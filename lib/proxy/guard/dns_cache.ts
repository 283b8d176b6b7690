/**
 * Resolves names and caches their addresses for a short time, because every seek of a player names
 * the same mirrors again.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { unlessAborted } from "../../unless_aborted.ts";

export interface DnsCacheOptions {
  /** Returns all addresses of a name; by default as the operating system does, hosts file included. */
  resolve?: ((name: string) => Promise<readonly string[]>) | undefined;
  /** Returns a monotonic time in milliseconds. */
  now?: (() => number) | undefined;
}

/** How long addresses stay cached, in milliseconds. */
const SUCCESS_TTL_MS = 30_000;
/** How long a failure to resolve stays cached, in milliseconds: failures are often temporary. */
const FAILURE_TTL_MS = 5000;
const MAX_NAMES = 1000;

interface Entry {
  readonly addresses: Promise<readonly string[]>;
  /** When the entry expires; a failure shortens it. */
  expiresAt: number;
}

export class DnsCache {
  readonly #resolve: (name: string) => Promise<readonly string[]>;
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();

  constructor({ resolve = lookupAll, now = () => performance.now() }: DnsCacheOptions = {}) {
    this.#resolve = resolve;
    this.#now = now;
  }

  /**
   * Returns all addresses of a name, at least one. Rejects when it cannot be resolved, and with the
   * signal's reason when that aborts.
   */
  async addresses(name: string, signal: AbortSignal | undefined): Promise<readonly string[]> {
    try {
      const addresses = await unlessAborted(this.#lookup(name), signal);
      if (addresses.length === 0) throw new Error("it has no address");
      return addresses;
    } catch (cause) {
      signal?.throwIfAborted();
      throw new Error(`${name} cannot be resolved: ${messageOf(cause)}`, { cause });
    }
  }

  #lookup(name: string): Promise<readonly string[]> {
    const now = this.#now();
    const cached = this.#entries.get(name);
    if (cached !== undefined && cached.expiresAt > now) return cached.addresses;
    this.#entries.delete(name);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size >= MAX_NAMES) this.#entries.delete(oldest!);
    const entry: Entry = { addresses: this.#resolve(name), expiresAt: now + SUCCESS_TTL_MS };
    this.#entries.set(name, entry);
    entry.addresses.catch(() => {
      entry.expiresAt = this.#now() + FAILURE_TTL_MS;
    });
    return entry.addresses;
  }
}

/** Resolves a name as `fetch` does. */
async function lookupAll(name: string): Promise<string[]> {
  const addresses = await lookup(name, { all: true });
  return addresses.map(({ address }) => address);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * The addresses of names, remembered for a while: a request looks up each of its mirrors, and a seek
 * asks for the same ones again.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { unlessAborted } from "../../unless_aborted.ts";

/** What a {@linkcode DnsCache} works with. */
export interface DnsCacheOptions {
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

interface Remembered {
  readonly addresses: Promise<readonly string[]>;
  /** Until when that holds; failures shorten it. */
  until: number;
}

/** Looks names up, and remembers what was found. */
export class DnsCache {
  readonly #resolve: (name: string) => Promise<readonly string[]>;
  readonly #now: () => number;
  readonly #names = new Map<string, Remembered>();

  /** Remembers nothing yet. */
  constructor({ resolve = lookUp, now = () => performance.now() }: DnsCacheOptions = {}) {
    this.#resolve = resolve;
    this.#now = now;
  }

  /**
   * All addresses of a name; there is at least one. Rejects when it cannot be resolved, and with the
   * signal's reason when that aborts.
   */
  async addresses(name: string, signal: AbortSignal | undefined): Promise<readonly string[]> {
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
async function lookUp(name: string): Promise<string[]> {
  const addresses = await lookup(name, { all: true });
  return addresses.map(({ address }) => address);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Finds out that connections to a name hang because the first of its addresses is dead: it neither
 * accepts nor refuses them, while another accepts. The platform's HTTP client waits for such an address
 * for minutes (Deno 2.9; it tries the other family beside, but not another address of the same). The
 * lookup is that which Deno has of Node.js: its own asks name servers only, not the list of hosts.
 *
 * @module
 */

import type { LookupAddress } from "node:dns";
import { mayConnect } from "../../environment.ts";
import { afterRunning } from "../../after_running.ts";
import { unlessAborted } from "../../unless_aborted.ts";
import { deferred } from "../../stand_ins.ts";

/** A server has this long to answer before its addresses are tried, in milliseconds. */
const PATIENCE_MS = 1500;
/** An address that does not accept a connection within this time is dead, in milliseconds. */
const ACCEPT_MS = 1000;
/** So many addresses are tried. */
const MOST_ADDRESSES = 8;

export interface DeadAddressOptions {
  readonly host: string;
  readonly port: number;
  /** Ends the wait: the server has answered, or the answer is no longer needed. */
  readonly signal: AbortSignal;
  /** Looks up the addresses of a name, in the order in which they are used. @default that of the system */
  readonly lookup?: ((host: string) => Promise<LookupAddress[]>) | undefined;
}

/** Resolves to whether the first address of each family is dead, and another one is not. Never rejects. */
export async function isFirstAddressDead(options: DeadAddressOptions): Promise<boolean> {
  const { host, port, signal, lookup = lookUp } = options;
  try {
    await pause(PATIENCE_MS, signal);
    const found = (await lookup(host)).slice(0, MOST_ADDRESSES);
    signal.throwIfAborted();
    const firsts = [4, 6].flatMap((family) => found.find((one) => one.family === family) ?? []);
    const others = found.filter((one) => !firsts.includes(one));
    if (others.length === 0) return false;
    const late = new AbortController();
    const stop = afterRunning(ACCEPT_MS, () => late.abort());
    const limit = AbortSignal.any([signal, late.signal]);
    const of = (ones: readonly LookupAddress[]) =>
      Promise.all(ones.map(({ address }) => attempt(address, port, limit)));
    const [first, other] = await Promise.all([of(firsts), of(others)]).finally(stop);
    return first.every((one) => one === "silent") && other.includes("accepts");
  } catch {
    // The name does not resolve, or it need not be known any more.
    return false;
  }
}

async function lookUp(host: string): Promise<LookupAddress[]> {
  const { lookup } = await import("node:dns/promises");
  return await lookup(host, { all: true, order: "verbatim" });
}

async function attempt(
  hostname: string,
  port: number,
  signal: AbortSignal,
): Promise<"accepts" | "refuses" | "silent"> {
  // No prompt: the permissions may name hosts only.
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  if (!mayConnect(`${host}:${port}`)) return "refuses";
  try {
    (await Deno.connect({ hostname, port, signal })).close();
    return "accepts";
  } catch {
    return signal.aborted ? "silent" : "refuses";
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = deferred();
  const timer = setTimeout(resolve, ms);
  try {
    await unlessAborted(promise, signal);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Makes each address of the names in the mirrors' URLs a mirror of its own. Names are looked up as rules for
 * connections have it, else as the system does. A name that has one address, or whose lookup fails, stays
 * one mirror.
 *
 * @module
 */

import { bareHost, portOf } from "../../http/address/host.ts";
import type { MirrorSource } from "../../http/address/mirror_url.ts";
import { placesOf, requestedUrl, urlAt } from "../../http/address/named_address.ts";
import type { PolicySettings } from "../../policy/policies.ts";
import { MOST_CONNECTIONS } from "../../scheduler/mirror/lanes.ts";
import { Dialer, type DialerOptions } from "../../transport/connections/dialer.ts";
import { mayHaveProxies } from "../../transport/connections/proxy_environment.ts";
import { unlessAborted } from "../../unless_aborted.ts";
import { knownOf, type ResolvedOptions } from "./resolve_options.ts";

/** A lookup that takes longer is not waited for, in milliseconds. */
const LOOKUP_MS = 5000;

export interface EachAddressOptions {
  /** Ends the wait for lookups: names that are not known by then stay one mirror. */
  readonly signal: AbortSignal;
  /** Looks up the addresses of a name. @default that of the system */
  readonly lookup?: DialerOptions["lookup"];
}

/** A mirror, and the most requests that it may have under way where that is not what others may. */
interface Sharing {
  readonly mirror: MirrorSource;
  readonly connections: number | undefined;
}

/** Returns the options with more mirrors: one for each address. Never rejects. */
export async function withEachAddress(
  options: ResolvedOptions,
  { signal, lookup }: EachAddressOptions,
): Promise<ResolvedOptions> {
  const { connect: rules, mirrors, proxy, maxConnectionsPerMirror, notes } = options;
  // Only Deno's client can be told an address.
  if (typeof Deno === "undefined") return options;
  if (proxy === undefined && mayHaveProxies()) {
    const note = "the addresses of mirrors are not mirrors of their own: requests may go through " +
      "a proxy, which connects to the servers itself";
    return { ...options, notes: [...notes, note] };
  }
  const dialer = new Dialer({ rules, lookup });
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LOOKUP_MS)]);
  const found = new Map<string, Promise<readonly string[]>>();
  const addressesOf = (url: URL) => {
    const known = found.get(url.host);
    if (known !== undefined) return known;
    const addresses = dialer.addresses(dialer.target(bareHost(url.hostname), portOf(url)));
    const inTime = unlessAborted(addresses, limit).catch(() => []);
    found.set(url.host, inTime);
    return inTime;
  };
  const most = maxConnectionsPerMirror === "auto" ? MOST_CONNECTIONS : maxConnectionsPerMirror;
  const shared = await Promise.all(mirrors.map(async (mirror): Promise<Sharing[]> => {
    const places = placesOf(await addressesOf(new URL(mirror.url)), most);
    return places.length < 2 ? [{ mirror, connections: undefined }] : places.map((
      addresses,
      index,
    ) => ({
      mirror: { ...mirror, url: urlAt(mirror.url, addresses[0]!), addresses },
      // Together as many as one mirror has.
      connections: Math.ceil((most - index) / places.length),
    }));
  }));
  const all = shared.flat();
  if (all.length === mirrors.length) return options;
  return {
    ...options,
    mirrors: all.map(({ mirror }) => mirror),
    connections: all.map(({ connections }) => connections),
    knownFile: knownOf(options.knownFile, all.map(({ mirror }) => mirror)),
    policySettings: withDelays(options.policySettings, all.map(({ mirror }) => mirror)),
  };
}

/** Gives the delay of a URL to each of its addresses. */
function withDelays(settings: PolicySettings, mirrors: readonly MirrorSource[]): PolicySettings {
  const delays = mirrors.flatMap(({ url }): [string, number][] => {
    const blocks = settings.staticDelays.get(requestedUrl(url));
    return blocks === undefined ? [] : [[url, blocks]];
  });
  return { ...settings, staticDelays: new Map(delays) };
}

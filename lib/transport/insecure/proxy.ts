/**
 * Chooses the proxy for requests to https URLs as the platform's client does: from an option, or from
 * the environment.
 *
 * @module
 */

import { environmentVariable } from "../../environment.ts";
import { OptionTypeError } from "../../option_errors.ts";
import { parseProxyUrl, type ProxySource } from "../../http/address/proxy_url.ts";
import { bareHost } from "../../http/address/host.ts";

export interface ProxyChoice {
  /** The proxy for all requests; `undefined` for that of the environment, `false` for none. */
  readonly proxy: ProxySource | false | undefined;
  /** Hosts that are requested without a proxy; `undefined` for those of the environment. */
  readonly noProxy: string | undefined;
}

/** Returns the proxy for requests to `url`; `undefined` for none. */
export function proxyFor(
  url: URL,
  { proxy, noProxy }: ProxyChoice,
  variable: (name: string) => string | undefined = environmentVariable,
): ProxySource | undefined {
  const read = (...names: string[]) =>
    names.flatMap((name) => [name, name.toLowerCase()]).map(variable).find(Boolean);
  if (proxy === false || isExcepted(bareHost(url.hostname), noProxy ?? read("NO_PROXY") ?? "")) {
    return undefined;
  }
  if (proxy !== undefined) return tunnelProxy(proxy);
  const text = read("ALL_PROXY", "HTTPS_PROXY");
  if (text === undefined) return undefined;
  return tunnelProxy(parseProxyUrl(/^[\w+.-]+:\/\//.test(text) ? text : `http://${text}`));
}

/**
 * Returns a proxy that a tunnel can be opened through.
 *
 * @throws {OptionTypeError} it requires TLS, whose certificate would not be verified
 */
export function tunnelProxy(proxy: ProxySource): ProxySource {
  if (!proxy.client.url.startsWith("https:")) return proxy;
  throw new OptionTypeError(
    "proxy",
    "is an https URL, which a fetch without verification cannot use",
  );
}

/** Reports whether a list has a host: by its name, a domain, an address or a network. */
function isExcepted(host: string, list: string): boolean {
  return list.split(",").map((entry) => entry.trim().toLowerCase()).some((entry) => {
    if (entry === "") return false;
    if (entry === "*") return true;
    const [network, bits] = entry.split("/");
    if (bits !== undefined) return inNetwork(host, network!, Number(bits));
    const domain = entry.replace(/^\./, "");
    return host === bareHost(domain) || host.endsWith(`.${domain}`);
  });
}

function inNetwork(host: string, network: string, bits: number): boolean {
  const [address, base] = [host, network].map(ipv4);
  if (address === undefined || base === undefined || !(bits >= 0 && bits <= 32)) return false;
  const size = 2 ** (32 - bits);
  return Math.floor(address / size) === Math.floor(base / size);
}

function ipv4(text: string): number | undefined {
  if (!/^(\d{1,3}\.){3}\d{1,3}$/.test(text)) return undefined;
  return text.split(".").reduce((value, part) => 256 * value + Number(part), 0);
}

/**
 * `--insecure` in the command: which proxy a request takes, as the platform's client would choose it, and
 * what cannot be done without the platform's TLS.
 *
 * @module
 */

import type { DownloaderOptions } from "../../../mod.ts";
import { usageError } from "../../command_line/command_error.ts";
import { environmentVariable } from "../../command_line/process.ts";
import { parseProxyUrl } from "../../http/proxy_url.ts";
import { type InsecureFetch, openInsecureFetch } from "./insecure_fetch.ts";
import type { TunnelProxy } from "./insecure_tunnel.ts";

/**
 * Opens a `fetch` that accepts any certificate, for the options of a download. Throws a usage error for
 * what it cannot do.
 */
export function insecureFetch({ http, proxy }: DownloaderOptions): InsecureFetch {
  if (http === "http2") throw usageError("--http2 and --insecure cannot be used together");
  const chosen = proxy === undefined ? undefined : proxyOf(proxy);
  return openInsecureFetch({ proxyFor: (url) => chosen ?? environmentProxy(url) });
}

/** Returns the proxy that the environment names for requests to an https URL. */
export function environmentProxy(
  url: URL,
  variable: (name: string) => string | undefined = environmentVariable,
): TunnelProxy | undefined {
  const [text, without] = [["HTTPS_PROXY", "ALL_PROXY"], ["NO_PROXY"]].map((names) =>
    names.flatMap((name) => [name, name.toLowerCase()]).map(variable).find(Boolean)
  );
  if (text === undefined || isExcepted(bare(url.hostname), without ?? "")) return undefined;
  return proxyOf(/^[\w+.-]+:\/\//.test(text) ? text : `http://${text}`);
}

function proxyOf(text: string | URL): TunnelProxy {
  const { client } = parseProxyUrl(text);
  if (!client.url.startsWith("https:")) return client;
  throw usageError("--insecure cannot be used with a proxy whose URL is https://");
}

/** Reports whether a list of `NO_PROXY` has a host: by its name, a domain, an address or a network. */
function isExcepted(host: string, list: string): boolean {
  return list.split(",").map((entry) => entry.trim().toLowerCase()).some((entry) => {
    if (entry === "") return false;
    if (entry === "*") return true;
    const [network, bits] = entry.split("/");
    if (bits !== undefined) return inNetwork(host, network!, Number(bits));
    const domain = entry.replace(/^\./, "");
    return host === bare(domain) || host.endsWith(`.${domain}`);
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

/** Returns a host without the brackets of an IPv6 address. */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}

/**
 * Names the proxy in messages about failures: `fetch` does not say whether it failed, or the server
 * behind it.
 *
 * @module
 */

import type { ProxySource } from "../address/proxy_url.ts";

/** Proxy Authentication Required: RFC 9110 section 15.5.8. */
const PROXY_LOGIN = 407;

/** Returns what follows a failure of the network: the proxy, if there is one. */
export function throughProxy(proxy: ProxySource | false | undefined): string {
  return proxy ? ` through the proxy ${proxy.name}` : "";
}

/** Returns what is wrong with a response, with the proxy if it may have sent it. */
export function blameProxy(
  message: string,
  status: number,
  proxy: ProxySource | false | undefined,
): string {
  if (!proxy || status < 400) return message;
  if (status !== PROXY_LOGIN) return message + throughProxy(proxy);
  const refused = proxy.client.basicAuth === undefined ? "requires" : "does not accept the";
  return `the proxy ${proxy.name} ${refused} credentials (status ${status})`;
}

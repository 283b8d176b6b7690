/**
 * A `fetch` that accepts any certificate, with the options that a download has for its requests. Its
 * modules are loaded when it is opened: few need them.
 *
 * @module
 */

import { OptionTypeError, UnsupportedOptionError } from "../option_errors.ts";
import { portOf } from "../http/address/host.ts";
import type { ProxySource } from "../http/address/proxy_url.ts";
import { nodeProcess, runtimeName } from "../runtime.ts";
import type { InsecureFetch } from "../transport/insecure/fetch.ts";
import type { DownloaderOptions } from "./options/options.ts";
import {
  resolveCertificate,
  resolveConnect,
  resolveProxy,
  resolveText,
} from "./options/connection_options.ts";

/** The options of a download that {@linkcode openInsecureFetch} follows, too. */
export type InsecureFetchOptions = Pick<
  DownloaderOptions,
  "http" | "proxy" | "noProxy" | "connect" | "clientCertificate"
>;

/**
 * Opens a `fetch` for the option of that name, which accepts any certificate of an `https:` server:
 * expired, for another host, or signed by any authority. Use it only where it does not matter who answers.
 * It speaks HTTP/1.1 only, sends GET requests without a body, and follows no redirects, which a download
 * does itself. `http:` URLs are requested by the platform's `fetch`. Connections stay open until it is
 * disposed. A client certificate and the rules for connections have to be given to it, too.
 *
 * @example
 * ```ts
 * import { Downloader, openInsecureFetch } from "@x/sphttp";
 *
 * async function serve(urls: string[]): Promise<Uint8Array[]> {
 *   using insecure = await openInsecureFetch();
 *   return await Array.fromAsync(new Downloader(urls, { fetch: insecure.fetch }));
 * }
 * ```
 *
 * @throws {TypeError} it cannot follow an option: HTTP/2, or a proxy whose URL is `https:`
 * @throws {UnsupportedOptionError} in a browser, which does not allow it
 */
export async function openInsecureFetch(
  options: InsecureFetchOptions = {},
): Promise<InsecureFetch> {
  const hasSockets = typeof Deno !== "undefined" || nodeProcess() !== undefined;
  if (!hasSockets) {
    throw new UnsupportedOptionError("fetch", "Deno, Node.js or Bun", runtimeName());
  }
  if (options.http === "http2") {
    throw new OptionTypeError("http", "is http2, which needs certificates that are verified");
  }
  const [{ InsecureClient }, { proxyFor, tunnelProxy }, { Dialer }] = await Promise.all([
    import("../transport/insecure/fetch.ts"),
    import("../transport/insecure/proxy.ts"),
    import("../transport/connections/dialer.ts"),
  ]);
  const proxy: ProxySource | false | undefined = resolveProxy(options.proxy);
  if (proxy) tunnelProxy(proxy);
  const noProxy = resolveText("noProxy", options.noProxy);
  const rules = resolveConnect(options.connect, options.proxy);
  const dialer = new Dialer({ rules });
  const { cert, key } = resolveCertificate(options.clientCertificate) ?? {};
  return new InsecureClient({
    ...{ cert, key },
    dial: (host, port, signal) => dialer.dial(host, port, signal),
    proxyFor: (url) =>
      rules.apply(url.hostname, portOf(url)) ? undefined : proxyFor(url, { proxy, noProxy }),
  });
}
